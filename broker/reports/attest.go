package reports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// AttendanceRecord is an attendance record (立会確認書, screens §5.4) of one window. The attendant states Unexpected to OpenAlarms. The
// broker fills in the rest from entries made at the time.
type AttendanceRecord struct {
	Window           string   `json:"window"`
	Unexpected       *bool    `json:"unexpected"` // any unexpected event; never nil when stored
	UnexpectedDetail string   `json:"unexpected_detail"`
	Remarks          string   `json:"remarks"`
	LinesRestored    *bool    `json:"lines_restored"` // nil: the system has no line
	OpenAlarms       []string `json:"open_alarms"`    // alarms still open; empty: none

	Sessions         []string            `json:"sessions"`
	Attendant        string              `json:"attendant"`
	Attended         []api.AttendedPost  `json:"attended"` // the posts, each with its start
	ProcedureVersion int                 `json:"procedure_version"`
	Steps            []api.TickedStep    `json:"steps"`
	IdentityMethod   string              `json:"identity_method"` // callback | none
	Identity         []api.IdentityCheck `json:"identity"`
	Interventions    []api.Intervention  `json:"interventions"`
	AttestedAt       time.Time           `json:"attested_at,omitzero"`
}

// The methods of an identity check.
const (
	IdentityCallback = "callback" // three digits read back on the registered telephone
	IdentityNone     = "none"     // the system has no such check
)

// Draft gives the record of a window as the broker would fill it in now. Error: store.ErrNotFound.
func (c *Service) Draft(ctx context.Context, window string) (AttendanceRecord, error) {
	var a AttendanceRecord
	err := c.o.DB.Read(ctx, func(s *store.Snap) error {
		w, err := s.Window(window)
		if err != nil {
			return fmt.Errorf("window %q: %w", window, err)
		}
		a = AttendanceRecord{Window: w.ID}
		return a.fill(s, w)
	})
	return a, err
}

// Attest confirms how a window was attended. Its last attendant does, once the window is over and its sessions have ended. A second
// record corrects the first; both stay. Errors: *policy.Denied, *forms.Invalid.
func (c *Service) Attest(ctx context.Context, in AttendanceRecord, by act.Caller) (store.AttendanceRecord, error) {
	var out store.AttendanceRecord
	err := act.Do(ctx, c.o.Acts, OnWindow, attest, in.Window, by, func(tx *store.Tx, p act.Person, on onWindow) error {
		w, sys := on.Window, on.System
		a := AttendanceRecord{Window: w.ID, Unexpected: in.Unexpected, UnexpectedDetail: in.UnexpectedDetail, Remarks: in.Remarks, LinesRestored: in.LinesRestored,
			OpenAlarms: in.OpenAlarms}
		if err := a.check(sys); err != nil {
			return err
		}
		if err := a.checkLine(tx.Snap); err != nil {
			return err
		}
		if err := a.fill(tx.Snap, w); err != nil {
			return err
		}
		if len(a.Sessions) == 0 {
			return forms.Wrong("window", "window-not-used", "この時間枠は使われていません。確認書は要りません。", "the window was not used; it needs no record")
		}
		if sys.BookmarkRequired {
			if err := bookmarked(tx.Snap, w.ID); err != nil {
				return err
			}
		}
		a.AttestedAt = tx.Now
		out = store.AttendanceRecord{Window: w.ID, Request: w.Request, System: w.System, By: p.ID, At: tx.Now}
		var err error
		if out.Body, out.SHA256, err = seal(a); err != nil {
			return err
		}
		if out.ID, err = tx.NextAttendanceNo(); err != nil {
			return fmt.Errorf("number the record: %w", err)
		}
		if err := tx.AddAttendanceRecord(out); err != nil {
			return fmt.Errorf("store record: %w", err)
		}
		_, err = tx.Append(ledger.Draft{
			Kind: "attendance.attested", Actor: p.By, Subjects: append([]string{out.ID, w.ID, w.Request, w.System}, a.Sessions...),
			Payload: map[string]any{"record": out.ID, "window": w.ID, "request": w.Request, "sessions": a.Sessions, "sha256": out.SHA256,
				"unexpected": a.Unexpected, "lines_restored": a.LinesRestored, "open_alarms": len(a.OpenAlarms)},
		})
		if err != nil {
			return fmt.Errorf("ledger attendance.attested: %w", err)
		}
		return settle(tx, w.Request, p.By)
	})
	return out, err
}

// ended is over for the act.
func ended(s *store.Snap, _ policy.Person, on onWindow) error { return over(s, on.Window) }

// over refuses while the window or a session of it still runs.
func over(s *store.Snap, w store.Window) error {
	open := w.State == policy.WindowScheduled || w.State == policy.WindowAttended || w.State == policy.WindowPermitted
	if open && s.Now.Before(w.End) {
		return forms.Wrong("window", "window-not-over", "時間枠が終わってから確認してください。早く終えるには window close を使います。",
			"confirm when the window is over; window close ends it early")
	}
	live, err := s.Sessions(store.SessionFilter{Window: w.ID, Live: true, Limit: 1})
	if err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	if len(live) > 0 {
		return forms.Wrong("window", "session-under-way", live[0].ID+" がまだ終わっていません。", "session "+live[0].ID+" has not ended yet")
	}
	return nil
}

// bookmarked: the system asks for at least one bookmark in the sessions of the window.
func bookmarked(s *store.Snap, window string) error {
	for _, err := range s.Entries(store.EntryFilter{Kind: store.KindBookmarked, Subject: window}) {
		return err
	}
	return forms.Wrong("window", "bookmark-required", "このシステムの立会確認書には、目印が一つ以上必要です。この時間枠にはありません。終わった接続にも session bookmark で残せます。",
		"the attendance record of this system needs at least one bookmark; this window has none. A session that ended can still be given one: session bookmark")
}

// maxAlarms is the most that one record names.
const maxAlarms = 100

// checkLine refuses the statement that the lines are restored while the window's line is open: each step on it is an act of its own.
func (a *AttendanceRecord) checkLine(s *store.Snap) error {
	if a.LinesRestored == nil || !*a.LinesRestored {
		return nil
	}
	row, err := s.WindowLine(a.Window)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("line of %s: %w", a.Window, err)
	case row.Open():
		return forms.Wrong("lines_restored", "line-open", "台帳では回線がまだ元に戻っていません。先に line off と line back を行ってください。",
			"by the ledger the line is not restored; do line off and line back first")
	}
	return nil
}

// check checks the attendant's statements.
func (a *AttendanceRecord) check(sys store.System) error {
	if a.Unexpected == nil {
		return forms.Wrong("unexpected", "unexpected-required", "予定外の操作の有無を答えてください。", "say whether anything unexpected was done")
	}
	if err := errors.Join(sayable("unexpected_detail", a.UnexpectedDetail, *a.Unexpected), sayable("remarks", a.Remarks, false)); err != nil {
		return err
	}
	switch {
	case sys.Line == policy.LineNone && a.LinesRestored != nil:
		return forms.Wrong("lines_restored", "no-line", "このシステムには回線の連動がありません。", "this system has no line")
	case sys.Line != policy.LineNone && a.LinesRestored == nil:
		return forms.Wrong("lines_restored", "lines-required", "回線を元に戻したかを答えてください。", "say whether the lines are restored")
	case len(a.OpenAlarms) > maxAlarms:
		return forms.Wrong("open_alarms", "too-many", fmt.Sprintf("%d件までです。", maxAlarms), fmt.Sprintf("at most %d", maxAlarms))
	}
	for _, alarm := range a.OpenAlarms {
		if err := sayable("open_alarms", alarm, true); err != nil {
			return err
		}
	}
	return nil
}

// mostAttended bounds the sessions of a record. Attempts that were refused do not count.
const mostAttended = 20_000

// fill reads the broker's facts about the window: attendants, ticks, calls and interventions.
func (a *AttendanceRecord) fill(s *store.Snap, w store.Window) error {
	a.Attendant, a.Sessions, a.Attended, a.Steps = w.Attendant, []string{}, []api.AttendedPost{}, []api.TickedStep{}
	if a.OpenAlarms == nil {
		a.OpenAlarms = []string{}
	}
	sessions, err := s.Sessions(store.SessionFilter{Window: w.ID, States: []store.SessionState{store.SessionOpening, store.SessionActive, store.SessionEnded}, Limit: mostAttended})
	if err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	slices.Reverse(sessions)
	for _, v := range sessions {
		if !v.Started.IsZero() {
			a.Sessions = append(a.Sessions, v.ID)
		}
	}
	if err := a.posts(s, w); err != nil {
		return err
	}
	ticks, err := s.Ticks(w.ID)
	if err != nil {
		return fmt.Errorf("read ticks: %w", err)
	}
	for _, t := range ticks {
		a.ProcedureVersion = max(a.ProcedureVersion, t.Version)
	}
	for _, t := range ticks {
		if t.Version == a.ProcedureVersion {
			a.Steps = append(a.Steps, api.TickedStep{ID: t.Step, Method: string(t.Method), By: t.By, At: t.At})
		}
	}
	return a.happened(s, w)
}

// posts lists the attendants in order. Each handover names the one before.
func (a *AttendanceRecord) posts(s *store.Snap, w store.Window) error {
	if w.OpenedAt.IsZero() {
		return nil
	}
	all, err := s.Handovers(w.ID)
	if err != nil {
		return fmt.Errorf("read handovers: %w", err)
	}
	from := w.OpenedAt
	for _, h := range all {
		if h.Taken.IsZero() {
			continue
		}
		a.Attended = append(a.Attended, api.AttendedPost{Person: h.From, From: from})
		from = h.Taken
	}
	a.Attended = append(a.Attended, api.AttendedPost{Person: w.Attendant, From: from})
	return nil
}
