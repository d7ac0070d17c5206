package disposal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/figures"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Payloads disposes of payloads of the ledger, by the times of keeping in force. It is safe for concurrent use.
type Payloads struct {
	DB   *store.DB
	Zone *time.Location // of fiscal years
	Log  hclog.Logger
}

const (
	mostPayloads = 500 // of one run, in one transaction; the rest follow in the next
	readPayloads = 500 // in one snapshot
)

// Due is the chore.
func (p *Payloads) Due(ctx context.Context) error {
	var rule string
	var due []ledger.Entry
	for from, more := int64(0), true; more && len(due) < mostPayloads; {
		if err := p.DB.Read(ctx, func(s *store.Snap) (err error) {
			var some []ledger.Entry
			some, from, more, rule, err = p.due(s, from)
			due = append(due, some...)
			return err
		}); err != nil {
			return fmt.Errorf("payloads whose time is over: %w", err)
		}
	}
	if due = due[:min(len(due), mostPayloads)]; len(due) == 0 {
		return nil
	}
	indexes := make([]int64, 0, len(due))
	for _, e := range due {
		indexes = append(indexes, e.Index)
	}
	var prepared store.PayloadDisposal
	if err := p.DB.Read(ctx, func(s *store.Snap) (err error) { prepared, err = s.PrepareDisposal(indexes...); return err }); err != nil {
		return fmt.Errorf("prepare the disposal of payloads: %w", err)
	}
	gone := false
	err := p.DB.Write(ctx, func(tx *store.Tx) error {
		gone = false
		still, err := p.stillDue(tx.Snap, due, rule)
		if err != nil || !still { // a hold came in between, or another time is in force: the next run looks anew
			return err
		}
		gone = true
		return tx.Dispose(rule, ledger.ByRule, timer, prepared)
	})
	if err != nil {
		return fmt.Errorf("dispose of payloads: %w", err)
	}
	if gone {
		p.Log.Info("payloads_disposed", "entries", len(due), "first", indexes[0], "last", indexes[len(indexes)-1])
		return p.DB.EmptyJournal(ctx)
	}
	return nil
}

// judge knows what the facts of all entries have in common.
type judge struct {
	s       *store.Snap
	kept    store.NoticeInForce
	rule    string
	counted func(at time.Time) bool // a yearly report that is still to come counts entries of this time
}

// judgeOf reads it. none: nothing is disposed of, because no time of keeping is in force.
func (p *Payloads) judgeOf(s *store.Snap) (j judge, none bool, err error) {
	j.s = s
	var entry int64
	j.kept, entry, err = s.NoticeEntry()
	if errors.Is(err, store.ErrNotFound) || err == nil && j.kept.LedgerDays <= 0 && j.kept.LooksDays <= 0 {
		return j, true, nil
	}
	if err != nil {
		return j, true, err
	}
	j.rule = fmt.Sprintf("ledger.retention %d days, ledger.looks_retention %d days; in force by entry %d (0 days: for ever)", j.kept.LedgerDays, j.kept.LooksDays, entry)
	j.counted, err = p.unreported(s)
	return j, false, err
}

func (j judge) stays(e ledger.Entry) (policy.Stays, error) {
	f, err := j.s.PayloadFacts(e, j.kept)
	if err != nil {
		return "", fmt.Errorf("entry %d: %w", e.Index, err)
	}
	f.Counted = figures.Counts(e.Kind) && j.counted(e.Time)
	return f.Stays(j.s.Now), nil
}

// before is the instant before which payloads may be due at all.
func (j judge) before() time.Time {
	days := j.kept.LedgerDays
	if looks := j.kept.LooksDays; days <= 0 || looks > 0 && looks < days {
		days = looks
	}
	return j.s.Now.Add(-time.Duration(days) * 24 * time.Hour)
}

// due gives the due ones among the next entries, and where to read on.
func (p *Payloads) due(s *store.Snap, from int64) (due []ledger.Entry, next int64, more bool, rule string, err error) {
	j, none, err := p.judgeOf(s)
	if err != nil || none {
		return nil, from, false, "", err
	}
	list, err := s.PayloadsBefore(from, j.before().Add(time.Millisecond), readPayloads)
	if err != nil || len(list) == 0 {
		return nil, from, false, "", err
	}
	for _, e := range list {
		why, err := j.stays(e)
		if err != nil {
			return nil, from, false, "", err
		}
		if why == policy.StaysNot {
			due = append(due, e)
		}
	}
	return due, list[len(list)-1].Index + 1, len(list) == readPayloads, j.rule, nil
}

// stillDue judges again, in the transaction.
func (p *Payloads) stillDue(s *store.Snap, due []ledger.Entry, rule string) (bool, error) {
	j, none, err := p.judgeOf(s)
	if err != nil || none || j.rule != rule {
		return false, err
	}
	for _, e := range due {
		now, err := s.Entry(e.Index)
		if err != nil {
			return false, err
		}
		if why, err := j.stays(now); err != nil || why != policy.StaysNot {
			return false, err
		}
	}
	return true, nil
}

// unreported tells which times belong to a fiscal year whose report needs them: the year under way, and each ended one up to the last whose
// report an auditor has not taken out since its end. The report of a later year counts what began before it.
func (p *Payloads) unreported(s *store.Snap) (func(at time.Time) bool, error) {
	taken := map[string]time.Time{} // when the report of a year was last taken out
	for e, err := range s.Entries(store.EntryFilter{Kind: "form.exported"}) {
		if err != nil {
			return nil, fmt.Errorf("reports that were taken out: %w", err)
		}
		var said struct {
			Form string `json:"form"`
			Of   string `json:"of"`
		}
		if json.Unmarshal(e.Payload, &said) == nil && said.Form == "annual" && slices.Contains(e.Subjects, said.Of) {
			taken[said.Of] = e.Time
		}
	}
	now := s.Now.In(p.Zone)
	fy := now.Year()
	if now.Month() < time.April {
		fy--
	}
	running, _ := figures.Year(fy, p.Zone)
	open := running // the end of the last year that is not reported
	for y := fy - 1; y >= 2019; y-- {
		_, end := figures.Year(y, p.Zone)
		if at, ok := taken["R"+strconv.Itoa(y-2018)]; !ok || at.Before(end) {
			break
		}
		open, _ = figures.Year(y, p.Zone)
	}
	return func(at time.Time) bool { return at.Before(open) || !at.Before(running) }, nil
}
