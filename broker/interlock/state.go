package interlock

import (
	"sekimori/broker/rules"
	"sekimori/policy"
)

// Reading is what a driver says of the line that it moves. The zero value is unknown.
type Reading struct{ Internal, Maintenance policy.LineSide }

// Sight is what one probe sees.
type Sight struct {
	Side   rules.ProbeSide
	Saw    policy.LineSide // empty: it could not look
	Proven bool            // it was seen to fail and to succeed lately
}

// Seen is all that is known of one line at one moment. Its methods are pure.
type Seen struct {
	Mode   policy.LineMode
	Cut    bool    // a person said, or ordered, that the office network is cut, and it was not lost since
	On     bool    // and that the maintenance line is on
	Read   Reading // of the driver; a line that people move has none
	Sights []Sight
	Stale  bool // the last look did not come back in time
}

// Line is the verdict. Unknown is its answer to everything that it does not know.
func (s Seen) Line() policy.Line {
	if s.Stale {
		return policy.Line{}
	}
	l := policy.Line{Internal: s.internal(), Maintenance: s.maintenance()}
	switch {
	case l.Internal == policy.SideUp:
		l.State = policy.LineJoined
	case l.Internal == policy.SideDown && s.Cut:
		l.State = policy.LineSeparated
	}
	return l
}

// probes sums up what the probes of a side see: up if any sees it up; down if there are some, and each may be relied on and sees it down.
func (s Seen) probes(side rules.ProbeSide) (saw policy.LineSide, some bool) {
	saw = policy.SideDown
	for _, p := range s.Sights {
		if p.Side != side {
			continue
		}
		some = true
		switch {
		case p.Saw == policy.SideUp:
			return policy.SideUp, true
		case p.Saw != policy.SideDown || !p.Proven:
			saw = policy.SideUnknown
		}
	}
	if !some {
		saw = policy.SideUnknown
	}
	return saw, some
}

// internal is the side toward the office network. Of a driven line the driver and at least one probe must agree that it is down.
func (s Seen) internal() policy.LineSide {
	saw, some := s.probes(rules.InternalSide)
	if saw == policy.SideUp {
		return policy.SideUp
	}
	switch s.Mode {
	case policy.LineInterlocked:
		switch {
		case s.Read.Internal == policy.SideUp:
			return policy.SideUp
		case s.Read.Internal == policy.SideDown && saw == policy.SideDown:
			return policy.SideDown
		}
	case policy.LineByHand:
		switch {
		case !s.Cut: // nobody pulled the cable
			return policy.SideUp
		case !some || saw == policy.SideDown:
			return policy.SideDown
		}
	}
	return policy.SideUnknown
}

// maintenance is the side toward the maintenance line.
func (s Seen) maintenance() policy.LineSide {
	saw, some := s.probes(rules.MaintenanceSide)
	switch s.Mode {
	case policy.LineInterlocked:
		switch {
		case s.Read.Maintenance == policy.SideDown && (!some || saw != policy.SideUp):
			return policy.SideDown // what the driver shut is shut, also where the probes were never seen to succeed
		case s.Read.Maintenance == policy.SideUp && (!some || saw == policy.SideUp):
			return policy.SideUp
		}
	case policy.LineByHand:
		switch {
		case saw == policy.SideUp, s.On && !some:
			return policy.SideUp
		case !s.On && (!some || saw == policy.SideDown):
			return policy.SideDown
		}
	}
	return policy.SideUnknown
}

// Phase is how a driven line is wanted.
type Phase int

// The phases, in the order of opening.
const (
	Closed    Phase = iota // the office network is up, the maintenance line off
	Apart                  // both are down
	Connected              // the office network is down, the maintenance line on
)

// Step is what a driver is told.
type Step string

// The steps.
const (
	None    Step = ""
	Cut     Step = "cut"     // office network down
	Restore Step = "restore" // office network up
	On      Step = "on"      // maintenance line up, for the length of a lease; also renews the lease
	Off     Step = "off"     // maintenance line down
)

// Next gives the next step of a driven line toward the wanted phase. Both sides are never up: what is to go down goes first, and only
// when it is known to be down the other one goes up.
func (s Seen) Next(want Phase) Step {
	l := s.Line()
	off := s.Read.Maintenance == policy.SideDown && l.Maintenance == policy.SideDown
	switch {
	case want == Connected && l.State == policy.LineSeparated:
		return On
	case !off: // not wanted, or not safe
		return Off
	case want == Closed:
		if s.Read.Internal == policy.SideUp {
			return None
		}
		return Restore
	case s.Read.Internal != policy.SideDown:
		return Cut
	}
	return None
}
