package gate

import (
	"context"
	"errors"
	"strconv"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// mostRefused is how many authenticated connections a person may have beyond gate.connections_per_person. The gate refuses those, and
// they live until they were told so.
const mostRefused = 16

// errTooManyConnections refuses the authentication of a connection that does not even get the reason on a channel.
var errTooManyConnections = errors.New("too many connections of one person")

// personConnections is the authenticated connections of one person.
type personConnections struct {
	turns  map[*caller]uint64 // the turn in which each came; 0: refused, and being told so
	last   uint64             // the turn given last
	counts int                // how many of turns are not 0
}

// addConnection counts a connection as the person's, from both factors on until removeConnection. It is false when the person has too many: then the
// connection must end without a channel.
func (s *Server) addConnection(c *caller, person string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.countedFor == person {
		return true
	}
	s.removeConnectionLocked(c)
	p := s.people[person]
	if p == nil {
		p = &personConnections{turns: map[*caller]uint64{}}
		s.people[person] = p
	}
	if len(p.turns) >= s.o.Sessions.MostConnections()+mostRefused {
		return false
	}
	p.last++
	p.counts++
	p.turns[c], c.countedFor = p.last, person
	return true
}

// refusedConnection marks the connection as refused: it no longer takes a place of the person's.
func (s *Server) refusedConnection(c *caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.people[c.countedFor]; p != nil && p.turns[c] != 0 {
		p.turns[c] = 0
		p.counts--
	}
}

func (s *Server) removeConnection(c *caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeConnectionLocked(c)
}

// removeConnectionLocked is removeConnection for a caller that holds mu.
func (s *Server) removeConnectionLocked(c *caller) {
	p := s.people[c.countedFor]
	if p == nil {
		return
	}
	if p.turns[c] != 0 {
		p.counts--
	}
	delete(p.turns, c)
	if len(p.turns) == 0 {
		delete(s.people, c.countedFor)
	}
	c.countedFor = ""
}

// beside is how many connections the person has beside this one. Where there are too many, it counts those that came before it: of
// simultaneous connections the first get in.
func (s *Server) beside(c *caller, person string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[person]
	if p == nil {
		return 0
	}
	turn := p.turns[c]
	if turn == 0 {
		return p.counts
	}
	if p.counts <= s.o.Sessions.MostConnections() {
		return p.counts - 1
	}
	n := 0
	for _, t := range p.turns {
		if t != 0 && t < turn {
			n++
		}
	}
	return n
}

// arrive counts the connection as its person's once both factors are known. The error refuses its authentication. The
// client was then told why, if that was possible, and the ledger has the first refusal of its kind.
func (c *caller) arrive(ctx context.Context, auth *authResult) error {
	p := auth.person
	if c.s.addConnection(c, p.ID) {
		return nil
	}
	c.tooManyConnections = true
	args := map[string]string{"limit": strconv.Itoa(c.s.o.Sessions.MostConnections())}
	if c.firstOverLimit(ctx, p.ID) {
		c.recordRefusal(ctx, auth, policy.OwnConnections, args)
	}
	c.say("\n" + policy.Words(policy.OwnConnections, args).Block(p.Lang, "", c.s.o.Notice.Contact, auth.number))
	c.hangUp()
	return errTooManyConnections
}

// firstOverLimit counts a refusal over the person's own connections. It is true for the first of ten
// minutes, which has an entry of its own. The others are summed up.
func (c *caller) firstOverLimit(ctx context.Context, person string) bool {
	if c.s.o.Refusals == nil {
		return true
	}
	first, err := c.s.o.Refusals.First(ctx, ledger.Actor{Kind: "person", ID: person, Via: "ssh"}, "session.refused", "connect", policy.OwnConnections.String())
	if err != nil {
		c.log.Error("refusal_not_counted", "error", err)
		return true
	}
	return first
}
