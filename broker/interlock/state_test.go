package interlock

import (
	"testing"

	"pgregory.net/rapid"

	"sekimori/broker/rules"
	"sekimori/policy"
)

var sides = []policy.LineSide{policy.SideUnknown, policy.SideUp, policy.SideDown}

func drawn(t *rapid.T) Seen {
	s := Seen{
		Mode: rapid.SampledFrom([]policy.LineMode{policy.LineByHand, policy.LineInterlocked, ""}).Draw(t, "mode"),
		Cut:  rapid.Bool().Draw(t, "cut"), On: rapid.Bool().Draw(t, "on"), Stale: rapid.IntRange(0, 9).Draw(t, "stale") == 0,
		Read: Reading{rapid.SampledFrom(sides).Draw(t, "internal"), rapid.SampledFrom(sides).Draw(t, "maintenance")},
	}
	for range rapid.IntRange(0, 4).Draw(t, "probes") {
		s.Sights = append(s.Sights, Sight{Side: rapid.SampledFrom([]rules.ProbeSide{rules.InternalSide, rules.MaintenanceSide}).Draw(t, "side"),
			Saw: rapid.SampledFrom(sides).Draw(t, "saw"), Proven: rapid.IntRange(0, 3).Draw(t, "proven") > 0})
	}
	return s
}

// TestSeparatedOnlyOnWhatIsKnown: nothing unknown, and nothing that is up, makes a line separated.
func TestSeparatedOnlyOnWhatIsKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		if s.Line().State != policy.LineSeparated {
			return
		}
		internal := 0
		for _, p := range s.Sights {
			if p.Side != rules.InternalSide {
				continue
			}
			internal++
			if p.Saw != policy.SideDown || !p.Proven {
				t.Fatalf("separated although a probe of the office network is %q, proven %v: %+v", p.Saw, p.Proven, s)
			}
		}
		switch {
		case s.Stale, !s.Cut:
			t.Fatalf("separated although it is stale or not cut: %+v", s)
		case s.Mode == policy.LineInterlocked && (internal == 0 || s.Read.Internal != policy.SideDown):
			t.Fatalf("a driven line is separated without a probe or without its driver: %+v", s)
		case s.Mode != policy.LineInterlocked && s.Mode != policy.LineByHand:
			t.Fatalf("a line of no known rule is separated: %+v", s)
		}
	})
}

// TestNoStepJoinsTheSides: whatever is seen and wanted, the maintenance line goes on only while the line is separated, and the office
// network goes back only while the driver says that the maintenance line is off and no probe contradicts it.
func TestNoStepJoinsTheSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		want := rapid.SampledFrom([]Phase{Closed, Apart, Connected}).Draw(t, "want")
		switch s.Next(want) {
		case On:
			if s.Line().State != policy.LineSeparated || want != Connected {
				t.Fatalf("put on: %+v, wanted %v", s, want)
			}
		case Restore:
			if s.Read.Maintenance != policy.SideDown || s.Line().Maintenance != policy.SideDown || want != Closed {
				t.Fatalf("restored: %+v, wanted %v", s, want)
			}
			for _, p := range s.Sights {
				if p.Side == rules.MaintenanceSide && p.Saw == policy.SideUp {
					t.Fatalf("restored although a probe sees the maintenance line up: %+v", s)
				}
			}
		}
	})
}

// model is a switch that does what it is told, loses its lease, and is changed by hand now and then.
type model struct{ internal, maintenance bool }

func (m *model) seen(cut, on, blind bool) Seen {
	side := func(up bool) policy.LineSide {
		if up {
			return policy.SideUp
		}
		return policy.SideDown
	}
	s := Seen{Mode: policy.LineInterlocked, Cut: cut, On: on, Read: Reading{side(m.internal), side(m.maintenance)},
		Sights: []Sight{{rules.InternalSide, side(m.internal), true}, {rules.MaintenanceSide, side(m.maintenance), true}}}
	if blind {
		s.Read, s.Sights[0].Saw = Reading{}, policy.SideUnknown
	}
	return s
}

// TestTheSidesAreNeverBothUp: over any order of wishes, blind looks, crashes and ends of the lease, the steps never make both sides up.
// The wished phase is reached once it is left in peace.
func TestTheSidesAreNeverBothUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{internal: rapid.Bool().Draw(t, "internal"), maintenance: false}
		want := Closed
		step := func(blind bool) {
			switch m.seen(want != Closed, want == Connected, blind).Next(want) {
			case Cut:
				m.internal = false
			case Restore:
				m.internal = true
			case On:
				m.maintenance = true
			case Off:
				m.maintenance = false
			}
			if m.internal && m.maintenance {
				t.Fatal("both sides are up")
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0:
				want = rapid.SampledFrom([]Phase{Closed, Apart, Connected}).Draw(t, "want")
			case 1:
				m.maintenance = false // the lease ended, or the broker crashed and started anew
			case 2:
				step(true)
			default:
				step(false)
			}
		}
		for range 4 {
			step(false)
		}
		if now := (model{want == Closed, want == Connected}); *m != now {
			t.Fatalf("left in peace it is %+v, wanted %+v", *m, now)
		}
	})
}

// TestADriverThatLiesIsNotBelieved: a driver that says "down" while a probe is answered from the office network makes no separated line,
// and the maintenance line goes off.
func TestADriverThatLiesIsNotBelieved(t *testing.T) {
	s := Seen{Mode: policy.LineInterlocked, Cut: true, On: true, Read: Reading{policy.SideDown, policy.SideUp}, Sights: []Sight{{rules.InternalSide, policy.SideUp, true}}}
	if l := s.Line(); l.State != policy.LineJoined || s.Next(Connected) != Off {
		t.Errorf("%+v, next %q", l, s.Next(Connected))
	}
}

// TestOnlyBothSidesAreAReading: only both sides, once each, is a reading.
func TestOnlyBothSidesAreAReading(t *testing.T) {
	if r, err := parseReading("internal=down maintenance=up\n"); err != nil || r != (Reading{policy.SideDown, policy.SideUp}) {
		t.Errorf("%+v, %v", r, err)
	}
	for _, out := range []string{"", "internal=down", "internal=down maintenance=maybe", "internal=down internal=down maintenance=up", "internal=down maintenance=up x=up", "ok", "internal=down maintenance=up more"} {
		if r, err := parseReading(out); err == nil {
			t.Errorf("%q is read as %+v", out, r)
		}
	}
}

// TestAProbeThatAnswersSometimes: one success makes a side up at once; three failures in a row make it down; a look that fails makes it
// unknown at once.
func TestAProbeThatAnswersSometimes(t *testing.T) {
	p := &probe{Probe: rules.Probe{Side: rules.InternalSide}}
	for i, c := range []struct{ saw, want policy.LineSide }{
		{"down", ""}, {"down", ""}, {"down", "down"}, {"down", "down"}, {"up", "up"}, {"down", "up"}, {"down", "up"}, {"up", "up"}, {"down", "up"}, {"down", "up"}, {"down", "down"}, {"", ""}, {"down", ""},
	} {
		var err error
		if c.saw == "" {
			err = errNoLook
		}
		if p.note(c.saw, err, at); p.saw != c.want {
			t.Fatalf("after look %d, %q: %q, want %q", i, c.saw, p.saw, c.want)
		}
	}
}
