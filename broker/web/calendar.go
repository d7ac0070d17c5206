package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"sekimori/broker/agenda"
	"sekimori/broker/api"
	"sekimori/broker/calendar"
	"sekimori/broker/fault"
	"sekimori/broker/registry"
	"sekimori/broker/view"
	"sekimori/policy"
)

// calendarRoutes are the routes of the calendar that sections share. A feed needs no token: its address is the secret.
func calendarRoutes() []route {
	return []route{
		{"GET", string(api.CalendarPath), everyStaff(), (*Server).month},
		{"GET", string(api.RulesPath), everyStaff(), single((*view.Views).Institution)},
		{"GET", string(api.ConformancePath), those(view.ReadsRules()...), single((*view.Views).Conformance)},
		{"POST", string(api.HolidaysPath), those(policy.Administrator), (*Server).holidays},
		{"GET", string(api.Feeds), everySignedIn(), listed((*view.Views).Feeds)},
		{"POST", string(api.Feeds), everySignedIn(), (*Server).createFeed},
		{"POST", api.Feeds.Pattern("id", "revoke"), everySignedIn(), (*Server).revokeFeed},
		{"GET", "/calendar/{file}", anyone(), (*Server).feed},
	}
}

// month answers with the given month, or the present one.
func (s *Server) month(c *call) error {
	t := s.o.Clock()
	if v := c.r.FormValue("month"); v != "" {
		var err error
		if t, err = time.ParseInLocation("2006-01", v, s.o.Zone); err != nil || t.Year() < 1970 || t.Year() > 2199 {
			return fault.BadRequest("月は 2026-11 のように書いてください", "write a month like 2026-11", nil)
		}
	}
	m, err := s.o.Agenda.Month(c.r.Context(), t, c.r.FormValue("section"), c.actor())
	if err != nil {
		return err
	}
	return c.reply(m)
}

func (s *Server) holidays(c *call) error {
	var in api.DaysBody
	if err := c.read(&in); err != nil {
		return err
	}
	days, err := calendar.ReadHolidays(in.Name, []byte(in.Text))
	if err != nil {
		return err
	}
	plan, err := s.o.Registry.Apply(c.r.Context(), registry.Days(in.Name, days), c.actor(), in.DryRun)
	if err != nil {
		return err
	}
	// The file lists only days. The plan need not say that the rest of the registry stays.
	kept := plan.Changes[:0]
	for _, ch := range plan.Changes {
		if ch.Action != registry.Absent {
			kept = append(kept, ch)
		}
	}
	plan.Changes = kept
	return c.reply(plan)
}

func (s *Server) createFeed(c *call) error {
	var in api.FeedBody
	if err := c.read(&in); err != nil {
		return err
	}
	var made api.Feed
	var err error
	if in.Section == "" && c.person.Kind == policy.Engineer {
		made, err = s.o.Agenda.CreateOwn(c.r.Context(), in.Lang, c.actor())
	} else {
		section := in.Section
		if section == "" {
			section = c.person.Section
		}
		made, err = s.o.Agenda.CreateSection(c.r.Context(), section, in.Lang, c.actor())
	}
	if err != nil {
		return err
	}
	return c.reply(made)
}

func (s *Server) revokeFeed(c *call) error {
	f, err := s.o.Agenda.Revoke(c.r.Context(), c.r.PathValue("id"), c.actor())
	if err != nil {
		return err
	}
	return c.reply(f)
}

// feed answers a calendar program. Any address that is not valid gets "not found".
func (s *Server) feed(c *call) error {
	secret, ok := strings.CutSuffix(c.r.PathValue("file"), ".ics")
	if !ok {
		return fault.NotFound()
	}
	text, err := s.o.Agenda.Open(c.r.Context(), secret, c.source())
	if errors.Is(err, agenda.ErrNoFeed) {
		return fault.NotFound()
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	h := c.w.Header()
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	// Private: the holder of the address sees the section's plans; no proxy may keep them.
	h.Set("Cache-Control", "private, max-age=300")
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="sekimori.ics"`)
	// ServeContent answers a matching If-None-Match with 304, and HEAD without the body.
	http.ServeContent(c.w, c.r, "", time.Time{}, bytes.NewReader(text))
	return nil
}
