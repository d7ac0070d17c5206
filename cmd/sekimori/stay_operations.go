package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"sekimori/broker/api"
)

// followAgain is how long after a broken connection the operations are asked for again.
const followAgain = time.Second

// follow tells what is done in the window's sessions as it is done, beside the heartbeats. stop waits for it.
func (s *stay) follow(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			again := followAgain
			var fault *api.Fault
			if errors.As(s.operations(ctx), &fault) { // the heartbeat gives the reason: another person has the post, or the window is over
				again = longestBeat
			}
			select {
			case <-time.After(again):
			case <-ctx.Done():
			}
		}
	}()
	return func() { cancel(); <-done }
}

// operations reads one stream to its end.
func (s *stay) operations(ctx context.Context) error {
	q := url.Values{}
	if s.told > 0 {
		q.Set("after", strconv.FormatInt(s.told, 10))
	}
	resp, err := s.k.Open(ctx, api.OperationsOf(s.window), q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	s.told = max(s.told, 1) // from here on it is the same look
	d := json.NewDecoder(resp.Body)
	for {
		var o api.Operation
		if err := d.Decode(&o); err != nil {
			return err
		}
		if err := s.tellOperation(o); err != nil {
			return err
		}
	}
}

// tellOperation prints what was done, a line for each thing.
func (s *stay) tellOperation(o api.Operation) error {
	for s.acting.Load() { // the terminal belongs to the act
		time.Sleep(100 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = o.No
	p := s.p
	if p.json {
		return p.writeJSON(o)
	}
	if o.Missed {
		indented(p.out, "", p.say("(これより前の操作は `session watch` か操作記録で見てください)", "(for what was done before, see `session watch` or the recording)"))
	}
	channel := ""
	if o.Channel != nil {
		channel = fmt.Sprintf("[%d] ", *o.Channel)
	}
	indented(p.out, o.At.Format("15:04:05 "), o.Session+" "+channel+p.say(o.JA, o.EN))
	return nil
}
