package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"sekimori/broker/forms"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// mySessions narrows a list to the caller's section, unless they see all.
func (s *Server) mySessions(p policy.Person) store.SessionFilter {
	if everywhere(p) {
		return store.SessionFilter{}
	}
	return store.SessionFilter{Section: p.Section}
}

func (s *Server) sessions(c *call) error {
	f := s.mySessions(c.person)
	f.Live = c.r.FormValue("live") == "true"
	return show(s, c, func(snap *store.Snap) ([]Session, error) {
		rows, err := snap.Sessions(f)
		return s.living(each(rows, func(r store.Session) Session { return viewSession(r, s.o.Zone) })), err
	})
}

// living adds to sessions what the supervisor knows and no row says: how many look on, and since when the client has not answered.
func (s *Server) living(list []Session) []Session {
	live := map[string]session.Info{}
	for _, l := range s.o.Sessions.Live() {
		live[l.ID] = l
	}
	for i := range list {
		l := live[list[i].ID]
		list[i].Watchers, list[i].NoAnswer = l.Watchers, at(l.NoAnswer, s.o.Zone)
	}
	return list
}

// session shows one. That somebody opened it is ledgered first (screens §2, L1).
func (s *Server) session(c *call) error {
	r, err := s.mySession(c, "session")
	if err != nil {
		return err
	}
	if err := s.looked(c, "session.viewed", []string{r.ID, c.person.ID}, map[string]string{"session_id": r.ID}); err != nil {
		return err
	}
	v := s.living([]Session{viewSession(r, s.o.Zone)})[0]
	if err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		people, err := snap.Subject(r.ID)
		v.Approvers, v.Attendants = people.Approvers, people.Attendants
		return err
	}); err != nil {
		return err
	}
	return c.reply(v)
}

// mySession reads the session of the path. One that the caller may not see is not found; that they tried is ledgered, with what of
// it they wanted.
func (s *Server) mySession(c *call, what string) (store.Session, error) {
	var r store.Session
	ok := everywhere(c.person)
	err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		// An attempt may have named no system; only who sees everything sees it.
		if r, err = snap.Session(c.r.PathValue("id")); err == nil && !ok && r.System != "" {
			ok, err = s.sees(snap, c.person, r.System)
		}
		return err
	})
	if err != nil || ok {
		return r, err
	}
	payload := map[string]string{"act": "look", "reason": string(policy.Forbidden), "what": what}
	if err := s.looked(c, "access.refused", []string{c.person.ID, r.ID}, payload); err != nil {
		return store.Session{}, err
	}
	return store.Session{}, faultNotFound()
}

// endSession cuts. The supervisor writes the entry, with the name of who cut.
func (s *Server) endSession(c *call) error {
	var in EndBody
	if err := c.read(&in); err != nil {
		return err
	}
	note := forms.Kept(in.Reason)
	id := c.r.PathValue("id")
	facts, err := s.mayLook(c, policy.Attempt{Act: policy.ActEnd, Session: id}, "session")
	if err != nil {
		return err
	}
	reason := policy.CutByAuthority
	for _, a := range facts.Subject.Attendants {
		if a == c.person.ID {
			reason = policy.CutByAttendant
		}
	}
	if err := s.o.Sessions.End(id, reason, c.actor(), note); err != nil {
		return err
	}
	return show(s, c, func(snap *store.Snap) (Session, error) {
		r, err := snap.Session(id)
		return viewSession(r, s.o.Zone), err
	})
}

// watch streams a live session until it ends or the watcher goes. The engineer is told.
func (s *Server) watch(c *call) error {
	id := c.r.PathValue("id")
	why, err := c.viewing()
	if err != nil {
		return err
	}
	if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActWatch, Session: id, Purpose: why.purpose}, "session"); err != nil {
		return err
	}
	// Joining first tells whether there is anything to watch; nothing is sent before the entry.
	view, stop, err := s.o.Sessions.Watch(id)
	if err != nil {
		return err
	}
	defer stop()
	var row store.Session
	if err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) (err error) {
		row, err = snap.Session(id)
		return err
	}); err != nil {
		return err
	}
	if err := s.playing(c, id, row.Created); err != nil {
		return err
	}
	if err := s.looked(c, "session.watched", []string{id, c.person.ID}, why.payload(nil)); err != nil {
		return err
	}
	defer s.streaming(c, "application/x-ndjson", lookStall)()
	e := json.NewEncoder(recordings.EscapeJSON(c.w))
	var sent error
	for sent == nil {
		f, err := view.Next(c.r.Context())
		if err != nil {
			if !errors.Is(err, io.EOF) && c.r.Context().Err() == nil {
				sent = err
			}
			break
		}
		line := playFrame(f.Frame)
		line.Lost = f.Lost
		if sent = e.Encode(line); sent == nil {
			sent = c.showNow()
		}
	}
	// The end of the look is ledgered too, also when the watcher is gone already.
	ended := *c
	ended.r = c.r.WithContext(context.WithoutCancel(c.r.Context()))
	if err := s.looked(&ended, "session.watch-ended", []string{id, c.person.ID}, why.payload(nil)); err != nil {
		return err
	}
	if sent != nil && !gone(sent) && c.r.Context().Err() == nil {
		return fmt.Errorf("watch %s: %w", id, sent)
	}
	return nil
}

// gone tells whether an error only says that the other side hung up.
func gone(err error) bool {
	return errors.Is(err, http.ErrAbortHandler) || strings.Contains(err.Error(), "broken pipe") || errors.Is(err, io.ErrClosedPipe)
}
