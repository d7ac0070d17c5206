package web

import (
	"context"

	"sekimori/broker/ledger"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

func (s *Server) lockPerson(c *call) error {
	return lock(s, c, false, s.o.Freezer.LockPerson, s.wholePerson)
}

func (s *Server) unlockPerson(c *call) error {
	return lock(s, c, true, s.o.Freezer.UnlockPerson, s.wholePerson)
}

func (s *Server) lockVendor(c *call) error {
	return lock(s, c, false, s.o.Freezer.LockVendor, s.wholeVendor)
}

func (s *Server) unlockVendor(c *call) error {
	return lock(s, c, true, s.o.Freezer.UnlockVendor, s.wholeVendor)
}

func (s *Server) notePerson(c *call) error {
	return lock(s, c, false, s.o.Freezer.NotePerson, s.wholePerson)
}

func (s *Server) noteVendor(c *call) error {
	return lock(s, c, false, s.o.Freezer.NoteVendor, s.wholeVendor)
}

func (s *Server) wholeVendor(snap *store.Snap, id string) (Vendor, error) {
	v, err := snap.Vendor(id)
	if err != nil {
		return Vendor{}, err
	}
	out := viewVendor(v, s.o.Zone)
	return out, s.withLifts(snap, store.LockOfVendor, v.ID, out.Locked)
}

// withLifts adds how far the release of a lock has come.
func (s *Server) withLifts(snap *store.Snap, kind store.LockKind, id string, l *Lock) error {
	if l == nil {
		return nil
	}
	row, err := snap.LockInForce(kind, id)
	if err != nil {
		return err
	}
	if l.State = "locked"; len(row.Lifts) > 0 {
		l.State = "lift-one"
	}
	l.Lifts = viewLifts(row.Lifts, s)
	return nil
}

// lock stops or releases whom the path names, and shows what became of them. Unlocking gives access
// back and therefore asks for a fresh proof; locking does not, because stopping must not wait.
func lock[T any](s *Server, c *call, fresh bool, act func(ctx context.Context, id, reason string, by ledger.Actor) error, whole func(*store.Snap, string) (T, error)) error {
	var in LockBody
	if err := c.read(&in); err != nil {
		return err
	}
	if fresh {
		if err := s.fresh(c, in.Fresh); err != nil {
			return err
		}
	}
	id := c.r.PathValue("id")
	if err := act(c.r.Context(), id, in.Reason, c.actor()); err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) (T, error) { return whole(snap, id) })
}

func (s *Server) freezes(c *call) error {
	list, err := s.o.Freezer.All(c.r.Context())
	if err != nil {
		return err
	}
	return c.reply(each(list, s.viewStatus))
}

// freezeOn freezes at once, or asks for a drill, which stops nothing yet.
func (s *Server) freezeOn(c *call) error {
	var in FreezeBody
	if err := c.read(&in); err != nil {
		return err
	}
	act := s.o.Freezer.On
	if in.Drill {
		act = s.o.Freezer.AskDrill
	}
	id, err := act(c.r.Context(), policy.FreezeScope(in.Scope), in.Subject, in.Reason, c.actor())
	if err != nil {
		return err
	}
	return s.showFreeze(c, id)
}

func (s *Server) showFreeze(c *call, id string) error {
	st, err := s.o.Freezer.One(c.r.Context(), id)
	if err != nil {
		return err
	}
	return c.reply(s.viewStatus(st))
}

func (s *Server) freezeNote(c *call) error {
	var in ReasonBody
	if err := c.read(&in); err != nil {
		return err
	}
	id := c.r.PathValue("id")
	if err := s.o.Freezer.Note(c.r.Context(), id, in.Reason, c.actor()); err != nil {
		return err
	}
	return s.showFreeze(c, id)
}

func (s *Server) agreeDrill(c *call) error {
	var in DrillBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	st, err := s.o.Freezer.AgreeDrill(c.r.Context(), c.r.PathValue("id"), c.actor())
	if err != nil {
		return err
	}
	return c.reply(s.viewStatus(st))
}

func (s *Server) lift(c *call) error {
	var in LiftBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	st, err := s.o.Freezer.Lift(c.r.Context(), c.r.PathValue("id"), in.Reason, c.actor())
	if err != nil {
		return err
	}
	return c.reply(s.viewStatus(st))
}

// reviews lists what is owed, with what was signed. A head sees their own section's.
func (s *Server) reviews(c *call) error {
	f := store.ReviewFilter{Unsigned: c.r.FormValue("unsigned") == "true", Section: s.mySessions(c.person).Section}
	list, err := s.o.Reviews.List(c.r.Context(), f)
	if err != nil {
		return err
	}
	now := s.o.Clock()
	return c.reply(each(list, func(r store.Review) Review { return viewReview(r, now, s.o.Zone) }))
}

func (s *Server) seesReview(snap *store.Snap, p policy.Person, r store.Review) (bool, error) {
	if everywhere(p) {
		return true, nil
	}
	row, err := snap.Session(r.Session)
	if err != nil {
		return false, err
	}
	return s.sees(snap, p, row.System)
}

// review shows one. That somebody opened it is ledgered first (screens §2, L1).
func (s *Server) review(c *call) error {
	r, err := s.o.Reviews.Show(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	ok := false
	if err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		ok, err = s.seesReview(snap, c.person, r)
		return err
	}); err != nil {
		return err
	}
	if !ok {
		payload := map[string]string{"act": "look", "reason": string(policy.Forbidden), "what": "review"}
		if err := s.looked(c, "access.refused", []string{c.person.ID, r.Session}, payload); err != nil {
			return err
		}
		return faultNotFound()
	}
	if err := s.looked(c, "review.viewed", []string{r.Session, c.person.ID}, map[string]string{"review": c.r.PathValue("id"), "session_id": r.Session}); err != nil {
		return err
	}
	return c.reply(viewReview(r, s.o.Clock(), s.o.Zone))
}

func (s *Server) signReview(c *call) error {
	var in SignBody
	if err := c.read(&in); err != nil {
		return err
	}
	id := c.r.PathValue("id")
	if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActReview, Session: id}, "review"); err != nil {
		return err
	}
	if err := s.o.Reviews.Sign(c.r.Context(), id, review.Verdict(in.Verdict), in.Note, c.actor()); err != nil {
		return err
	}
	r, err := s.o.Reviews.Show(c.r.Context(), id)
	if err != nil {
		return err
	}
	return c.reply(viewReview(r, s.o.Clock(), s.o.Zone))
}
