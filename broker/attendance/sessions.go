package attendance

import (
	"context"
	"errors"
	"slices"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Sessions holds the live sessions (session.Supervisor). Each method but Message and ClaimHeld writes its own entry. Error: store.ErrNotLive.
type Sessions interface {
	End(id string, reason policy.Reason, by ledger.Actor, note string) error
	Pause(ctx context.Context, id string, by ledger.Actor, note string) error
	Resume(ctx context.Context, id string, by ledger.Actor, note string) error
	Message(id, words string) error
	// ClaimHeld takes a command that waits. give must be called after; it is nil where no such command waits.
	ClaimHeld(id string, number int) (give func(policy.LiveAnswer), err error)
}

type sessionAct = act.Act[store.OnSession]

// The acts on a live session.
var (
	end = sessionAct{Spec: ofSession("end", "ID", act.Why, "接続を直ちに切る", "cut a session at once"),
		May: act.Rule[store.OnSession](policy.MayEnd), Ready: live, Refused: refusedEnd("session")}
	pause = sessionAct{Spec: ofSession("pause", "ID", act.Why, "保守要員の入力を止める(画面と時計は進む)", "hold the engineer's input back (output and clock go on)"),
		May: act.Rule[store.OnSession](policy.MayEnd), Ready: live, Refused: refusedEnd("session")}
	resume = sessionAct{Spec: ofSession("resume", "ID", act.Why, "入力を再開させる", "let the engineer's input go on"),
		May: act.Rule[store.OnSession](policy.MayResume), Ready: live, Refused: refusedEnd("resume")}
	bookmark = sessionAct{Spec: ofSession("bookmark", "SESSION", marked, "この時点、または終わった接続に、言葉を付けて目印を残す(立会者。立会確認書を出すまで)", "mark this moment, or a session that ended, with words (the attendant, until the attendance record is made)"),
		May: act.Rule[store.OnSession](policy.HadPost), Ready: markable}
	message = sessionAct{Spec: ofSession("message", "SESSION TEXT", told, "保守要員の端末に連絡を表示する(立会者)", "show a message on the engineer's terminal (the attendant)"),
		May: act.Rule[store.OnSession](policy.MayMessage), Ready: live}
)

// mark is the body of a bookmark.
type mark struct {
	Note string `json:"note"`
}

var marked = field.Table[mark]{field.Text("note", "何があったか(記録されます)", "what happened; it is ledgered", func(b *mark) *string { return &b.Note }).
	NeedIf(func(b *mark) bool { return policy.Blank(b.Note) }, "note-required", "何があったかを --note に書いてください。", "Say what happened with --note.")}

// longestMessage is how much an attendant may write to an engineer at once, in characters: a few lines of a terminal.
const longestMessage = 200

// words is the body of a message.
type words struct {
	Text string `json:"text"`
}

var told = field.Table[words]{field.Text("text", "保守要員への連絡(記録されます)", "words for the engineer; they are ledgered", func(b *words) *string { return &b.Text }).Most(longestMessage).
	NeedIf(func(b *words) bool { return policy.Blank(b.Text) }, "text-required", "連絡の文を書いてください。", "Write the message.")}

// OnSession is a session with the acts that this package offers on it.
var OnSession = act.Subject[store.OnSession]{Load: (*store.Snap).OnSession, Acts: []sessionAct{end, pause, resume, bookmark, message, allowHeld, refuseHeld, explain}}

// sessionActs are those that broker/web mounts.
func sessionActs() []act.Mount[*Service] {
	return []act.Mount[*Service]{
		act.Saying(end.Spec, (*Service).EndSession), act.Saying(pause.Spec, (*Service).Pause), act.Saying(resume.Spec, (*Service).Resume),
		act.With(bookmark.Spec, (*Service).Bookmark), act.With(message.Spec, (*Service).Message),
		act.With(allowHeld.Spec, (*Service).AllowHeld), act.With(refuseHeld.Spec, (*Service).RefuseHeld), act.With(explain.Spec, (*Service).Explain),
	}
}

// ofSession is the Spec of an act on a session. Every person may call it, so that its rule refuses and gives the reason.
func ofSession(name, operands string, fields field.Asks, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Sessions.Pattern("id", name), Command: "session " + name, Operands: operands, JA: ja, EN: en,
		Fields: fields, Callers: act.Everyone(), Shows: act.ShowsSession}
}

// live refuses acts on a session that is over.
func live(_ *store.Snap, _ policy.Person, on store.OnSession) error {
	if !on.Session.State.Live() {
		return store.ErrNotLive
	}
	return nil
}

// markable holds up a bookmark in a session that is over, unless the attendance record of its window is still to be made.
func markable(s *store.Snap, p policy.Person, on store.OnSession) error {
	if err := live(s, p, on); err == nil || on.Window.ID == "" || on.Session.Started.IsZero() {
		return err
	}
	made, err := s.AttendanceRecords(store.ReportFilter{Window: on.Window.ID, Limit: 1})
	if err == nil && len(made) > 0 {
		err = store.ErrNotLive
	}
	return err
}

// refusedEnd is the entry of a refusal, with the intended act as a word of the policy.
func refusedEnd(what string) func(act.Caller, string, error) (act.Refusal, bool) {
	return func(by act.Caller, id string, err error) (act.Refusal, bool) {
		var denied *policy.Denied
		if !errors.As(err, &denied) {
			return act.Refusal{}, false
		}
		what, word := what, string(policy.ActEnd)
		if denied.Args["role"] != string(policy.Attendant) {
			what = "session" // the person may not end it either; only MayResume asks for the attendant
		}
		return act.Refusal{Kind: "access.refused", What: word + " " + what, Why: string(denied.Reason), Subjects: []string{by.ID, id},
			Payload: map[string]string{"act": word, "reason": string(denied.Reason), "what": what}}, true
	}
}

// EndSession cuts a session at once. Errors: *policy.Denied, store.ErrNotLive.
func (a *Service) EndSession(ctx context.Context, id, reason string, by act.Caller) error {
	on, err := act.Judge(ctx, a.o.Acts, OnSession, end, id, by)
	if err != nil {
		return err
	}
	cause := policy.CutByAuthority
	if slices.Contains(on.Facts.Subject.Attendants, by.ID) {
		cause = policy.CutByAttendant
	}
	return a.o.Sessions.End(id, cause, by.Actor, forms.Kept(reason))
}

// Pause holds the engineer's input back. Errors as of EndSession.
func (a *Service) Pause(ctx context.Context, id, reason string, by act.Caller) error {
	on, err := act.Judge(ctx, a.o.Acts, OnSession, pause, id, by)
	if err == nil {
		err = a.seen(ctx, on.Window, by.Actor)
	}
	if err != nil {
		return err
	}
	return a.o.Sessions.Pause(ctx, id, by.Actor, forms.Kept(reason))
}

// Resume lets the input go on. Errors as of EndSession.
func (a *Service) Resume(ctx context.Context, id, reason string, by act.Caller) error {
	on, err := act.Judge(ctx, a.o.Acts, OnSession, resume, id, by)
	if err == nil {
		err = a.seen(ctx, on.Window, by.Actor)
	}
	if err != nil {
		return err
	}
	return a.o.Sessions.Resume(ctx, id, by.Actor, forms.Kept(reason))
}

// Bookmark marks a moment of a live session with words: the time of the entry, counted from the start in the recording's header, is the place
// in the recording. Until the attendance record is made it also marks a session that ended; the entry says so. The mount checks the note. Errors: *policy.Denied, store.ErrNotLive.
func (a *Service) Bookmark(ctx context.Context, id string, in mark, by act.Caller) error {
	on, err := act.Run(ctx, a.o.Acts, OnSession, bookmark, id, by, func(tx *store.Tx, p act.Person, on store.OnSession) (store.OnSession, error) {
		s := on.Session
		payload := map[string]any{"session_id": s.ID, "window": s.Window, "note": in.Note}
		if !s.State.Live() {
			payload["ended_at"] = s.Ended
		}
		_, err := tx.Append(ledger.Draft{Kind: store.KindBookmarked, Actor: p.By, Subjects: []string{s.ID, s.Person, s.Request, s.System, s.Window}, Payload: payload})
		return on, err
	})
	if err != nil {
		return err
	}
	if err := a.seen(ctx, on.Window, by.Actor); err != nil { // the entry stands; the caller must not make another
		a.o.Log.Error("presence_not_kept", "window", on.Window.ID, "error", err)
	}
	return nil
}

// Message shows words on the terminals of a live session, in the attendant's name. The entry comes first; the notice in the recording tells
// that the words went out to a terminal. The mount checks the words. Errors: *policy.Denied, store.ErrNotLive.
func (a *Service) Message(ctx context.Context, id string, in words, by act.Caller) error {
	on, err := act.Run(ctx, a.o.Acts, OnSession, message, id, by, func(tx *store.Tx, p act.Person, on store.OnSession) (store.OnSession, error) {
		s := on.Session
		_, err := tx.Append(ledger.Draft{Kind: "session.messaged", Actor: p.By, Subjects: []string{s.ID, s.Person, s.Request, s.System, s.Window},
			Payload: map[string]any{"session_id": s.ID, "window": s.Window, "text": in.Text}})
		return on, err
	})
	if err != nil {
		return err
	}
	if err := a.seen(ctx, on.Window, by.Actor); err != nil { // the entry stands; the caller must not make another
		a.o.Log.Error("presence_not_kept", "window", on.Window.ID, "error", err)
	}
	return a.o.Sessions.Message(id, in.Text)
}

// seen counts the post holder's act on a session as presence, also after the window's end.
func (a *Service) seen(ctx context.Context, w store.Window, by ledger.Actor) error {
	if w.ID == "" || w.Attendant != by.ID {
		return nil
	}
	var denied *policy.Denied
	if err := a.Present(ctx, w.ID, by); err != nil && !errors.As(err, &denied) {
		return err
	}
	return nil
}

// noSessions replaces a missing supervisor: nothing is live.
type noSessions struct{}

func (noSessions) End(string, policy.Reason, ledger.Actor, string) error     { return store.ErrNotLive }
func (noSessions) Pause(context.Context, string, ledger.Actor, string) error { return store.ErrNotLive }
func (noSessions) Resume(context.Context, string, ledger.Actor, string) error {
	return store.ErrNotLive
}
func (noSessions) Message(string, string) error { return store.ErrNotLive }
func (noSessions) ClaimHeld(string, int) (func(policy.LiveAnswer), error) {
	return nil, store.ErrNotLive
}
