package sealing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"

	"filippo.io/age"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

func auditor(t *testing.T) (*age.HybridIdentity, string) {
	t.Helper()
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id, id.Recipient().String()
}

func (v *vault) ask(in api.AccessBody, by string) store.Access {
	v.t.Helper()
	in.Holder, in.Reason = "外部の監査人", "年次の監査"
	a, err := v.k.Ask(v.t.Context(), "", in, townhall.Caller(by))
	if err != nil {
		v.t.Fatal(err)
	}
	return a
}

func TestEarlierRecordingsOpenToAnAuditorsKeyAfterTwoPeopleAgreed(t *testing.T) {
	v := newVault(t)
	all := []string{"S-20261124-01", "S-20261124-02", "S-20261124-03"}
	for _, session := range all {
		v.record(session)
	}
	id, public := auditor(t)
	opened := func() (open []string) {
		for _, session := range all {
			if v.opens(session, id) {
				open = append(open, session)
			}
		}
		return open
	}
	a := v.ask(api.AccessBody{Recipient: public, Sessions: []string{all[1], all[0], all[1]}}, "mori")
	if got := opened(); got != nil {
		t.Fatalf("open before a second person agreed: %v", got)
	}
	v.want("given by the same person", v.k.Give(t.Context(), a.ID, townhall.Caller("mori")), "self-approval")
	v.want("given by the section", v.k.Give(t.Context(), a.ID, townhall.Caller("head")), "forbidden")
	v.want("given without a proof", v.k.Give(t.Context(), a.ID, townhall.Unproven("deputy")), act.ErrProofNeeded.Error())
	v.want("give", v.k.Give(t.Context(), a.ID, townhall.Caller("deputy")), "")
	v.want("given twice", v.k.Give(t.Context(), a.ID, townhall.Caller("deputy")), "already-decided")
	if got := opened(); !slices.Equal(got, all[:2]) {
		t.Fatalf("open: %v", got)
	}
	if got := v.h.Kinds(t, all[0]); !slices.Contains(got, "recording.access-given") {
		t.Errorf("the ledger tells %v of the session", got)
	}
	if got := v.h.Kinds(t, a.ID); got[len(got)-1] != "recording.access-written" {
		t.Errorf("the ledger tells %v of the access", got)
	}
	// All recordings, among them two that are open already. The end of one access takes nothing from the other.
	whole := v.ask(api.AccessBody{Recipient: public, All: true}, "admin")
	v.want("give all", v.k.Give(t.Context(), whole.ID, townhall.Caller("deputy")), "")
	v.want("end the first", v.k.End(t.Context(), a.ID, because, townhall.Caller("mori")), "")
	if got := opened(); !slices.Equal(got, all) {
		t.Errorf("open: %v", got)
	}
	v.want("end the second", v.k.End(t.Context(), whole.ID, because, townhall.Caller("mori")), "")
	if got := opened(); got != nil {
		t.Errorf("open after the end: %v", got)
	}
	v.want("ended twice", v.k.End(t.Context(), whole.ID, because, townhall.Caller("mori")), "already-decided")
	for _, session := range all {
		if _, err := os.Stat(v.path(session) + recordings.KeysSuffix); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("remains of %s: %v", session, err)
		}
	}
}

func TestAnAccessIsRefused(t *testing.T) {
	v := newVault(t)
	v.record("S-20261124-01")
	id, public := auditor(t)
	a := v.ask(api.AccessBody{Recipient: public, All: true}, "mori")
	v.want("dropped by another", v.k.Refuse(t.Context(), a.ID, because, townhall.Caller("kato")), "forbidden")
	v.want("dropped", v.k.Refuse(t.Context(), a.ID, because, townhall.Caller("mori")), "")
	v.want("given afterwards", v.k.Give(t.Context(), a.ID, townhall.Caller("deputy")), "already-decided")
	if v.opens("S-20261124-01", id) {
		t.Error("it opens")
	}
}

func TestAnAccessIsAskedForWithMistakes(t *testing.T) {
	v := newVault(t)
	v.record("S-20261124-01")
	id, public := auditor(t)
	for _, c := range []struct {
		code string
		in   api.AccessBody
	}{
		{"not-a-recipient", api.AccessBody{Recipient: id.String(), All: true}},
		{"not-a-recipient", api.AccessBody{Recipient: "ssh-ed25519 AAAA", All: true}},
		{"which-sessions", api.AccessBody{Recipient: public}},
		{"which-sessions", api.AccessBody{Recipient: public, All: true, Sessions: []string{"S-20261124-01"}}},
		{"no-recording", api.AccessBody{Recipient: public, Sessions: []string{"S-20261124-01", "S-20261124-99"}}},
		{"too-many", api.AccessBody{Recipient: public, Sessions: numbers(mostSessions + 1)}},
	} {
		_, err := v.k.Ask(t.Context(), "", c.in, townhall.Caller("mori"))
		var wrong *forms.Invalid
		if !errors.As(err, &wrong) || wrong.Problems[0].Code != c.code {
			t.Errorf("%s: %v", c.code, err)
		}
	}
	if _, err := v.k.Ask(t.Context(), "", api.AccessBody{Recipient: public, All: true}, townhall.Caller("ito")); townhall.Reason(err) != string(policy.Forbidden) {
		t.Errorf("asked by the attendant: %v", err)
	}
}

func numbers(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("S-20261124-%04d", i))
	}
	return all
}

// The broker dies after the second person agreed, with some of the keys files written. The next run writes the others.
func TestKilledWhileKeysFilesAreWritten(t *testing.T) {
	v := newVault(t)
	all := []string{"S-20261124-01", "S-20261124-02", "S-20261124-03"}
	for _, session := range all {
		v.record(session)
	}
	id, public := auditor(t)
	a := v.ask(api.AccessBody{Recipient: public, All: true}, "mori")
	dead, kill := context.WithCancel(t.Context())
	v.k.o.FS = dyingFS{recordings.OS(), kill}
	if err := v.k.Give(dead, a.ID, townhall.Caller("deputy")); err != nil {
		t.Fatal(err)
	}
	if !v.opens(all[0], id) || v.opens(all[2], id) {
		t.Fatal("the broker was to die after the first file")
	}
	if err := os.Remove(v.path(all[1])); err != nil { // disposed of meanwhile
		t.Fatal(err)
	}
	v.start()
	if err := v.k.WriteKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !v.opens(all[2], id) {
		t.Error("the last recording does not open")
	}
	n := len(v.h.Kinds(t, ""))
	if err := v.k.WriteKeys(t.Context()); err != nil || len(v.h.Kinds(t, "")) != n {
		t.Errorf("written again: %v", err)
	}
}

// dyingFS ends the run with its first renamed file.
type dyingFS struct {
	recordings.FS
	kill func()
}

func (d dyingFS) Rename(old, fresh string) error {
	d.kill()
	return d.FS.Rename(old, fresh)
}
