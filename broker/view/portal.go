package view

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
)

// Work is a window as the people of its vendor see it: with its sessions, which they report on, and the wishes for more time.
type Work struct {
	api.Window
	SystemName string
	Purpose    string
	Vendor     string
	Sessions   []WorkSession
	Reports    []string // numbers of its work reports, the newest first
	Wishes     []api.Extension
}

// WorkSession is a connection that reached a target.
type WorkSession struct {
	ID, Person, Name string
	Started, Ended   time.Time
	Live             bool
}

// Work shows one. Errors as of Request.
func (v *Views) Work(ctx context.Context, by Reader, window string) (out Work, err error) {
	if out.Window, err = v.Window(ctx, by, window); err != nil {
		return out, err
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := s.Request(out.Request)
		if err != nil {
			return fmt.Errorf("request of window %s: %w", window, err)
		}
		sys, err := s.System(r.System)
		if err != nil {
			return fmt.Errorf("system of window %s: %w", window, err)
		}
		out.SystemName, out.Purpose, out.Vendor = sys.Name, r.Body.Purpose, r.Vendor
		all, err := s.Sessions(store.SessionFilter{Window: window, Limit: mostWindows})
		if err != nil {
			return fmt.Errorf("sessions of window %s: %w", window, err)
		}
		for _, one := range all {
			if one.Started.IsZero() {
				continue
			}
			p, err := s.Person(one.Person)
			if err != nil {
				return fmt.Errorf("person of session %s: %w", one.ID, err)
			}
			out.Sessions = append(out.Sessions, WorkSession{ID: one.ID, Person: p.ID, Name: p.Name, Started: At(one.Started, v.o.Zone), Ended: At(one.Ended, v.o.Zone), Live: one.State.Live()})
		}
		wishes, err := s.Extensions(store.ExtensionFilter{Window: window})
		for _, x := range wishes {
			out.Wishes = append(out.Wishes, Extension(x, v.o.Zone))
		}
		return err
	})
	if err != nil {
		return out, err
	}
	list, err := v.Reports(ctx, by, ReportsAsked{Window: window}, Page{})
	for _, one := range list.Items {
		out.Reports = append(out.Reports, one.ID)
	}
	return out, err
}
