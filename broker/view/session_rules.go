package view

import (
	"encoding/json"
	"fmt"
	"slices"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

// mostRuled bounds how many entries about the commands of one session are read.
const mostRuled = 500

// ruledCommands reads from the ledger on which commands of a session live rules had an effect, and what became of those that waited. The
// commands themselves are in the recording alone. more: there are entries beyond those that are read.
func (v *Views) ruledCommands(s *store.Snap, session string) (all []api.RuledCommand, more bool, err error) {
	read := 0
	waited := map[int]int{} // by number of the held command: its place
	for e, err := range s.Entries(store.EntryFilter{Subject: session, Kind: "session.rule-*", Limit: mostRuled + 1}) {
		if err != nil {
			return nil, false, fmt.Errorf("read entries about %s: %w", session, err)
		}
		if read++; read > mostRuled {
			return all, true, nil
		}
		if e.Disposed() {
			continue
		}
		var p struct {
			Effect policy.LiveEffect `json:"effect"`
			Rule   string            `json:"rule"`
			Held   int               `json:"held"`
			Answer policy.LiveAnswer `json:"answer"`
		}
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			return nil, false, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		if e.Kind == "session.rule-answered" {
			if i, ok := waited[p.Held]; ok {
				all[i].Answer = p.Answer
				if e.Actor.Kind == "person" {
					all[i].By = e.Actor.ID
				}
			}
			continue
		}
		if p.Held > 0 {
			waited[p.Held] = len(all)
		}
		all = append(all, api.RuledCommand{At: At(e.Time, v.o.Zone), Effect: p.Effect, Rule: p.Rule, Held: p.Held})
	}
	return all, false, nil
}

// sessionFiles lists the files that the broker took from a session, in order.
func sessionFiles(s *store.Snap, r store.Session) ([]api.SessionFile, error) {
	if r.Window == "" {
		return nil, nil
	}
	taken, err := s.Files(store.FileFilter{Window: r.Window})
	if err != nil {
		return nil, fmt.Errorf("files of %s: %w", r.ID, err)
	}
	var all []api.SessionFile
	for _, f := range slices.Backward(taken) { // the store has the newest first
		if f.Session == r.ID {
			all = append(all, api.SessionFile{ID: f.ID, Direction: f.Direction, State: f.State})
		}
	}
	return all, nil
}
