package view

import (
	"errors"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/api"
	"sekimori/broker/store"
)

// verifiedEnd adds how a session's end was verified.
func verifiedEnd(s *store.Snap, out *api.Session) error {
	p, err := s.EndProof(out.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	out.EndVerified = string(p.State)
	for _, f := range p.Findings {
		out.Findings = append(out.Findings, api.Finding{What: f.What, State: string(f.State), Detail: f.Detail, Names: f.Names})
	}
	return nil
}

// windowInventories are what came or went on a window's targets.
func windowInventories(s *store.Snap, window string, z *time.Location) ([]api.WindowInventory, error) {
	all, err := s.WindowInventories(window)
	var out []api.WindowInventory
	for _, i := range all {
		v := api.WindowInventory{Target: i.Target, Phase: i.Phase, At: At(i.At, z), Items: len(i.Items), Differences: accounts.Named(i.Differences), Missing: i.Note}
		if v.Differences == nil {
			v.Differences = []string{}
		}
		out = append(out, v)
	}
	return out, err
}
