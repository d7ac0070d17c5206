package view

import (
	"context"
	"errors"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/freeze"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// sightOfSessions is the person's sight of sessions now.
func sightOfSessions(s *store.Snap, p policy.Person) (policy.Sight, error) {
	standsIn, err := s.StandsInFor(p.ID)
	return policy.SeeSessions(p, standsIn), err
}

// Sessions lists the sessions that the person sees: live ones first, then the newest.
func (v *Views) Sessions(ctx context.Context, by Reader, asked SessionsAsked, p Page) (out api.List[api.Session], err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		sight, err := sightOfSessions(s, by.Person)
		if err != nil {
			return err
		}
		page, err := s.SessionPage(asked.filter(s, &sight), p)
		out = listed(page, func(r store.Session) api.Session { return Session(r, v.o.Zone) })
		return err
	})
	v.Living(out.Items)
	return out, err
}

// Living adds to sessions what no row holds: the number of watchers, and the times since which the client has not answered and the recording
// lags.
func (v *Views) Living(list []api.Session) {
	live := map[string]session.Info{}
	for _, l := range v.o.Sessions.Live() {
		live[l.ID] = l
	}
	for i := range list {
		living(&list[i], live[list[i].ID], v.o.Zone)
	}
}

func living(one *api.Session, l session.Info, z *time.Location) {
	one.Watchers, one.NoAnswer, one.Masked = l.Watchers, At(l.NoAnswer, z), max(one.Masked, l.Masked)
	if l.Behind.IsZero() || one.EndCause != "" {
		return
	}
	one.Behind = At(l.Behind, z)
	if one.State == string(api.SessionActive) {
		one.State = string(api.SessionPaused)
	}
}

// waiting adds the commands that wait for the attendant.
func (v *Views) waiting(one *api.Session) {
	for _, h := range v.o.Sessions.Held(one.ID) {
		one.Held = append(one.Held, api.HeldCommand{Number: h.Number, Line: recordings.Visible(h.Line), Exec: h.Exec, Rule: h.Rule, Until: At(h.Until, v.o.Zone)})
	}
}

// Session shows one. The look is ledgered (L1). Errors: store.ErrNotFound, also for a session that the person does not see.
func (v *Views) Session(ctx context.Context, by Reader, id string) (api.Session, error) {
	var out api.Session
	answers := false
	err := v.see(ctx, by, id, "session", sightOfSessions, func(s *store.Snap, r store.Session) error {
		people, err := s.Subject(r.ID)
		out = Session(r, v.o.Zone)
		if err != nil {
			return err
		}
		if w, err := s.Window(r.Window); err == nil {
			answers = policy.SeesHeld(by.Person, w.Window)
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if policy.SeesTargets(by.Person) {
			if out.Line, err = v.sessionLine(s, r); err != nil {
				return err
			}
			if err := verifiedEnd(s, &out); err != nil {
				return err
			}
			if out.Ruled, out.RuledMore, err = v.ruledCommands(s, r.ID); err != nil {
				return err
			}
			if out.Files, err = sessionFiles(s, r); err != nil {
				return err
			}
		}
		if r.Recording != "" {
			one, err := v.recording(s, r)
			if err != nil {
				return err
			}
			if !policy.SeeRecords(by.Person).Nothing() {
				one.Offers = freeze.OnRecording.Offers(s, by.Person, r.ID)
			}
			out.Recording = &one
		}
		out.Approvers, out.Attendants = people.Approvers, people.Attendants
		out.Offers = attendance.OnSession.Offers(s, by.Person, id)
		return nil
	})
	if err == nil {
		err = v.Looked(ctx, by, "session.viewed", []string{id, by.ID}, map[string]string{"session_id": id})
	}
	if err != nil {
		return api.Session{}, err
	}
	list := []api.Session{out}
	v.Living(list)
	if answers {
		v.waiting(&list[0])
	}
	return list[0], nil
}

// SessionNow shows a session as an act left it, without an entry about a look.
func (v *Views) SessionNow(ctx context.Context, id string) (out api.Session, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := s.Session(id)
		out = Session(r, v.o.Zone)
		return err
	})
	list := []api.Session{out}
	v.Living(list)
	return list[0], err
}

// SeeRecording reads a session as the session of a recording, and calls read (nil: nothing), in one snapshot. A session that the person does
// not see does not exist for them. The attempt is ledgered.
func (v *Views) SeeRecording(ctx context.Context, by Reader, id string, read func(*store.Snap, store.Session) error) error {
	return v.see(ctx, by, id, "recording", func(_ *store.Snap, p policy.Person) (policy.Sight, error) { return policy.SeeRecords(p), nil }, read)
}

// see reads a session within a sight. what names the part that the person wanted.
func (v *Views) see(ctx context.Context, by Reader, id, what string, sight func(*store.Snap, policy.Person) (policy.Sight, error), read func(*store.Snap, store.Session) error) error {
	sees := false
	err := v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := s.Session(id)
		if err != nil {
			return err
		}
		within, err := sight(s, by.Person)
		if err != nil {
			return err
		}
		o, err := s.Owner(r.System, r.Vendor)
		if sees = within.Sees(o); err != nil || !sees || read == nil {
			return err
		}
		return read(s, r)
	})
	if err == nil && !sees {
		err = v.hidden(ctx, by, what, id)
	}
	return err
}

// Recordings lists the recordings, in the order of Sessions. Those that are due for disposal are a list of their own, the oldest first.
func (v *Views) Recordings(ctx context.Context, by Reader, asked SessionsAsked, p Page) (out api.List[api.Recording], err error) {
	sight := policy.SeeRecords(by.Person)
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		f := asked.filter(s, &sight)
		f.Recorded = true
		if asked.Due {
			if f.Due, err = s.DueEnds(); err != nil {
				return err
			}
		}
		page, err := s.SessionPage(f, p)
		out = listed(page, func(r store.Session) api.Recording {
			one, failed := v.recording(s, r)
			err = errors.Join(err, failed)
			return one
		})
		return err
	})
	return out, err
}

// Recording shows a recording's row without playing it. Errors as of Session.
func (v *Views) Recording(ctx context.Context, by Reader, id string) (out api.Recording, err error) {
	err = v.SeeRecording(ctx, by, id, func(s *store.Snap, r store.Session) (err error) {
		out, err = v.recording(s, r)
		out.Offers = freeze.OnRecording.Offers(s, by.Person, r.ID)
		return err
	})
	return out, err
}

// recording is a recording with the holds that keep it from disposal.
func (v *Views) recording(s *store.Snap, r store.Session) (api.Recording, error) {
	out := Recording(r, v.o.Zone)
	held, err := s.Holds(r.ID)
	if err != nil {
		return out, err
	}
	for _, h := range held {
		out.Holds = append(out.Holds, api.Hold{Cause: h.Cause, By: h.By, Since: At(h.Since, v.o.Zone), Reason: h.Reason, Releases: Lifts(h.Releases, v.o.Zone)})
	}
	out.Held = len(held) > 0
	if err := v.keeping(s, r, &out); err != nil {
		return out, err
	}
	w, err := s.Window(r.Window)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	out.Drill = w.Drill
	return out, err
}

// Session gives a stored session as the API shows it.
func Session(s store.Session, z *time.Location) api.Session {
	out := api.Session{
		ID: s.ID, State: sessionState(s), Engineer: s.Person, Vendor: s.Vendor, Request: s.Request, Window: s.Window,
		System: s.System, Target: s.Target, Account: s.Account, Fingerprint: s.Fingerprint, Factor: s.Factor,
		EndCause: string(s.Reason), EndNumber: s.Reason.Number(), Detail: s.Detail, EndedBy: s.By,
		Created: At(s.Created, z), Started: At(s.Started, z), Ended: At(s.Ended, z), Until: At(s.Until, z), Seconds: s.Connected().Truncate(time.Millisecond).Seconds(),
		Recorded: s.Recording != "", RecordingSum: s.RecordingSum, RecordingSize: s.RecordingSize, ClientVersion: s.ClientVersion,
		Masked: s.MaskedCount, MaskedUnknown: s.Masked && s.MaskedCount == 0 && !s.State.Live(),
	}
	if s.Source.IsValid() {
		out.Source = s.Source.String()
	}
	if s.State.Live() {
		out.Paused, out.PausedBy = At(s.Paused, z), s.PausedBy
	}
	return out
}

// sessionState is the state shown to people (screens §6).
func sessionState(s store.Session) string {
	switch {
	case s.State == store.SessionActive && !s.Paused.IsZero():
		return string(api.SessionPaused)
	case s.State != store.SessionEnded:
		return string(s.State)
	case s.Reason == policy.EndedByEngineer || s.Reason == policy.WindowEnded || s.Reason == policy.WindowWasClosed:
		return string(api.SessionEndedOK)
	}
	return string(api.SessionEndedEarly)
}

// Recording gives the stored values of a session's recording.
func Recording(s store.Session, z *time.Location) api.Recording {
	out := api.Recording{
		Session: s.ID, State: string(api.RecordingNone), Engineer: s.Person, System: s.System, Target: s.Target, Account: s.Account,
		Started: At(s.Started, z), Ended: At(s.Ended, z), Size: s.RecordingSize, SHA256: s.RecordingSum,
	}
	switch {
	case s.RecordingSum != "":
		out.State = string(api.RecordingSealed)
	case s.Recording != "" && s.State == store.SessionEnded:
		out.State = string(api.RecordingGap)
	case s.Recording != "":
		out.State = string(api.RecordingRunning)
	}
	return out
}
