package reports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// reportWithin is when a report is due if the system says nothing.
const reportWithin = 24 * time.Hour

// dueOf is when the report of a session is due. From that instant it is late.
func dueOf(v store.Session, sys store.System) time.Time {
	if sys.ReportWithin > 0 {
		return v.Ended.Add(sys.ReportWithin)
	}
	return v.Ended.Add(reportWithin)
}

// Submit hands a work report in: by an engineer of the sessions it covers, or a contact of their vendor. A report of a session that
// has one already corrects it; both stay. A late report is marked and ledgered, never refused. Submit returns the report as stored.
// Errors: *policy.Denied, *forms.Invalid.
func (c *Service) Submit(ctx context.Context, in WorkReport, by act.Caller) (store.WorkReport, error) {
	var out store.WorkReport
	err := act.Do(ctx, c.o.Acts, act.Subject[struct{}]{}, submit, "", by, func(tx *store.Tx, p act.Person, _ struct{}) error {
		bad := &forms.Invalid{Name: in.name}
		sessions, err := covered(tx.Snap, &in, p.Person, bad)
		if err != nil {
			return err
		}
		if err := in.check(tx.Snap, sessions, bad); err != nil {
			return err
		}
		if err := bad.OrNil(); err != nil {
			return err
		}
		first := sessions[0]
		sys, err := tx.System(first.System)
		if err != nil {
			return fmt.Errorf("system %s: %w", first.System, err)
		}
		out = store.WorkReport{Window: first.Window, Request: first.Request, System: first.System, Vendor: first.Vendor, SubmittedBy: p.ID, SubmittedAt: tx.Now,
			Sessions: in.Sessions, State: store.ReportSubmitted}
		if err := c.place(tx.Snap, &out, sessions, sys); err != nil {
			return err
		}
		if out.Body, out.SHA256, err = seal(in); err != nil {
			return err
		}
		if out.ID, err = tx.NextReportNo(); err != nil {
			return fmt.Errorf("number the report: %w", err)
		}
		if err := tx.AddWorkReport(out); err != nil {
			return fmt.Errorf("store report: %w", err)
		}
		kind := "report.submitted"
		if out.Corrects != "" {
			kind = "report.corrected"
		}
		if err := reportEntry(tx, kind, p.By, out, map[string]any{"result": in.Result, "pii_viewed": in.PIIViewed, "pii_copied": in.PIICopied, "files": len(in.Files)}); err != nil {
			return err
		}
		return settle(tx, out.Request, p.By)
	})
	return out, err
}

// covered reads the sessions that a report names. A person who was not there learns nothing about them.
func covered(s *store.Snap, in *WorkReport, p policy.Person, bad *forms.Invalid) ([]store.Session, error) {
	if err := policy.MayReport(p, true).Err(); err != nil {
		return nil, err
	}
	note := func(code, ja, en string) { bad.Problems = append(bad.Problems, in.problem("sessions", code, ja, en)) }
	slices.Sort(in.Sessions)
	in.Sessions = slices.Compact(in.Sessions)
	var all []store.Session
	present := false
	for _, id := range in.Sessions {
		v, err := s.Session(id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("session %q: %w", id, err)
		}
		switch {
		case err != nil || v.Vendor != p.Vendor || p.Vendor == "":
			note("unknown-session", "接続番号が見つかりません: "+id, fmt.Sprintf("no session %q", id))
		case v.State.Live():
			note("session-under-way", id+" はまだ接続中です。終わってから報告してください。", fmt.Sprintf("session %s is still under way; report when it has ended", id))
		case v.Started.IsZero():
			note("session-not-used", id+" は接続されていません。報告は要りません。", fmt.Sprintf("session %s never began; it needs no report", id))
		case len(all) > 0 && all[0].Window != v.Window:
			note("several-windows", "一つの報告書に書けるのは一つの時間枠の接続だけです。", "one report covers the sessions of one window only")
		default:
			present = present || v.Person == p.ID
			all = append(all, v)
		}
	}
	if len(bad.Problems) == 0 && len(all) == 0 {
		note("session-required", "接続番号を書いてください。", "name the session")
	}
	if len(bad.Problems) == 0 {
		return all, policy.MayReport(p, present).Err()
	}
	return all, nil
}

// check checks a report's statements, and fills in the broker's facts.
func (r *WorkReport) check(s *store.Snap, sessions []store.Session, bad *forms.Invalid) error {
	note := func(field, code, ja, en string) { bad.Problems = append(bad.Problems, r.problem(field, code, ja, en)) }
	for _, said := range []struct {
		field, text string
		needed      bool
	}{
		{"done", r.Done, true}, {"changes", r.Changes, false}, {"deviation", r.Deviation, false},
		{"deviation_reason", r.DeviationReason, r.Deviation != ""}, {"remaining", r.Remaining, r.Result == ResultPart},
	} {
		var one *forms.Invalid
		if errors.As(sayable(said.field, said.text, said.needed), &one) {
			note(said.field, one.Problems[0].Code, one.Problems[0].JA, one.Problems[0].EN)
		}
	}
	if r.Result != ResultDone && r.Result != ResultPart && r.Result != ResultStopped {
		note("result", "unknown-word", "結果は done(完了)、part(一部)、stopped(中止)のどれかです。", "result is done, part or stopped")
	}
	if r.PIICopied && !r.PIIViewed {
		note("pii_viewed", "copied-unseen", "複写したなら、閲覧もあります。", "what was copied was viewed too")
	}
	if len(sessions) == 0 {
		return nil
	}
	began, ended := sessions[0].Started, sessions[0].Ended
	for _, v := range sessions {
		if v.Started.Before(began) {
			began = v.Started
		}
		if v.Ended.After(ended) {
			ended = v.Ended
		}
	}
	if r.From.IsZero() {
		r.From = began
	}
	if r.Until.IsZero() {
		r.Until = ended
	}
	r.From, r.Until = r.From.UTC(), r.Until.UTC()
	switch {
	case r.Until.Before(r.From):
		note("performed_until", "end-before-start", "終了は開始より後にしてください。", "the end must be after the start")
	case s.Now.Before(r.Until):
		note("performed_until", "in-the-future", "実施日時が先の時刻です。", "the work lies in the future")
	}
	return r.people(s, sessions, note)
}

// people checks the engineers: all are of the vendor, and everyone with a session is among them.
func (r *WorkReport) people(s *store.Snap, sessions []store.Session, note func(field, code, ja, en string)) error {
	ids := []string{}
	for _, name := range r.Engineers {
		p, err := s.Person(name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("person %q: %w", name, err)
		}
		if err != nil || p.Vendor != sessions[0].Vendor {
			note("engineers", "engineer-not-eligible", name+" はこの保守事業者の保守要員ではありません。", fmt.Sprintf("%q is no engineer of this vendor", name))
			continue
		}
		ids = append(ids, p.ID)
	}
	for _, v := range sessions {
		if len(r.Engineers) > 0 && !slices.Contains(ids, v.Person) {
			note("engineers", "engineer-missing", v.Person+" が接続しました。作業者に加えてください。", v.Person+" had a session; name them among the engineers")
		}
		ids = append(ids, v.Person)
	}
	slices.Sort(ids)
	r.Engineers = slices.Compact(ids)
	return nil
}

// place notes which report this one corrects, when it was due and whether it is late. A correction is never late.
func (c *Service) place(s *store.Snap, p *store.WorkReport, sessions []store.Session, sys store.System) error {
	for _, v := range sessions {
		due := dueOf(v, sys)
		if p.Due.IsZero() || due.Before(p.Due) {
			p.Due = due
		}
		before, err := s.ReportOf(v.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			p.Late = p.Late || !s.Now.Before(due)
		case err != nil:
			return fmt.Errorf("report of session %s: %w", v.ID, err)
		default:
			p.Corrects = before.ID
			// A report may not count for only one of its sessions: it could be neither accepted nor sent back.
			if i := slices.IndexFunc(before.Sessions, func(id string) bool { return !slices.Contains(p.Sessions, id) }); i >= 0 {
				return forms.Wrong("sessions", "correct-whole", before.ID+" が対象とする "+before.Sessions[i]+" も含めて訂正してください。",
					"correct "+before.ID+" whole: it covers "+before.Sessions[i]+" too")
			}
		}
	}
	return nil
}

func reportEntry(tx *store.Tx, kind string, by ledger.Actor, p store.WorkReport, more map[string]any) error {
	payload := map[string]any{"report": p.ID, "sessions": p.Sessions, "window": p.Window, "request": p.Request, "sha256": p.SHA256, "due": p.Due, "late": p.Late,
		"submitted_by": p.SubmittedBy}
	if p.Corrects != "" {
		payload["corrects"] = p.Corrects
	}
	for k, v := range more {
		payload[k] = v
	}
	subjects := append([]string{p.ID, p.Window, p.Request, p.System, p.Vendor}, p.Sessions...)
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: subjects, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}
