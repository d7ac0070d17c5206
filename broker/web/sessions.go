package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"sekimori/broker/view"
	"sekimori/recordings"
)

func (s *Server) sessions(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	asked, err := s.asked(c)
	if err != nil {
		return err
	}
	list, err := s.o.Views.Sessions(c.r.Context(), c.reader(), asked, p)
	return c.answer(list, err)
}

func (s *Server) session(c *call) error {
	v, err := s.o.Views.Session(c.r.Context(), c.reader(), c.r.PathValue("id"))
	return c.answer(v, err)
}

// summary tells what passed in a session, from its recording.
func (s *Server) summary(c *call) error {
	why, err := c.viewing()
	if err != nil {
		return err
	}
	v, err := s.o.Views.Summary(c.r.Context(), c.reader(), c.r.PathValue("id"), why, c.r.FormValue("damaged") == "true")
	return c.answer(v, err)
}

// replySession answers with the session's present state.
func (s *Server) replySession(c *call, id string) error {
	v, err := s.o.Views.SessionNow(c.r.Context(), id)
	return c.answer(v, err)
}

// watch streams a live session until it ends or the watcher leaves. The engineer is told.
func (s *Server) watch(c *call) error {
	id := c.r.PathValue("id")
	why, err := c.viewing()
	if err != nil {
		return err
	}
	if _, err := c.encoding(); err != nil {
		return err
	}
	view, err := s.o.Views.Watch(c.r.Context(), c.reader(), id, why)
	if err != nil {
		return err
	}
	c.look = &view.Look
	sent := s.sendLive(c, view)
	if err := view.End(c.r.Context()); err != nil {
		return err
	}
	if sent != nil && !gone(sent) && c.r.Context().Err() == nil {
		return fmt.Errorf("watch %s: %w", id, sent)
	}
	return nil
}

// sendLive sends what the watcher sees, until the session or the look ends.
func (s *Server) sendLive(c *call, view *view.Watching) error {
	if err := s.playing(c, view.Session, view.Created); err != nil {
		return err
	}
	defer s.streaming(c, "application/x-ndjson", lookStall)()
	e := json.NewEncoder(recordings.EscapeJSON(c.w))
	for {
		f, err := view.Next(c.r.Context())
		if err != nil {
			if errors.Is(err, io.EOF) || c.r.Context().Err() != nil {
				return nil
			}
			return err
		}
		line := playFrame(f.Frame)
		line.Lost = f.Lost
		if err := e.Encode(line); err != nil {
			return err
		}
		if err := c.showNow(); err != nil {
			return err
		}
	}
}

// gone tells whether an error only means that the other side hung up.
func gone(err error) bool {
	return errors.Is(err, http.ErrAbortHandler) || strings.Contains(err.Error(), "broken pipe") || errors.Is(err, io.ErrClosedPipe)
}
