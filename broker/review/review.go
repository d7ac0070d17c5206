package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// DueIn is how long the auditor has from the end of the session.
const DueIn = 10 * 24 * time.Hour

// Verdict is the auditor's judgement.
type Verdict string

// The verdicts, as screens §6 names them.
const (
	OK       Verdict = "ok"
	Question Verdict = "question"
	Fix      Verdict = "fix"
)

// Options are what New needs. DB is required.
type Options struct {
	DB  *store.DB
	Log hclog.Logger // nil: none
}

// Queue is safe for concurrent use.
type Queue struct{ o Options }

// New makes a queue on an open store.
func New(o Options) *Queue {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Queue{o: o}
}

// Owe puts a session that ended into the queue, inside the transaction that ends it. Owing twice is no
// error: what a crash interrupted may be ended again.
func Owe(tx *store.Tx, session string) error {
	err := tx.AddReview(store.Review{Session: session, Created: tx.Now, Due: tx.Now.Add(DueIn)})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("owe the review of %s: %w", session, err)
	}
	return nil
}

// Sign signs a session's review. Errors: *policy.Denied — forbidden, auditor-conflict, already-decided;
// *forms.Invalid without the reason that question and fix need, for a session that is still under way.
func (q *Queue) Sign(ctx context.Context, session string, v Verdict, note string, by ledger.Actor) error {
	if v != OK && v != Question && v != Fix {
		return invalid("verdict", "unknown-word", "判定は ok、question、fix のどれかです。", "the verdict is ok, question or fix")
	}
	if note = forms.Printable(note); note == "" && v != OK {
		return invalid("note", "reason-required", "要確認・是正要には理由が必要です。", "question and fix need a reason")
	}
	return q.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		subject, err := tx.Subject(session)
		if err != nil {
			return fmt.Errorf("session %q: %w", session, err)
		}
		facts := policy.Facts{Person: p, Subject: &subject}
		attempt := policy.Attempt{Act: policy.ActReview, Person: p.ID, Key: true, Factor: true, Session: session} // a token was got with password and code
		if err := policy.Decide(facts, attempt, tx.Now).Err(); err != nil {
			return err
		}
		if subject.Live {
			return invalid("session", "still-live", "接続が終わってから点検してください。", "the session has not ended yet")
		}
		r, err := tx.Review(session)
		if err != nil {
			return fmt.Errorf("review of %q: %w", session, err)
		}
		if r.Auditor != "" && r.Auditor != p.ID {
			return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": string(policy.Auditor)}}
		}
		switch err := tx.SignReview(session, p.ID, string(v), note); {
		case errors.Is(err, store.ErrNotFound):
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": session}}
		case err != nil:
			return fmt.Errorf("sign review: %w", err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "review.signed", Actor: by, Subjects: []string{session, subject.System},
			Payload: map[string]any{"session_id": session, "verdict": v, "note": note}})
		return err
	})
}

// List gives reviews by due date.
func (q *Queue) List(ctx context.Context, f store.ReviewFilter) ([]store.Review, error) {
	var list []store.Review
	err := q.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		list, err = s.Reviews(f)
		return err
	})
	return list, err
}

// Show gives the review a session is owed. Error: store.ErrNotFound.
func (q *Queue) Show(ctx context.Context, session string) (store.Review, error) {
	var r store.Review
	err := q.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		r, err = s.Review(session)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("review of %q: %w", session, err)
	}
	return r, nil
}

func invalid(field, code, ja, en string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: code, JA: ja, EN: en}}}
}
