package view_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/recordings"
)

// worked is an archive with a session on a terminal: two lines typed one after the other, a file, a pause, and nine minutes of silence.
func worked(t *testing.T) *archive {
	t.Helper()
	return newArchive(t, func(w *recordings.Writer, pass func(time.Duration)) {
		shown := func(pieces ...string) {
			for _, p := range pieces {
				if err := w.Data(0, recordings.Stdout, []byte(p)); err != nil {
					t.Fatal(err)
				}
			}
		}
		event := func(channel uint32, kind string, body any) {
			if err := w.Event(channel, kind, body); err != nil {
				t.Fatal(err)
			}
		}
		event(0, recordings.EventOpen, recordings.Opened{Type: "session"})
		event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 80, Rows: 24})
		event(0, recordings.EventShell, nil)
		shown("$ ", "ls", "\r\na b\r\n$ ", "cat 障害.txt", "\r\nno such file\r\n$ ")
		pass(9 * time.Minute)
		event(recordings.SessionChannel, recordings.EventPause, recordings.Pause{By: "U-012", Reason: "確認"})
		event(0, recordings.EventRule, recordings.Rule{Rule: "rm *", Effect: "warn", Line: "rm x"})
		shown("rm x", "\r\n")
	})
}

func TestSummaryGathersWhatFollows(t *testing.T) {
	t.Parallel()
	a := worked(t)
	for _, indexed := range []bool{false, true} { // from the recording, and from its index
		got, err := a.views.Summary(t.Context(), a.reader("mori"), a.id, review, false)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, s := range got.Steps {
			said = append(said, s.Say().JA)
		}
		want := "シェル開始、端末 80x24 xterm|打ち込んだ行(端末の表示) 2件|無操作 9分0秒|一時停止(U-012: 確認)|警告: rm x(規則「rm *」)|rm x"
		if all := strings.Join(said, "|"); !strings.HasPrefix(all, want) {
			t.Errorf("indexed %v: %s", indexed, all)
		}
		if m := got.Steps[1].Marks; m[1].JA != "cat 障害.txt" || got.Steps[1].At().After(got.Steps[1].Until()) {
			t.Errorf("%+v", m)
		}
		if got.IdleMS < 9*60_000 || got.AidJA != api.SaidAid.JA || !strings.Contains(got.Say().EN, "Idle for 9 min") || !strings.Contains(got.Say().JA, "コマンド 1件、打ち込んだ行(端末の表示) 3件、命令の決まり 1件、一時停止 1件") {
			t.Errorf("%s / %s", got.Say().JA, got.Say().EN)
		}
	}
}

// A look without a purpose, and one by a person who may not play the recording, read nothing; the look itself has its entry.
func TestSummaryNeedsAPurposeAndTheRight(t *testing.T) {
	t.Parallel()
	a := worked(t)
	for login, purpose := range map[string]string{"mori": "", "kato": "periodic-review"} {
		var denied *policy.Denied
		if got, err := a.views.Summary(t.Context(), a.reader(login), a.id, view.Why{Purpose: purpose}, false); !errors.As(err, &denied) || len(got.Steps) > 0 {
			t.Errorf("%s for %q: %v %v", login, purpose, got.Steps, err)
		}
	}
	looks := func() (n int) {
		if err := a.DB.Read(t.Context(), func(s *store.Snap) error {
			for e, err := range s.Entries(store.EntryFilter{Kind: ledger.KindViewed}) {
				if err != nil {
					return err
				}
				if strings.Contains(string(e.Payload), `"scope":"summary"`) {
					n++
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := looks(); n != 0 {
		t.Errorf("%d looks", n)
	}
	if _, err := a.views.Summary(t.Context(), a.reader("mori"), a.id, review, false); err != nil || looks() != 1 {
		t.Errorf("%v, %d looks", err, looks())
	}
	if _, err := a.views.Summary(t.Context(), a.reader("mori"), "S-20200101-01", review, false); err == nil {
		t.Error("a session that is none has a summary")
	}
}
