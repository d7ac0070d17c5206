package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"sekimori/broker/api"
	"sekimori/broker/correction"
	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func (s *Server) entries(c *call) error {
	asked := view.EntriesAsked{Kind: c.r.FormValue("kind"), Subject: c.r.FormValue("subject")}
	limit, err := c.limit(100)
	if err != nil {
		return err
	}
	if v := cmp.Or(c.r.FormValue("next"), c.r.FormValue("before")); v != "" { // entries are paged by their number
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return fault.BadRequest("before と next は番号です", "before and next are numbers", nil)
		}
		asked.Before, asked.None = n, n == 0
	}
	list, err := s.o.Views.Entries(c.r.Context(), c.reader(), asked, limit)
	return c.answer(list, err)
}

func (s *Server) entry(c *call) error {
	n, err := c.number("no")
	if err != nil {
		return err
	}
	v, err := s.o.Views.Entry(c.r.Context(), c.reader(), n)
	return c.answer(v, err)
}

// replyEntry shows an entry after an act on it.
func (s *Server) replyEntry(c *call, id string) error {
	n, err := correction.Number(id)
	if err != nil {
		return err
	}
	v, err := s.o.Views.EntryNow(c.r.Context(), n)
	return c.answer(v, err)
}

// exportLedger streams the whole ledger. The entry about the export is committed first and is part
// of the export.
func (s *Server) exportLedger(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActLedgerExport, Purpose: why.Purpose}, "ledger"); err != nil {
		return err
	}
	end := func() {}
	defer func() { end() }()
	return s.o.Views.ExportLedger(c.r.Context(), c.reader(), why, func() io.Writer {
		end = s.streaming(c, "application/jsonl", takeStall)
		return c.w
	})
}

// proof sends the proof of a session's end. The entry about it is committed first.
func (s *Server) proof(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	proof, err := s.o.Views.ProveEnd(c.r.Context(), c.reader(), c.r.PathValue("id"), why.Purpose, why.Explanation)
	if err != nil {
		return err
	}
	defer s.streaming(c, "text/plain; charset=utf-8", takeStall)()
	if _, err := c.w.Write(proof); err != nil {
		return fmt.Errorf("send the proof: %w", err)
	}
	return nil
}

// verifyLedger reads the whole ledger, entry by entry. Only one runs at a time: all staff may ask for it, and
// it holds a snapshot until it ends.
func (s *Server) verifyLedger(c *call) error {
	select {
	case s.verifying <- struct{}{}:
		defer func() { <-s.verifying }()
	case <-c.r.Context().Done():
		return context.Cause(c.r.Context())
	}
	var v api.LedgerCheck
	err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		if err := snap.VerifyLedger(nil, nil); err != nil {
			if c.r.Context().Err() != nil {
				return err
			}
			v.Place, v.PlaceJA = err.Error(), err.Error()
			var damage *store.Damage
			if errors.As(err, &damage) {
				v.Place, v.PlaceJA = damage.Text.EN, damage.Text.JA
			}
		} else {
			v.OK = true
		}
		var err error
		if v.Entries, err = snap.LedgerSize(); err != nil {
			return err
		}
		note, err := snap.LatestCheckpoint()
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		head, err := ledger.ReadCheckpoint(note)
		if err != nil {
			v.OK, v.Place, v.PlaceJA = false, "checkpoint: "+err.Error(), "確定点が読めません: "+err.Error()
			return nil
		}
		v.Root = head.Root.String()
		return nil
	})
	if err != nil {
		return err
	}
	found := view.Verified{State: view.LedgerVerified, Entries: v.Entries, Place: text.Of(v.PlaceJA, v.Place)}
	if !v.OK {
		found.State = view.LedgerMismatch
	}
	// A ledger that does not hold may take no further entry; the person is told all the same.
	if err := s.o.Views.EnterVerified(c.r.Context(), ledger.Actor{Kind: "person", ID: c.person.ID, Via: c.reader().Via}, found); err != nil && v.OK {
		return err
	}
	return c.reply(v)
}

func (s *Server) checkpoint(c *call) error {
	note, _, err := s.o.Views.HandOut(c.r.Context(), 0)
	return c.answer(api.CheckpointReply{Checkpoint: string(note), Key: s.o.Ring.LedgerVerifierKey()}, err)
}

func (s *Server) ledgerPolicy(c *call) error {
	return c.reply(api.PolicyReply{Policy: s.o.Views.Policy()})
}

// mayLook asks whether the caller may look, and keeps the attempt in c.look: a long answer asks again.
func (s *Server) mayLook(c *call, a policy.Attempt, what string) (policy.Facts, error) {
	facts, err := s.o.Views.May(c.r.Context(), c.reader(), a, what)
	if err == nil {
		a.Person, a.Key, a.Factor = c.person.ID, true, true
		c.look = &a
	}
	return facts, err
}

// looked writes the entry about an opening. The entry is committed when looked returns.
func (s *Server) looked(c *call, kind string, subjects []string, payload any) error {
	return s.o.Views.Looked(c.r.Context(), c.reader(), kind, subjects, payload)
}

func (s *Server) status(c *call) error {
	v := s.o.Status()
	var err error
	if v.EmptyRegistry, err = s.emptyRegistry(c.r.Context()); err != nil {
		return err
	}
	return c.reply(v)
}

func (s *Server) notice(c *call) error {
	n, err := s.o.Views.Notice(c.r.Context(), s.o.Notice)
	if err != nil {
		return err
	}
	return c.reply(n)
}
