package policy_test

import (
	"slices"
	"testing"
	"time"

	. "sekimori/policy"
)

// A connection admitted without files does not get them from another grant that came later.
func TestChannelsFollowTheGrantOfTheSession(t *testing.T) {
	f, a := admitted()
	rich := granted("R8-0125", "hr-db", "maint")
	rich.Files = FilesAllowed
	f.Grants = append(f.Grants, rich)
	a.Channel = ChannelSFTP
	if d := Decide(f, a, mid); !d.Allow || d.Grant.ID != rich.ID {
		t.Fatalf("a new connection: %+v", d)
	}
	f.Live = []LiveSession{live("S-1", "E-0031", "R8-0124-1", "hr")}
	f.Live[0].Grant = f.Grants[0].ID
	a.Session = "S-1"
	if d := Decide(f, a, mid); d.Allow || d.Reason != FeatureNotGranted {
		t.Errorf("the session of the other grant: %+v", d)
	}
}

// The order in which the store returns grants must not matter.
func TestChoiceDoesNotDependOnOrder(t *testing.T) {
	f, a := admitted()
	later := granted("R8-0130", "hr-db", "maint")
	later.Window.Start, later.Window.End = start.AddDate(0, 0, 2), end.AddDate(0, 0, 2)
	sooner := granted("R8-0129", "hr-db", "maint")
	sooner.Window.Start, sooner.Window.End = start.AddDate(0, 0, 1), end.AddDate(0, 0, 1)
	over := granted("R8-0100", "hr-db", "maint")
	over.Window.Start, over.Window.End = start.AddDate(0, 0, -9), end.AddDate(0, 0, -9)
	older := granted("R8-0090", "hr-db", "maint")
	older.Window.Start, older.Window.End = start.AddDate(0, 0, -20), end.AddDate(0, 0, -20)

	f.Grants = []Grant{over, later, sooner, older}
	for range 2 {
		if d := Decide(f, a, mid); d.Reason != TooEarly || d.Grant.ID != sooner.ID || !d.From.Equal(sooner.Window.Start.Add(-15*time.Minute)) {
			t.Errorf("got %q %s from %v", d.Reason, d.Grant.ID, d.From)
		}
		slices.Reverse(f.Grants)
	}
	f.Grants = []Grant{older, over}
	for range 2 {
		if d := Decide(f, a, mid); d.Reason != WindowOver || d.Grant.ID != over.ID {
			t.Errorf("got %q %s", d.Reason, d.Grant.ID)
		}
		slices.Reverse(f.Grants)
	}
}
