package reports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// AttendanceRecord is an attendance record (立会確認書, screens §5.4) of one window. The attendant says Unexpected to OpenAlarms;
// the rest the broker fills in from what was written when it happened.
type AttendanceRecord struct {
	Window           string   `json:"window"`
	Unexpected       *bool    `json:"unexpected"` // anything that was not expected; never nil when stored
	UnexpectedDetail string   `json:"unexpected_detail"`
	Remarks          string   `json:"remarks"`
	LinesRestored    *bool    `json:"lines_restored"` // nil: the system has no line
	OpenAlarms       []string `json:"open_alarms"`    // that nobody has dealt with yet; empty: none

	Sessions         []string       `json:"sessions"`
	Attendant        string         `json:"attendant"`
	Attended         []Post         `json:"attended"` // who had the post, from when
	ProcedureVersion int            `json:"procedure_version"`
	Steps            []Step         `json:"steps"`
	IdentityMethod   string         `json:"identity_method"` // callback | none
	Identity         []Identity     `json:"identity"`
	Interventions    []Intervention `json:"interventions"`
	AttestedAt       time.Time      `json:"attested_at,omitzero"`
}

// Post is one person's time on the post.
type Post struct {
	Person string    `json:"person"`
	From   time.Time `json:"from"`
}

// Step is a step of the checklist as it was ticked.
type Step struct {
	ID     string    `json:"id"`
	Method string    `json:"method"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// The methods of an identity check.
const (
	IdentityCallback = "callback" // three digits read back on the registered telephone
	IdentityNone     = "none"     // the system asks for none
)

// Identity is one check of one engineer.
type Identity struct {
	Person  string    `json:"person"`
	Session string    `json:"session_id"`
	Matched bool      `json:"matched"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// Intervention is a pause, an extension, a cut: what happened, when, by whom, why.
type Intervention struct {
	Kind   string    `json:"kind"` // of the ledger's entry
	Entry  int64     `json:"entry_no"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

// Draft gives the record of a window as the broker would fill it in now. Error: store.ErrNotFound.
func (c *Cabinet) Draft(ctx context.Context, window string) (AttendanceRecord, error) {
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

// Attest confirms how a window was attended: by whoever had the post last, once the window is over and its sessions have ended. A
// second record corrects the first; both stay. Errors: *policy.Denied, *forms.Invalid.
func (c *Cabinet) Attest(ctx context.Context, in AttendanceRecord, by ledger.Actor) (store.AttendanceRecord, error) {
	var out store.AttendanceRecord
	err := c.act(ctx, by, func(tx *store.Tx, p policy.Person) error {
		w, err := tx.Window(in.Window)
		if err != nil {
			return fmt.Errorf("window %q: %w", in.Window, err)
		}
		sys, err := tx.System(w.System)
		if err != nil {
			return fmt.Errorf("system %s: %w", w.System, err)
		}
		if w.Attendant == "" || p.ID != w.Attendant {
			return forbidden(string(policy.Attendant))
		}
		if err := over(tx.Snap, w); err != nil {
			return err
		}
		a := AttendanceRecord{Window: w.ID, Unexpected: in.Unexpected, UnexpectedDetail: in.UnexpectedDetail, Remarks: in.Remarks, LinesRestored: in.LinesRestored,
			OpenAlarms: in.OpenAlarms}
		if err := a.check(sys); err != nil {
			return err
		}
		if err := a.fill(tx.Snap, w); err != nil {
			return err
		}
		if len(a.Sessions) == 0 {
			return problem("window", "window-not-used", "この時間枠は使われていません。確認書は要りません。", "the window was not used; it needs no record")
		}
		a.AttestedAt = tx.Now
		out = store.AttendanceRecord{Window: w.ID, Request: w.Request, System: w.System, By: p.ID, At: tx.Now}
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
			Kind: "attendance.attested", Actor: by, Subjects: append([]string{out.ID, w.ID, w.Request, w.System}, a.Sessions...),
			Payload: map[string]any{"record": out.ID, "window": w.ID, "request": w.Request, "sessions": a.Sessions, "sha256": out.SHA256,
				"unexpected": a.Unexpected, "lines_restored": a.LinesRestored, "open_alarms": len(a.OpenAlarms)},
		})
		if err != nil {
			return fmt.Errorf("ledger attendance.attested: %w", err)
		}
		return settle(tx, w.Request, by)
	})
	return out, err
}

// over: nothing is confirmed that may still happen.
func over(s *store.Snap, w store.Window) error {
	open := w.State == policy.WindowScheduled || w.State == policy.WindowAttended || w.State == policy.WindowPermitted
	if open && s.Now.Before(w.End) {
		return problem("window", "window-not-over", "時間枠が終わってから確認してください。早く終えるには window close を使います。",
			"confirm when the window is over; window close ends it early")
	}
	live, err := s.Sessions(store.SessionFilter{Window: w.ID, Live: true, Limit: 1})
	if err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	if len(live) > 0 {
		return problem("window", "session-under-way", live[0].ID+" がまだ終わっていません。", "session "+live[0].ID+" has not ended yet")
	}
	return nil
}

// maxAlarms is the most that one record names.
const maxAlarms = 100

// check looks at what the attendant says.
func (a *AttendanceRecord) check(sys store.System) error {
	if a.Unexpected == nil {
		return problem("unexpected", "unexpected-required", "予定外の操作の有無を答えてください。", "say whether anything unexpected was done")
	}
	if err := errors.Join(sayable("unexpected_detail", a.UnexpectedDetail, *a.Unexpected), sayable("remarks", a.Remarks, false)); err != nil {
		return err
	}
	switch {
	case sys.Line == policy.LineNone && a.LinesRestored != nil:
		return problem("lines_restored", "no-line", "このシステムには回線の連動がありません。", "this system has no line")
	case sys.Line != policy.LineNone && a.LinesRestored == nil:
		return problem("lines_restored", "lines-required", "回線を元に戻したかを答えてください。", "say whether the lines are restored")
	case len(a.OpenAlarms) > maxAlarms:
		return problem("open_alarms", "too-many", fmt.Sprintf("%d件までです。", maxAlarms), fmt.Sprintf("at most %d", maxAlarms))
	}
	for _, alarm := range a.OpenAlarms {
		if err := sayable("open_alarms", alarm, true); err != nil {
			return err
		}
	}
	return nil
}

// fill reads what the broker knows of the window: who attended, what was ticked, whom they called, what they did.
func (a *AttendanceRecord) fill(s *store.Snap, w store.Window) error {
	a.Attendant, a.Sessions, a.Attended, a.Steps = w.Attendant, []string{}, []Post{}, []Step{}
	if a.OpenAlarms == nil {
		a.OpenAlarms = []string{}
	}
	sessions, err := s.Sessions(store.SessionFilter{Window: w.ID, Limit: 1000})
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
			a.Steps = append(a.Steps, Step{ID: t.Step, Method: string(t.Method), By: t.By, At: t.At})
		}
	}
	return a.happened(s, w)
}

// posts: each handover names who had the post before it.
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
		a.Attended = append(a.Attended, Post{Person: h.From, From: from})
		from = h.Taken
	}
	a.Attended = append(a.Attended, Post{Person: w.Attendant, From: from})
	return nil
}
