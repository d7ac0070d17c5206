package web

import (
	"errors"

	"sekimori/broker/store"
)

// wholeRecording is a recording with what keeps it from disposal.
func (s *Server) wholeRecording(snap *store.Snap, r store.Session) (Recording, error) {
	v := viewRecording(r, s.o.Zone)
	held, err := snap.Holds(r.ID)
	if err != nil {
		return v, err
	}
	for _, h := range held {
		v.Holds = append(v.Holds, Hold{Cause: h.Cause, By: h.By, Since: at(h.Since, s.o.Zone), Reason: h.Reason, Releases: viewLifts(h.Releases, s)})
	}
	v.Held = len(held) > 0
	w, err := snap.Window(r.Window)
	if errors.Is(err, store.ErrNotFound) {
		return v, nil
	}
	v.Drill = w.Drill
	return v, err
}

// holdRecording keeps a recording that the person may see from disposal.
func (s *Server) holdRecording(c *call) error {
	var in ReasonBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.myRecording(c); err != nil {
		return err
	}
	if err := s.o.Freezer.Hold(c.r.Context(), c.r.PathValue("id"), in.Reason, c.actor()); err != nil {
		return err
	}
	return s.recording(c)
}

// releaseRecording agrees that it may go when its time has come. Two people are needed, each proved afresh.
func (s *Server) releaseRecording(c *call) error {
	var in LiftBody
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.myRecording(c); err != nil {
		return err
	}
	if err := s.fresh(c, in.Fresh); err != nil {
		return err
	}
	if _, err := s.o.Freezer.Release(c.r.Context(), c.r.PathValue("id"), in.Reason, c.actor()); err != nil {
		return err
	}
	return s.recording(c)
}

func (s *Server) myRecording(c *call) error {
	_, err := s.mySession(c, "recording")
	return err
}
