package ledger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// Kinds of the entries about looks at a recording.
const (
	KindViewed = "recording.viewed" // a look began
	KindServed = "recording.served" // the parts of the recording that a look was sent
)

// MostUnserved is how long a broker may hold intervals back before it enters them. After a crash at most the intervals of this time are
// missing from the ledger.
const MostUnserved = 3 * time.Minute

// Interval is a half-open part of a recording, in whole seconds since its start.
type Interval [2]int64

// Seconds is the length of the interval.
func (i Interval) Seconds() int64 { return i[1] - i[0] }

// Intervals is a set of seconds: in order, apart from each other, none empty.
type Intervals []Interval

// Add returns the set with a further interval. An empty interval adds nothing.
func (all Intervals) Add(one Interval) Intervals {
	if one[0] >= one[1] {
		return all
	}
	from, _ := slices.BinarySearchFunc(all, one[0], func(i Interval, at int64) int { return cmp.Compare(i[1], at) })
	to := from
	for ; to < len(all) && all[to][0] <= one[1]; to++ {
		one = Interval{min(one[0], all[to][0]), max(one[1], all[to][1])}
	}
	return slices.Replace(all, from, to, one)
}

// Seconds is the size of the set.
func (all Intervals) Seconds() (n int64) {
	for _, i := range all {
		n += i.Seconds()
	}
	return n
}

// Served is the payload of an entry of KindServed. The broker writes it at the end of a look, and during a look at the latest
// MostUnserved after the first part that no entry has yet. Intervals say what was sent, not what a person read.
type Served struct {
	Look    string    `json:"look"` // of the entry recording.viewed with which the look began
	Session string    `json:"session_id"`
	Person  string    `json:"person"`
	Length  int64     `json:"length"` // of the recording, in seconds
	Picture Intervals `json:"picture,omitempty"`
	Text    Intervals `json:"text,omitempty"`
	Search  Intervals `json:"search,omitempty"` // lines that a search found
	Ended   bool      `json:"ended,omitempty"`  // the look is over
}

// Coverage says how much of a session's recording people were sent.
type Coverage struct {
	Session string
	Length  int64     // of the recording, in seconds; 0: the ledger does not say
	All     Intervals // sent to anyone, as picture, text or search hit
	People  []Viewer  // by id
}

// Share is the part of the recording that was sent to anyone, from 0 to 1. ok is false where the length is not known.
func (c Coverage) Share() (share float64, ok bool) {
	if c.Length <= 0 {
		return 0, false
	}
	return float64(c.All.Seconds()) / float64(c.Length), true
}

// Of gives a person's part of the coverage.
func (c Coverage) Of(person string) Viewer {
	for _, v := range c.People {
		if v.Person == person {
			return v
		}
	}
	return Viewer{Person: person}
}

// Viewer is what one person was sent.
type Viewer struct {
	Person                string
	All                   Intervals // the union of the following
	Picture, Text, Search Intervals
	Looks                 int // begun with their intervals noted
	// Open counts the looks whose end is not in the ledger: they go on, or the broker crashed. Intervals of at most MostUnserved are missing
	// from each.
	Open int
	// Unmeasured counts the looks of which no intervals are noted: those of earlier versions, and sealed files that were taken.
	Unmeasured int
}

// Cover computes the coverage of a session from the entries about it, in order. It needs no other knowledge, so that each holder of an export can
// compute it too. Entries of other kinds and of other sessions are skipped; an unreadable payload is an error, and a payload that was disposed of counts
// as an unmeasured look.
func Cover(session string, entries iter.Seq2[Entry, error]) (Coverage, error) {
	out := Coverage{Session: session}
	people, began, ended := map[string]*Viewer{}, map[string]string{}, map[string]bool{}
	gone := false // the payload of a beginning was disposed of
	viewer := func(id string) *Viewer {
		if people[id] == nil {
			people[id] = &Viewer{Person: id}
		}
		return people[id]
	}
	for e, err := range entries {
		if err != nil {
			return out, err
		}
		if !slices.Contains(e.Subjects, session) {
			continue
		}
		switch e.Kind {
		case KindViewed:
			var said struct {
				Look string `json:"look"`
			}
			if gone = gone || e.Payload == nil; e.Payload != nil {
				if err := json.Unmarshal(e.Payload, &said); err != nil {
					return out, fmt.Errorf("entry %d: %w", e.Index, err)
				}
			}
			if v := viewer(e.Actor.ID); said.Look == "" {
				v.Unmeasured++
			} else {
				v.Looks++
				began[said.Look] = e.Actor.ID
			}
		case KindServed:
			var s Served
			if e.Payload == nil {
				continue
			}
			if err := json.Unmarshal(e.Payload, &s); err != nil {
				return out, fmt.Errorf("entry %d: %w", e.Index, err)
			}
			if gone && began[s.Look] == "" && s.Session == session {
				continue // the entry of its beginning may be one whose payload was disposed of
			}
			if began[s.Look] != s.Person || s.Session != session {
				return out, fmt.Errorf("entry %d is of look %q of %s, which no entry before it began", e.Index, s.Look, s.Person)
			}
			out.Length = max(out.Length, s.Length)
			v := viewer(s.Person)
			for _, part := range []struct {
				to   *Intervals
				list Intervals
			}{{&v.Picture, s.Picture}, {&v.Text, s.Text}, {&v.Search, s.Search}} {
				for _, i := range part.list {
					i = Interval{max(i[0], 0), min(i[1], s.Length)}
					*part.to, v.All, out.All = part.to.Add(i), v.All.Add(i), out.All.Add(i)
				}
			}
			ended[s.Look] = ended[s.Look] || s.Ended
		}
	}
	for look, person := range began {
		if !ended[look] {
			people[person].Open++
		}
	}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		out.People = append(out.People, *people[id])
	}
	return out, nil
}
