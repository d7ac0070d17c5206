package gate

import (
	"context"
	"errors"
	"strconv"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// mostTold is how many authenticated connections a person may have beyond gate.connections_per_person: those are refused, and live
// until they were told so.
const mostTold = 16

// errCrowded refuses the authentication of a connection that is not even to be told on a channel.
var errCrowded = errors.New("too many connections of one person")

// crowd is the authenticated connections of one person.
type crowd struct {
	turns  map[*caller]uint64 // the turn in which each came; 0: refused, it is being told so
	last   uint64             // the turn given last
	counts int                // how many of turns are not 0
}

// join counts a connection as the person's, from both factors on until part. It is false when the person has too many: then the
// connection must end without a channel.
func (s *Server) join(c *caller, person string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.joined == person {
		return true
	}
	s.partLocked(c)
	p := s.people[person]
	if p == nil {
		p = &crowd{turns: map[*caller]uint64{}}
		s.people[person] = p
	}
	if len(p.turns) >= s.o.Sessions.MostConnections()+mostTold {
		return false
	}
	p.last++
	p.counts++
	p.turns[c], c.joined = p.last, person
	return true
}

// told says that the connection is refused: it takes no place of the person's any more.
func (s *Server) told(c *caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.people[c.joined]; p != nil && p.turns[c] != 0 {
		p.turns[c] = 0
		p.counts--
	}
}

func (s *Server) part(c *caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partLocked(c)
}

// partLocked is part for a caller that holds mu.
func (s *Server) partLocked(c *caller) {
	p := s.people[c.joined]
	if p == nil {
		return
	}
	if p.turns[c] != 0 {
		p.counts--
	}
	delete(p.turns, c)
	if len(p.turns) == 0 {
		delete(s.people, c.joined)
	}
	c.joined = ""
}

// beside is how many connections the person has beside this one. Where they are too many, those count that came before it: of
// connections that come at the same time the first get in.
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

// arrive counts the connection as its person's once both factors are known. The error refuses its authentication: it has been
// told why as far as it can be, and the ledger has the first of its like.
func (c *caller) arrive(ctx context.Context, pass *passage) error {
	p := pass.person
	if c.s.join(c, p.ID) {
		return nil
	}
	c.crowdedOut = true
	args := map[string]string{"limit": strconv.Itoa(c.s.o.Sessions.MostConnections())}
	if c.firstCrowded(ctx, p.ID) {
		c.recordRefusal(ctx, pass, policy.OwnConnections, args)
	}
	c.say("\n" + policy.Refusal(policy.OwnConnections, args, p.Lang, "", c.s.o.Notice.Contact, pass.number))
	c.hangUp()
	return errCrowded
}

// firstCrowded counts a refusal over the person's own connections, and tells whether it has an entry of its own: the first of ten
// minutes has. The others are summed up.
func (c *caller) firstCrowded(ctx context.Context, person string) bool {
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
