package disposal_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/disposal"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// keeps puts times of keeping in force, in days.
func (r *room) keeps(ledgerDays, looksDays int) {
	r.t.Helper()
	r.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: store.KindNoticeInForce, Actor: timer, Payload: store.NoticeInForce{Version: 1, KeptDays: 365, LedgerDays: ledgerDays, LooksDays: looksDays}})
		return err
	})
}

// says appends an entry.
func (r *room) says(kind string, payload map[string]any, subjects ...string) {
	r.t.Helper()
	if payload == nil {
		payload = map[string]any{}
	}
	r.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: person, Subjects: subjects, Payload: payload})
		return err
	})
}

// payloads runs the chore, verifies, and lists the kinds of the entries whose payloads are gone, each once.
func (r *room) payloads() (gone []string) {
	r.t.Helper()
	p := &disposal.Payloads{DB: r.db, Zone: time.UTC, Log: hclog.NewNullLogger()}
	if err := p.Due(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	err := r.db.Read(r.t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{}) {
			if err != nil {
				return err
			}
			if e.Disposed() {
				gone = append(gone, e.Kind)
			}
		}
		var export bytes.Buffer
		checkpoint, err := s.LatestCheckpoint()
		if err == nil {
			err = ledger.WriteExport(&export, s.Entries(store.EntryFilter{}), checkpoint)
		}
		if err == nil {
			_, err = ledger.Verify(&export, ledger.VerifyOptions{Key: r.opt.Verifier}) // the auditor's verifier
		}
		return errors.Join(err, s.VerifyLedger(nil, nil))
	})
	if err != nil {
		r.t.Fatal(err)
	}
	slices.Sort(gone)
	return slices.Compact(gone)
}

func (r *room) gone(when string, want ...string) {
	r.t.Helper()
	if got := r.payloads(); !slices.Equal(got, want) {
		r.t.Errorf("%s: the payloads of %v are gone, want %v", when, got, want)
	}
}

func TestPayloadsGoByTheTimesInForce(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.keeps(1825, 730)
	r.says("vendor.viewed", nil, "V-1")
	r.says("person.language", nil, "U-TEN")
	r.says("keys.viewing-begun", nil)
	r.now = dawn.Add(730*day - time.Millisecond)
	r.gone("a millisecond before the looks' time is over")
	r.now = dawn.Add(730 * day)
	r.gone("at its end", "vendor.viewed")
	r.now = dawn.Add(1825*day - time.Millisecond)
	r.gone("a millisecond before the ledger's", "vendor.viewed")
	r.now = dawn.Add(1825 * day)
	r.gone("at its end", "person.language", "vendor.viewed")
	said := r.entries(ledger.KindDisposed)
	if len(said) != 2 || said[0]["by"] != ledger.ByRule || len(said[0]["leaves"].([]any)) != 1 ||
		fmt.Sprint(said[1]["rule"]) != "ledger.retention 1825 days, ledger.looks_retention 730 days; in force by entry 2 (0 days: for ever)" {
		t.Errorf("%v", said)
	}
	r.gone("again", "person.language", "vendor.viewed")
	if n := len(r.entries(ledger.KindDisposed)); n != 2 {
		t.Errorf("%d disposals", n)
	}
}

// Without times in force nothing goes, however old it is; times that a configuration proposes are not in force.
func TestWithoutATimeInForcePayloadsStay(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.says("person.language", nil, "U-TEN")
	r.now = dawn.Add(20000 * day)
	r.gone("no time")
	r.keeps(1825, 1825)
	r.byHand(`UPDATE ledger_entries SET kind = 'test.act' WHERE kind = 'notice.in-force'`)
	p := &disposal.Payloads{DB: r.db, Zone: time.UTC, Log: hclog.NewNullLogger()}
	if err := p.Due(t.Context()); err != nil || len(r.entries(ledger.KindDisposed)) != 0 {
		t.Errorf("%v", err)
	}
}

// A payload stays while a hold, an open review, a kept recording or a yearly report needs it.
func TestPayloadsThatAreNeededStay(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.keeps(365, 365)
	r.session(mine, "hr")
	r.session(others, "hr")
	for _, id := range []string{mine, others} {
		r.says("session.bookmarked", nil, id)
	}
	r.write(func(tx *store.Tx) error {
		return errors.Join(tx.AddHold(store.Hold{Session: mine, By: "U-TEN", Reason: "照会"}), tx.AddReview(store.Review{ID: others, Session: others, System: "hr", Created: r.now, Due: r.now}))
	})
	r.now = time.Date(2028, 5, 1, 0, 0, 0, 0, time.UTC)
	r.gone("held, and under review")
	r.write(func(tx *store.Tx) error {
		return errors.Join(tx.EndHold(1), tx.SignReview(others, "U-TEN", store.Signature{Verdict: "ok"}))
	})
	r.gone("their recordings are there")
	if err := r.archive().Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.gone("no yearly report was taken out", "session.bookmarked")
	report := func(year string) {
		r.says("form.exported", map[string]any{"form": "annual", "of": year, "format": "json"}, year, "U-TEN")
	}
	report("R9")
	r.gone("the year before is not reported", "session.bookmarked")
	report("R8")
	r.says("form.exported", map[string]any{"form": "reviews"}, "U-TEN")
	r.gone("both are", "session.bookmarked", "session.ended")
}

// An erased payload that no disposal names is still found after disposals by rule.
func TestAttackPayloadErasedBesideADisposal(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.keeps(365, 365)
	r.says("person.language", nil, "U-TEN")
	r.now = dawn.Add(365 * day)
	r.says("person.language", nil, "U-TEN")
	r.gone("by rule", "person.language")
	r.byHand(`UPDATE ledger_entries SET salt = NULL, payload = NULL WHERE idx = (SELECT max(idx) FROM ledger_entries WHERE kind = 'person.language')`)
	if err := r.db.Read(t.Context(), func(s *store.Snap) error { return s.VerifyLedger(nil, nil) }); err == nil {
		t.Error("an erased payload was not found")
	}
}
