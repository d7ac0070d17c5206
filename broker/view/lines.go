package view

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/interlock"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Lines lists the systems that have a line, by number.
func (v *Views) Lines(ctx context.Context, by Reader, p Page) (api.List[api.Line], error) {
	read := func(s *store.Snap) ([]store.System, error) {
		all, err := s.Systems()
		var with []store.System
		for _, sys := range all {
			if sys.Line != policy.LineNone {
				with = append(with, sys)
			}
		}
		return with, err
	}
	return listRead(ctx, v, p, read, func(s store.System) api.Line { return v.lineNow(s) }, func(l api.Line) string { return l.System })
}

// Line shows the line of a system. The look is ledgered (L1). Errors: store.ErrNotFound.
func (v *Views) Line(ctx context.Context, by Reader, system string) (api.Line, error) {
	return opened(ctx, v, by, "line", func(l api.Line) string { return l.System }, func(s *store.Snap) (api.Line, error) { return v.line(s, by, system) })
}

// LineNow is Line as an act left it, without an entry.
func (v *Views) LineNow(ctx context.Context, by Reader, system string) (out api.Line, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		out, err = v.line(s, by, system)
		return err
	})
	return out, err
}

func (v *Views) line(s *store.Snap, by Reader, id string) (api.Line, error) {
	sys, err := s.System(id)
	if err != nil {
		return api.Line{}, err
	}
	out := v.lineNow(sys)
	out.Offers = interlock.OnSystem.Offers(s, by.Person, id)
	switch t, err := s.LastLineTest(id); {
	case err == nil:
		out.Test = &api.LineTest{At: At(t.At, v.o.Zone), By: t.By, OK: t.OK, Detail: t.Detail}
	case !errors.Is(err, store.ErrNotFound):
		return out, fmt.Errorf("last test of %s: %w", id, err)
	}
	switch row, err := s.OpenLine(id); {
	case err == nil:
		out.Window = windowLine(row, v.o.Zone)
	case !errors.Is(err, store.ErrNotFound):
		return out, fmt.Errorf("line of %s: %w", id, err)
	}
	return out, nil
}

// lineNow is what the watch knows.
func (v *Views) lineNow(sys store.System) api.Line {
	out := api.Line{System: sys.ID, Name: sys.Name, Rule: sys.Line, How: sys.How(), Driver: sys.LineDriver}
	out.Limit = out.How.Limit()
	if v.o.Lines == nil {
		return out
	}
	shown, ok := v.o.Lines.Show(sys.ID)
	if !ok {
		return out
	}
	out.State, out.Internal, out.Maintenance, out.Why = shown.Line.State, shown.Line.Internal, shown.Line.Maintenance, shown.Why
	for _, p := range shown.Probes {
		out.Probes = append(out.Probes, api.LineProbe{Probe: p.Words, Saw: p.Saw, Proven: p.Proven, Up: At(p.Up, v.o.Zone), Down: At(p.Down, v.o.Zone), Why: p.Why})
	}
	return out
}

func windowLine(l store.WindowLine, z *time.Location) *api.WindowLine {
	return &api.WindowLine{Window: l.Window, How: l.How, Limit: l.How.Limit(), CutAt: At(l.CutAt, z), CutBy: l.CutBy, OnAt: At(l.OnAt, z), OnBy: l.OnBy, OffAt: At(l.OffAt, z), OffBy: l.OffBy,
		RestoredAt: At(l.RestoredAt, z), RestoredBy: l.RestoredBy, LostAt: At(l.LostAt, z)}
}

// lineOffers are the acts on a window's line; none where its system has no line.
func lineOffers(s *store.Snap, by Reader, window string) []api.Offer {
	on, err := s.StopWindow(window)
	if err == nil && on.System.Line == policy.LineNone {
		return nil
	}
	return interlock.OnWindow.Offers(s, by.Person, window)
}
