package web

import (
	"context"

	"sekimori/broker/freeze"
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

func (s *Server) wholeVendor(snap *store.Snap, id string) (Vendor, error) {
	v, err := snap.Vendor(id)
	return viewVendor(v, s.o.Zone), err
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

func (s *Server) viewStatus(f freeze.Status) Freeze { return viewFreeze(f.Freeze, s.o.Zone) }

func (s *Server) freezeOn(c *call) error {
	var in FreezeBody
	if err := c.read(&in); err != nil {
		return err
	}
	id, err := s.o.Freezer.On(c.r.Context(), policy.FreezeScope(in.Scope), in.Subject, in.Reason, c.actor())
	if err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) (Freeze, error) {
		f, err := snap.Freeze(id)
		return viewFreeze(f, s.o.Zone), err
	})
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

func (s *Server) review(c *call) error {
	r, err := s.o.Reviews.Show(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) (Review, error) {
		ok, err := s.seesReview(snap, c.person, r)
		if err == nil && !ok {
			err = faultNotFound()
		}
		return viewReview(r, s.o.Clock(), s.o.Zone), err
	})
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
