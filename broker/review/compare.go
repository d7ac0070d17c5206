package review

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// Compare holds the approved work against the sessions, as far as rows tell: time, engineers, rights, targets, commands, files. Typed and shown text
// is in the recordings. A session of its own has no window to be compared with.
func Compare(s *store.Snap, r store.Review, files *api.ReviewedFiles, zone *time.Location) ([]api.Comparison, error) {
	if r.Window == "" {
		return nil, nil
	}
	w, err := s.Window(r.Window)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("window %s: %w", r.Window, err)
	}
	work, err := Covered(s, r)
	if err != nil {
		return nil, err
	}
	grants, err := s.GrantsWhere(store.GrantFilter{Window: r.Window})
	if err != nil {
		return nil, fmt.Errorf("grants of %s: %w", r.Window, err)
	}
	times, err := comparedTimes(s, w, work, zone)
	if err != nil {
		return nil, err
	}
	var who, accounts, targets, whoWas, accountsWas, targetsWas []string
	for _, g := range grants {
		who, accounts, targets = once(who, g.Person), once(accounts, g.Account), once(targets, g.Target)
	}
	for _, v := range work.Sessions {
		whoWas, accountsWas, targetsWas = once(whoWas, v.Person), once(accountsWas, v.Account), once(targetsWas, v.Target)
	}
	for _, v := range work.Refused { // an attempt on another target differs, although the gate refused it
		targetsWas = once(targetsWas, v.Target)
	}
	out := []api.Comparison{times, listed(api.CompareEngineers, who, whoWas), listed(api.CompareAccounts, accounts, accountsWas),
		listed(api.CompareTargets, targets, targetsWas), comparedCommands(grants, work)}
	if files == nil {
		return out, nil
	}
	exchanged, err := comparedFiles(s, r.Window, files)
	return append(out, exchanged), err
}

func once(all []string, v string) []string {
	if v == "" || slices.Contains(all, v) {
		return all
	}
	return append(all, v)
}

// listed compares names that were approved with names that were used.
func listed(what api.Compared, approved, used []string) api.Comparison {
	within := !slices.ContainsFunc(used, func(v string) bool { return !slices.Contains(approved, v) })
	return api.Comparison{What: what, Approved: text.Same(strings.Join(approved, "、")), Actual: text.Same(strings.Join(used, "、")), Within: within,
		ApprovedIDs: approved, ActualIDs: used}
}

func comparedTimes(s *store.Snap, w store.Window, work Work, zone *time.Location) (api.Comparison, error) {
	out := api.Comparison{What: api.CompareTime, Approved: text.Span(w.Start.In(zone), w.End.In(zone)), Within: true}
	longer, err := s.Extensions(store.ExtensionFilter{Window: w.ID, States: []store.ExtensionState{store.ExtensionGranted}})
	if err != nil {
		return out, fmt.Errorf("extensions of %s: %w", w.ID, err)
	}
	var first, last time.Time
	for _, v := range work.Sessions {
		if first.IsZero() || v.Created.Before(first) {
			first = v.Created
		}
		if v.Ended.After(last) {
			last = v.Ended
		}
		// The end of a session is written a moment after its last byte.
		out.Within = out.Within && (v.Started.IsZero() || !v.Started.Before(w.Start)) && !v.Ended.After(w.End.Add(2*time.Second))
	}
	if first.IsZero() {
		return out, nil
	}
	out.Actual = text.Span(first.In(zone), last.In(zone))
	if n := strconv.Itoa(len(longer)); len(longer) > 0 {
		out.Actual.JA, out.Actual.EN = out.Actual.JA+"(延長 "+n+"回)", out.Actual.EN+" (extended "+n+" times)"
	} else {
		out.Actual.JA, out.Actual.EN = out.Actual.JA+"(延長なし)", out.Actual.EN+" (not extended)"
	}
	return out, nil
}
