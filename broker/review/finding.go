package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// found has the facts for an act on a finding.
type found struct {
	Finding store.ReviewFinding
	Review  store.Review
	Work    policy.Subject // the work of the review; Answered are the people who answered this finding
}

// Correcting is the table of an owner's answer.
var Correcting = field.Table[api.FindingCorrection]{
	field.Text("correction", "是正の内容", "Correction", func(b *api.FindingCorrection) *string { return &b.Correction }).Most(longestAnswer).
		Need("correction-required", "是正の内容を入力してください。", "enter what was corrected"),
}

// Verifying is the table of an auditor's closing.
var Verifying = field.Table[api.FindingVerified]{
	field.Text("verified", "確認した内容", "How it was verified", func(b *api.FindingVerified) *string { return &b.Verified }).Most(longestAnswer).
		Need("verified-required", "是正を確かめた方法を入力してください。", "enter how the correction was verified"),
}

// The acts on a finding.
var (
	correct = act.Act[found]{
		Spec: act.Spec{Name: AnswerName, Path: api.Findings.Pattern("no", AnswerName), Command: "finding answer", Operands: "FINDING", JA: "指摘に是正の内容を答える(記録されます)", EN: "answer a finding: what was corrected; it is ledgered",
			Fields: Correcting, Callers: act.Everyone()},
		May: func(p policy.Person, on found, now time.Time) policy.Decision {
			return policy.MayAnswerFinding(p, on.Finding.Rules(), now)
		}, Refused: refusedFinding}
	closing = act.Act[found]{
		Spec: act.Spec{Name: "close", Path: api.Findings.Pattern("no", "close"), Command: "finding close", Operands: "FINDING", JA: "是正を確かめて指摘を完了する", EN: "verify the correction and close the finding",
			Fields: Verifying, Callers: act.Those(policy.Auditor)},
		May: func(p policy.Person, on found, now time.Time) policy.Decision {
			return policy.MayCloseFinding(p, on.Work, on.Finding.Rules(), now)
		}, Ready: corrected, Refused: refusedFinding}
)

// OnFinding is a finding with the acts on it.
var OnFinding = act.Subject[found]{Load: loadFinding, Acts: []act.Act[found]{correct, closing}}

func loadFinding(s *store.Snap, no string) (on found, err error) {
	if on.Finding, err = s.Finding(no); err != nil {
		return on, fmt.Errorf("finding %q: %w", no, err)
	}
	of, err := load(s, on.Finding.Review)
	if err != nil {
		return on, err
	}
	answers, err := s.FindingAnswers(no)
	if err != nil {
		return on, fmt.Errorf("answers to %s: %w", no, err)
	}
	on.Review, on.Work = of.Review, of.Subject
	for _, a := range answers {
		on.Work.Answered = append(on.Work.Answered, a.By)
	}
	return on, nil
}

// corrected refuses to close a finding that no one has answered.
func corrected(_ *store.Snap, _ policy.Person, on found) error {
	if on.Finding.Answered.IsZero() {
		return forms.Wrong("finding", "not-answered", "相手がまだ是正の内容を答えていません。", "the owner has not answered yet")
	}
	return nil
}

func refusedFinding(by act.Caller, no string, err error) (act.Refusal, bool) {
	return refusedOn("finding", by, no, err)
}

// openFinding opens the finding of a judgement "fix", and keeps the recordings of the work from disposal.
func openFinding(tx *store.Tx, r store.Review, v store.Signature, sessions []store.Session, by ledger.Actor) error {
	no, err := tx.NextFindingNo()
	if err != nil {
		return err
	}
	f := store.ReviewFinding{No: no, Review: r.ID, System: r.System, Vendor: r.Vendor, Finding: v.Note, Addressee: v.Addressee, To: v.To, Due: v.AnswerBy, OpenedBy: by.ID}
	if err := tx.AddFinding(f); err != nil {
		return fmt.Errorf("open %s: %w", no, err)
	}
	var held, gone []string
	for _, s := range sessions {
		if s.Recording == "" {
			continue
		}
		if err := tx.AddHold(store.Hold{Session: s.ID, Cause: no, By: by.ID, Reason: v.Note}); err != nil {
			return fmt.Errorf("hold %s for %s: %w", s.ID, no, err)
		}
		switch _, err := tx.Disposal(s.ID); {
		case errors.Is(err, store.ErrNotFound):
			held = append(held, s.ID)
		case err != nil:
			return fmt.Errorf("disposal of %s: %w", s.ID, err)
		default: // the hold keeps its files and the payloads of its entries
			gone = append(gone, s.ID)
		}
	}
	if err := findingEntry(tx, "finding.opened", by, f, r, map[string]any{"finding": v.Note, "addressee": v.Addressee, "due": v.AnswerBy}); err != nil {
		return err
	}
	return tx.LedgerHeld(no, held, gone, by)
}

func findingEntry(tx *store.Tx, kind string, by ledger.Actor, f store.ReviewFinding, r store.Review, more map[string]any) error {
	more["finding_no"], more["review"] = f.No, f.Review
	_, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: []string{f.No, f.Review, r.Request, f.System, f.Vendor}, Payload: more})
	return err
}

// Correct stores the owner's answer to a finding; a further answer follows an earlier one. Errors: *policy.Denied — forbidden, already-decided;
// *forms.Invalid for an answer without text.
func (q *Queue) Correct(ctx context.Context, no string, in api.FindingCorrection, by act.Caller) (api.ReviewFinding, error) {
	return act.Run(ctx, q.o.Acts, OnFinding, correct, no, by, func(tx *store.Tx, p act.Person, on found) (api.ReviewFinding, error) {
		said := forms.Printable(in.Correction)
		if policy.Blank(said) {
			return api.ReviewFinding{}, forms.Wrong("correction", "correction-required", "是正の内容を入力してください。", "enter what was corrected")
		}
		if err := tx.AnswerFinding(no, p.ID, said); err != nil {
			return api.ReviewFinding{}, fmt.Errorf("answer %s: %w", no, err)
		}
		if err := findingEntry(tx, "finding.answered", p.By, on.Finding, on.Review, map[string]any{"correction": said, "late": !tx.Now.Before(on.Finding.Due)}); err != nil {
			return api.ReviewFinding{}, err
		}
		return Finding(tx.Snap, no, q.o.Zone)
	})
}

// Close ends a finding whose correction the auditor verified. The recordings stay on hold until two people release them. Errors: *policy.Denied —
// forbidden, auditor-conflict, already-decided; *forms.Invalid for a finding without an answer, and for a body without text.
func (q *Queue) Close(ctx context.Context, no string, in api.FindingVerified, by act.Caller) (api.ReviewFinding, error) {
	return act.Run(ctx, q.o.Acts, OnFinding, closing, no, by, func(tx *store.Tx, p act.Person, on found) (api.ReviewFinding, error) {
		how := forms.Printable(in.Verified)
		if policy.Blank(how) {
			return api.ReviewFinding{}, forms.Wrong("verified", "verified-required", "是正を確かめた方法を入力してください。", "enter how the correction was verified")
		}
		if err := tx.CloseFinding(no, p.ID, how); err != nil {
			return api.ReviewFinding{}, fmt.Errorf("close %s: %w", no, err)
		}
		if err := findingEntry(tx, "finding.closed", p.By, on.Finding, on.Review, map[string]any{"verified": how, "late": !tx.Now.Before(on.Finding.Due)}); err != nil {
			return api.ReviewFinding{}, err
		}
		return Finding(tx.Snap, no, q.o.Zone)
	})
}

// Finding gives a stored finding as the API shows it. Errors: store.ErrNotFound.
func Finding(s *store.Snap, no string, zone *time.Location) (api.ReviewFinding, error) {
	f, err := s.Finding(no)
	if err != nil {
		return api.ReviewFinding{}, fmt.Errorf("finding %q: %w", no, err)
	}
	return Shown(s, f, zone)
}

// Shown gives a finding that was read already, with its answers.
func Shown(s *store.Snap, f store.ReviewFinding, zone *time.Location) (api.ReviewFinding, error) {
	out := api.ReviewFinding{No: f.No, Review: f.Review, System: f.System, Vendor: f.Vendor, State: api.FindingOpen, Finding: f.Finding, Addressee: f.Addressee, Due: f.Due.In(zone),
		Overdue: f.Open() && f.Answered.IsZero() && !s.Now.Before(f.Due), OpenedBy: f.OpenedBy, OpenedAt: f.OpenedAt.In(zone), Answers: []api.FindingAnswer{}, VerifiedBy: f.ClosedBy, Verified: f.Verified}
	r, err := s.Review(f.Review)
	if err != nil {
		return out, fmt.Errorf("review of %s: %w", f.No, err)
	}
	out.Window = r.Window
	answers, err := s.FindingAnswers(f.No)
	if err != nil {
		return out, fmt.Errorf("answers to %s: %w", f.No, err)
	}
	for _, a := range answers {
		out.State = api.FindingAnswered
		out.Answers = append(out.Answers, api.FindingAnswer{Correction: a.Correction, By: a.By, At: a.At.In(zone)})
	}
	if !f.ClosedAt.IsZero() {
		out.State, out.ClosedAt = api.FindingClosed, f.ClosedAt.In(zone)
	}
	return out, nil
}
