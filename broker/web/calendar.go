package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sekimori/broker/agenda"
	"sekimori/broker/calendar"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// FeedBody makes a feed: of a section, or without one of whoever asks, an engineer.
type FeedBody struct {
	Section string `json:"section,omitempty"`
	Lang    string `json:"lang"`
}

// DaysBody is the institution's own list of days as CSV.
type DaysBody struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	DryRun bool   `json:"dry_run,omitempty"`
}

// calendarRoutes are the calendar that sections share. The feed itself needs no token: its address is the secret.
func calendarRoutes() []route {
	return []route{
		{"GET", "/v1/calendar", everyStaff(), (*Server).month},
		{"GET", "/v1/calendar/rules", everyStaff(), (*Server).institution},
		{"POST", "/v1/calendar/holidays", those(policy.Administrator), (*Server).holidays},
		{"GET", "/v1/calendar/feeds", everySignedIn(), (*Server).feeds},
		{"POST", "/v1/calendar/feeds", everySignedIn(), (*Server).createFeed},
		{"POST", "/v1/calendar/feeds/{id}/revoke", everySignedIn(), (*Server).revokeFeed},
		{"GET", "/calendar/{file}", anyone(), (*Server).feed},
	}
}

// month answers with the month asked for, or the present one.
func (s *Server) month(c *call) error {
	t := s.o.Clock()
	if v := c.r.FormValue("month"); v != "" {
		var err error
		if t, err = time.ParseInLocation("2006-01", v, s.o.Zone); err != nil || t.Year() < 1970 || t.Year() > 2199 {
			return faultBadRequest("月は 2026-11 のように書いてください", "write a month like 2026-11", nil)
		}
	}
	m, err := s.o.Agenda.Month(c.r.Context(), t, c.r.FormValue("section"), c.actor())
	if err != nil {
		return err
	}
	return c.reply(m)
}

func (s *Server) holidays(c *call) error {
	var in DaysBody
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
	// The rest of the registry is not in a list of days; that it is left alone needs no saying.
	kept := plan.Changes[:0]
	for _, ch := range plan.Changes {
		if ch.Action != registry.Absent {
			kept = append(kept, ch)
		}
	}
	plan.Changes = kept
	return c.reply(plan)
}

func (s *Server) feeds(c *call) error {
	list, err := s.o.Agenda.Feeds(c.r.Context(), c.actor())
	if err != nil {
		return err
	}
	return c.reply(each(list, func(f agenda.Feed) agenda.Feed { return f }))
}

func (s *Server) createFeed(c *call) error {
	var in FeedBody
	if err := c.read(&in); err != nil {
		return err
	}
	var made agenda.Feed
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

// feed answers a calendar program. Whatever is wrong with the address, the answer is that there is nothing.
func (s *Server) feed(c *call) error {
	secret, ok := strings.CutSuffix(c.r.PathValue("file"), ".ics")
	if !ok {
		return faultNotFound()
	}
	text, err := s.o.Agenda.Open(c.r.Context(), secret, c.source())
	if errors.Is(err, agenda.ErrNoFeed) {
		return faultNotFound()
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	h := c.w.Header()
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	// Private: whoever holds the address sees the section's plans; nobody between may keep them.
	h.Set("Cache-Control", "private, max-age=300")
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="sekimori.ics"`)
	// It answers a matching If-None-Match with 304, and HEAD without the body.
	http.ServeContent(c.w, c.r, "", time.Time{}, bytes.NewReader(text))
	return nil
}

// Institution is what holds for every system, with the institution's own days.
type Institution struct {
	Declared       bool              `json:"declared"`
	Hours          map[string]string `json:"hours,omitempty"` // by weekday: "08:30-17:15"
	Lead           string            `json:"lead,omitempty"`
	Certifications []string          `json:"certifications,omitempty"`
	PledgeCopy     bool              `json:"pledge_copy"`
	SpecialClauses bool              `json:"special_clauses"`
	AuditReport    bool              `json:"audit_report"`
	SpaceDays      int               `json:"space_days,omitempty"`
	Holidays       []Holiday         `json:"holidays,omitempty"`
	NoWork         []NoWork          `json:"no_work,omitempty"`
}

// Holiday is a line of the institution's own list of days.
type Holiday struct {
	Date string `json:"date"`
	Name string `json:"name"`
	Open bool   `json:"open,omitempty"`
}

// NoWork is a time in which nobody maintains.
type NoWork struct {
	System string    `json:"system,omitempty"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

func (s *Server) institution(c *call) error {
	return show(s, c, func(snap *store.Snap) (Institution, error) {
		i, err := snap.Institution()
		if err != nil {
			return Institution{}, err
		}
		days, err := snap.Holidays()
		if err != nil {
			return Institution{}, err
		}
		times, err := snap.NoWork()
		if err != nil {
			return Institution{}, err
		}
		v := Institution{
			Declared: i.Declared, Lead: length(i.Lead), Certifications: i.Certifications, PledgeCopy: i.PledgeCopy, SpecialClauses: i.SpecialClauses,
			AuditReport: i.AuditReport, SpaceDays: i.SpaceDays, Holidays: each(days, func(h store.Holiday) Holiday { return Holiday{string(h.Date), h.Name, h.Open} }),
		}
		for _, n := range times {
			sees := n.System == ""
			if !sees {
				if sees, err = s.sees(snap, c.person, n.System); err != nil {
					return Institution{}, err
				}
			}
			if sees {
				v.NoWork = append(v.NoWork, NoWork{n.System, at(n.From, s.o.Zone), at(n.Until, s.o.Zone), n.Reason})
			}
		}
		for d, h := range i.Hours {
			if h.From < h.Until {
				if v.Hours == nil {
					v.Hours = map[string]string{}
				}
				v.Hours[strings.ToLower(time.Weekday(d).String()[:3])] = partOfDay(h)
			}
		}
		return v, nil
	})
}

func partOfDay(h policy.Hours) string {
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d/time.Minute)%60) }
	return clock(h.From) + "-" + clock(h.Until)
}
