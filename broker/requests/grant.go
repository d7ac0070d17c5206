package requests

import (
	"fmt"

	"sekimori/broker/store"
	"sekimori/policy"
)

// grant makes a window for each occurrence, and in each a grant per engineer and account. r is the request with its conditions
// applied. overrides are the codes that were accepted with a reason. A reason holds for the first occurrence only, because it spoke of
// the facts of that time. For a later occurrence the item must be answered again.
func grant(tx *store.Tx, r store.Request, overrides ...string) (windows, grants []string, err error) {
	before, err := tx.Windows(store.WindowFilter{Request: r.No, Limit: busiest})
	if err != nil {
		return nil, nil, fmt.Errorf("read windows: %w", err)
	}
	for i, span := range spansOf(r) {
		if i > 0 {
			overrides = nil
		}
		w := store.Window{Window: policy.Window{
			ID: fmt.Sprintf("%s-%d", r.No, len(before)+i+1), Request: r.No, System: r.System, Start: span.Start, End: span.End,
			State: policy.WindowScheduled, Emergency: r.Body.Emergency != nil, Drill: r.Body.Drill, Overrides: overrides,
		}}
		if err := tx.AddWindow(w); err != nil {
			return nil, nil, fmt.Errorf("store window: %w", err)
		}
		made, err := grantsOf(tx, r, w.Window)
		if err != nil {
			return nil, nil, err
		}
		windows, grants = append(windows, w.ID), append(grants, made...)
	}
	return windows, grants, nil
}

func grantsOf(tx *store.Tx, r store.Request, w policy.Window) (grants []string, err error) {
	for _, person := range r.Body.Engineers {
		for _, id := range r.Body.Accounts {
			a, err := tx.Account(id)
			if err != nil {
				return nil, fmt.Errorf("account %q: %w", id, err)
			}
			g := policy.Grant{
				ID: fmt.Sprintf("%s-%d", w.ID, len(grants)+1), Person: person, Vendor: r.Vendor, Target: a.Target, Account: a.ID,
				Window: w, Request: r.No, Files: r.Body.Files, Forwards: r.Body.Forwards, Commands: r.Body.Commands, State: policy.GrantActive, PersonLimit: r.Body.PersonLimit,
			}
			if err := tx.AddGrant(g); err != nil {
				return nil, fmt.Errorf("store grant: %w", err)
			}
			grants = append(grants, g.ID)
		}
	}
	return grants, nil
}
