package registry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

// TestLongerKeepingIsAnnouncedFirst: a rule by which recordings of a system are kept longer is confirmed fourteen days after its proposal at the
// earliest; one that keeps them shorter at once. Both take a second person.
func TestLongerKeepingIsAnnouncedFirst(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, text, "admin")
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(townhall.Draft("test.act"))
		d := townhall.Draft(store.KindNoticeInForce)
		d.Payload = store.NoticeInForce{Version: 1, KeptDays: 365}
		_, e := tx.Append(d)
		return errors.Join(err, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	rule := func(days string) string {
		t.Helper()
		return h.Apply(t, strings.Replace(text, "{id: map,", "{id: map, keep_recordings_days: "+days+",", 1), "admin").Pending
	}
	code := func(no, by string) string {
		t.Helper()
		err := confirm(t, h, no, by)
		var invalid *forms.Invalid
		if errors.As(err, &invalid) {
			return invalid.Problems[0].Code
		}
		if err != nil {
			return townhall.Reason(err)
		}
		return ""
	}
	longer := rule("366")
	var all []registry.Widening
	if err := h.DB.Read(t.Context(), func(s *store.Snap) (err error) { all, err = registry.Widenings(s); return err }); err != nil || len(all) != 1 || all[0].System != "map" || all[0].From.Recordings != 365 || all[0].To.Recordings != 366 {
		t.Errorf("announced: %+v, %v", all, err)
	}
	h.Pass(14*24*time.Hour - time.Second)
	if got := code(longer, "deputy"); got != "announced-too-short" {
		t.Errorf("a second before: %q", got)
	}
	h.Pass(time.Second)
	if got := code(longer, "admin"); got != "self-approval" {
		t.Errorf("the proposer: %q", got)
	}
	if got := code(longer, "deputy"); got != "" {
		t.Errorf("fourteen days later: %q", got)
	}
	if got := code(rule("30"), "deputy"); got != "" {
		t.Errorf("a shorter time: %q", got)
	}
}
