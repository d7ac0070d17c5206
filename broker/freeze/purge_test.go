package freeze_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/disposal"
	"sekimori/broker/forms"
	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A purge by hand is the rule's disposal before the clock: only of a recording whose time is over and which nothing holds, by an auditor or
// the information-systems section, with a proof.
func TestPurgeByHand(t *testing.T) {
	h, _ := open(t)
	dir := t.TempDir()
	f := freeze.New(freeze.Options{DB: h.DB, Acts: h.Runner(), Archive: disposal.New(disposal.Options{DB: h.DB, Dir: dir})})
	const old, held = "S-20251101-01", "S-20251101-02"
	for _, id := range []string{old, held} {
		worked(t, h, id, "E-0031", "V-012", "hr", "w", 400*24*time.Hour)
		if err := os.WriteFile(filepath.Join(dir, id+".skr"), []byte("sealed"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep := func(days int) {
		t.Helper()
		err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
			for _, id := range []string{old, held} {
				if _, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{id}, Payload: map[string]any{"session_id": id}}); err != nil {
					return err
				}
			}
			_, err := tx.Append(ledger.Draft{Kind: store.KindNoticeInForce, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: store.NoticeInForce{Version: 1, KeptDays: days}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	keep(30)
	stays := func(session, who string) string {
		t.Helper()
		err := f.Purge(t.Context(), session, "room", townhall.Caller(who))
		var invalid *forms.Invalid
		var denied *policy.Denied
		switch {
		case errors.As(err, &invalid):
			return invalid.Problems[0].Code
		case errors.As(err, &denied):
			return string(denied.Reason)
		case err != nil:
			t.Fatal(err)
		}
		return ""
	}
	if got := stays(old, "sakura"); got != string(policy.Forbidden) {
		t.Errorf("an attendant: %q", got)
	}
	if got := stays(old, "mori"); got != "recording-stays" {
		t.Errorf("in time: %q", got)
	}
	h.Pass(31 * 24 * time.Hour)
	if err := f.Hold(t.Context(), held, "inquiry", townhall.Caller("mori")); err != nil {
		t.Fatal(err)
	}
	if got := stays(held, "mori"); got != "recording-stays" {
		t.Errorf("held: %q", got)
	}
	if got := stays(old, "mori"); got != "" {
		t.Errorf("its time is over: %q", got)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != held+".skr" {
		t.Errorf("left %v, %v", left, err)
	}
	if got := stays(old, "mori"); got != "recording-stays" {
		t.Errorf("once more: %q", got)
	}
}
