package web

import (
	"context"
	"errors"
	"slices"

	"sekimori/broker/attendance"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// stopped adds to the refusal of a start which check item stopped it, why, and what to do about it.
func stopped(err error) error {
	var stop *attendance.Stopped
	if !errors.As(err, &stop) {
		return err
	}
	item := stop.Item
	f := refusal(item.Reason, item.Args)
	name := policy.ItemName(item.Code)
	if item.Fix.JA != "" { // what the reason tells an engineer to do next is not for the attendant
		f.HintJA, f.HintEN = item.Fix.JA, item.Fix.EN
	}
	if item.Code == policy.ItemBackup {
		f.HintJA, f.HintEN = f.HintJA+"(`sekimori attend backup`。理由があれば承認者が `attend override`)", f.HintEN+" (`sekimori attend backup`; with a reason an approver may `attend override`)"
	}
	f.Details = append(f.Details, Detail{Path: item.Code, Code: "item-unmet", JA: name.JA + ": 不適合 " + item.Cause.JA, EN: name.EN + ": not met; " + item.Cause.EN})
	return f
}

func (s *Server) tick(c *call) error {
	var in TickBody
	return s.attendShown(c, &in, func(ctx context.Context, id string) error {
		return s.o.Post.Tick(ctx, id, in.Step, store.Method(in.Method), c.actor())
	})
}

func (s *Server) backup(c *call) error {
	var in BackupBody
	return s.attendShown(c, &in, func(ctx context.Context, id string) error {
		made, err := s.instant("at", in.At)
		if err != nil {
			return err
		}
		return s.o.Post.Backup(ctx, id, policy.Backup{At: made, How: policy.BackupHow(in.How), OK: in.OK}, in.Reason, c.actor())
	})
}

func (s *Server) override(c *call) error {
	var in OverrideBody
	return s.attendShown(c, &in, func(ctx context.Context, id string) error {
		if err := s.fresh(c, in.Fresh); err != nil {
			return err
		}
		return s.o.Post.Override(ctx, id, in.Item, in.Reason, c.actor())
	})
}

func (s *Server) unpermit(c *call) error {
	var in WindowBody
	return s.attend(c, &in, func(ctx context.Context, id string) error { return s.o.Post.Unpermit(ctx, id, in.Reason, c.actor()) })
}

func (s *Server) handover(c *call) error {
	var in HandoverBody
	return s.attendShown(c, &in, func(ctx context.Context, id string) error {
		return s.o.Post.Handover(ctx, id, in.Person, c.actor())
	})
}

func (s *Server) takeOver(c *call) error {
	var in WindowBody
	return s.attendShown(c, &in, func(ctx context.Context, id string) error { return s.o.Post.Take(ctx, id, c.actor()) })
}

// present is a heartbeat. It is answered with how the window stands, without the check items, so that a console needs
// no other call.
func (s *Server) present(c *call) error {
	var in PresentBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.o.Post.Present(c.r.Context(), c.r.PathValue("id"), c.actor()); err != nil {
		return err
	}
	return s.replyAttendance(c, false)
}

// attendance shows a window as its attendant looks at it, to those who see its request. That they looked is ledgered first (L1);
// a heartbeat's answer is no look of its own.
func (s *Server) attendance(c *call) error {
	w, err := s.o.Desk.Window(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.mineToSee(c, w.Request); err != nil {
		return err
	}
	if err := s.looked(c, "window.viewed", []string{w.ID, w.Request, c.person.ID}, map[string]string{"window": w.ID}); err != nil {
		return err
	}
	return s.replyAttendance(c, true)
}

// attendShown reads the body, acts, and shows the window as its attendant looks at it.
func (s *Server) attendShown(c *call, in any, act func(context.Context, string) error) error {
	if err := c.read(in); err != nil {
		return err
	}
	if err := act(c.r.Context(), c.r.PathValue("id")); err != nil {
		return stopped(err)
	}
	return s.replyAttendance(c, false)
}

func (s *Server) replyAttendance(c *call, items bool) error {
	shown, err := s.o.Post.Show(c.r.Context(), c.r.PathValue("id"), items)
	if err != nil {
		return err
	}
	v := viewAttendance(shown, s.o.Zone)
	v.Sessions = s.living(v.Sessions)
	if shown.Window.Attendant == c.person.ID && len(shown.Checks) > 0 {
		if v.Calls, err = s.identityCalls(c.r.Context(), shown.Window.ID); err != nil {
			return err
		}
	}
	return c.reply(v)
}

func (s *Server) pauseSession(c *call) error {
	return s.holdSession(c, s.mayHold, func(ctx context.Context, id, reason string) error {
		return s.o.Sessions.Pause(ctx, id, c.actor(), reason)
	})
}

// resumeSession lets input go on. Of the attendant it is a sign of presence too.
func (s *Server) resumeSession(c *call) error {
	return s.holdSession(c, s.mayLetGoOn, func(ctx context.Context, id, reason string) error {
		return s.o.Sessions.Resume(ctx, id, c.actor(), reason)
	})
}

// holdSession asks whether the caller may, notes the attendant's presence, and acts.
func (s *Server) holdSession(c *call, may func(c *call, id string) (policy.Facts, error), act func(ctx context.Context, id, reason string) error) error {
	var in PauseBody
	if err := c.read(&in); err != nil {
		return err
	}
	id, ctx := c.r.PathValue("id"), c.r.Context()
	facts, err := may(c, id)
	if err != nil {
		return err
	}
	if err := s.seenAttending(ctx, id, c.actor(), facts); err != nil {
		return err
	}
	if err := act(ctx, id, forms.Kept(in.Reason)); err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) (Session, error) {
		r, err := snap.Session(id)
		return viewSession(r, s.o.Zone), err
	})
}

// mayHold: who may end the session may stop its input.
func (s *Server) mayHold(c *call, id string) (policy.Facts, error) {
	return s.mayLook(c, policy.Attempt{Act: policy.ActEnd, Session: id}, "session")
}

// mayLetGoOn: of those who may end it, the one who has the post, and who may by a role. Who had the post before a handover may still stop;
// what the one who has it now stopped goes on without them.
func (s *Server) mayLetGoOn(c *call, id string) (policy.Facts, error) {
	facts, err := s.mayHold(c, id)
	if err != nil {
		return facts, err
	}
	w, err := s.windowOf(c.r.Context(), id)
	if err != nil || w.Attendant == c.person.ID {
		return facts, err
	}
	byRole, subject := facts, *facts.Subject
	subject.Attendants = nil
	byRole.Subject = &subject
	if d := policy.Decide(byRole, policy.Attempt{Act: policy.ActEnd, Person: c.person.ID, Key: true, Factor: true}, s.o.Clock()); !d.Allow {
		d.Args = map[string]string{"role": string(policy.Attendant)}
		return facts, s.lookRefused(c, policy.ActEnd, "resume", facts, d)
	}
	return facts, nil
}

// windowOf is the window of a session; zero where the session has none.
func (s *Server) windowOf(ctx context.Context, session string) (w store.Window, err error) {
	err = s.o.DB.Read(ctx, func(snap *store.Snap) error {
		row, err := snap.Session(session)
		if err == nil && row.Window != "" {
			w, err = snap.Window(row.Window)
		}
		return err
	})
	return w, err
}

// seenAttending counts an act on a session as presence, where it is that of the one who has the post.
func (s *Server) seenAttending(ctx context.Context, session string, by ledger.Actor, facts policy.Facts) error {
	if !slices.Contains(facts.Subject.Attendants, by.ID) {
		return nil
	}
	w, err := s.windowOf(ctx, session)
	if err != nil || w.Attendant != by.ID {
		return err // who attended before a handover may still stop, but is not there for the window any more
	}
	var denied *policy.Denied
	if err := s.o.Post.Present(ctx, w.ID, by); err != nil && !errors.As(err, &denied) {
		return err
	}
	return nil
}
