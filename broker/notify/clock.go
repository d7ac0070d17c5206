package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// The things that the clock alone makes due.
const (
	WindowUnattended = "clock:window-unattended" // a window has begun, and no one has taken the post of attendant
	WindowClosing    = "clock:window-closing"    // a window in use ends within closingIn
	WindowOver       = "clock:window-over"       // a window has reached its end
	ReviewSoon       = "clock:review-soon"       // a review is not signed, and its date is near by the system's rule
	ReviewOverdue    = "clock:review-overdue"    // a review is not signed by its date
	AnswerOverdue    = "clock:answer-overdue"    // the date is over by which a review wanted an answer or a correction
)

const (
	closingIn   = 10 * time.Minute
	overWithin  = time.Hour           // a window's end longer ago is news to no one
	lateWithin  = 30 * 24 * time.Hour // so is a date to answer by
	mostAtATime = 100                 // reviews that one look takes
	mostSoon    = 1000                // and of those that are due soon
)

// madeByClock reads what a row of the clock is about.
func (m *matter) madeByClock(s *store.Snap) error {
	if m.out.What == CheckpointOfDay {
		return m.readCheckpoint(s)
	}
	id, _, _ := strings.Cut(m.out.Subject, "#") // a further question of a review has its count behind the number
	switch m.out.What {
	case ReviewSoon, ReviewOverdue, AnswerOverdue:
		if err := found(&m.review, id, s.Review); err != nil {
			return fmt.Errorf("read review %s: %w", id, err)
		}
		// A reminder of an earlier auditor, of an earlier date, or of a review that was signed meanwhile reminds no one.
		m.reminds = m.out.What == ReviewSoon && m.review.Verdict == "" && store.ReviewReminder(m.review) == m.out.Subject
		if err := errors.Join(found(&m.window, m.review.Window, s.Window), found(&m.session, m.review.Session, s.Session)); err != nil {
			return fmt.Errorf("read the work of review %s: %w", id, err)
		}
		return nil
	}
	if err := found(&m.window, id, s.Window); err != nil {
		return fmt.Errorf("read window %s: %w", id, err)
	}
	if m.out.What == WindowOver {
		used, err := s.Sessions(store.SessionFilter{Window: id, Limit: 1})
		if err != nil {
			return fmt.Errorf("read the sessions of %s: %w", id, err)
		}
		m.unused = len(used) == 0
	}
	return nil
}

// due is one thing for the outbox.
type due struct{ what, subject string }

// Clock puts into the outbox what the clock alone makes due, each once.
func (s *Service) Clock(ctx context.Context) error {
	var all []due
	err := s.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
		if all, err = windowsDue(snap); err != nil {
			return err
		}
		day, err := s.checkpointDue(snap)
		if err != nil {
			return err
		}
		all = append(all, day...)
		soon, err := reviewsSoon(snap)
		if err != nil {
			return err
		}
		all = append(all, soon...)
		late, err := snap.LateReviews(ReviewOverdue, mostAtATime)
		if err != nil {
			return fmt.Errorf("read overdue reviews: %w", err)
		}
		answers, err := snap.LateAnswers(AnswerOverdue, snap.Now.Add(-lateWithin), mostAtATime)
		if err != nil {
			return fmt.Errorf("read overdue answers: %w", err)
		}
		for _, id := range late {
			all = append(all, due{ReviewOverdue, id})
		}
		for _, id := range answers {
			all = append(all, due{AnswerOverdue, id})
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		return err
	}
	return s.keep(ctx, func(k *store.KeepTx) error {
		for _, d := range all {
			if err := k.ClockMade(d.what, d.subject); err != nil {
				return err
			}
		}
		return nil
	})
}

// reviewsSoon are the reviews of which their auditor is to be reminded, by the rule of the system.
func reviewsSoon(s *store.Snap) (all []due, err error) {
	soon, err := s.SoonReviews(ReviewSoon, s.Now.Add(policy.LongestReminderDays*24*time.Hour), mostSoon)
	if err != nil {
		return nil, fmt.Errorf("read reviews that are due soon: %w", err)
	}
	for _, r := range soon {
		var system store.System
		if err := found(&system, r.System, s.System); err != nil {
			return nil, fmt.Errorf("read system %s: %w", r.System, err)
		}
		if system.ReviewDueSoon(r.Due, s.Now) {
			all = append(all, due{ReviewSoon, store.ReviewReminder(r)})
		}
	}
	return all, nil
}

// windowsDue are the windows that begin without an attendant, close soon, or have reached their end.
func windowsDue(s *store.Snap) ([]due, error) {
	windows, err := s.Windows(store.WindowFilter{States: []policy.WindowState{policy.WindowScheduled, policy.WindowAttended, policy.WindowPermitted},
		EndAfter: s.Now.Add(-overWithin), StartBefore: s.Now.Add(time.Millisecond), Limit: 1000})
	if err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	var all []due
	for _, w := range windows {
		what := ""
		switch {
		case !s.Now.Before(w.End):
			what = WindowOver
		case w.State == policy.WindowScheduled:
			system, err := s.System(w.System)
			if err != nil {
				return nil, fmt.Errorf("read system %s: %w", w.System, err)
			}
			if system.AttendanceRule() != policy.AttendanceNone {
				what = WindowUnattended
			}
		case w.State == policy.WindowPermitted && w.End.Sub(s.Now) <= closingIn:
			what = WindowClosing
		}
		if what == "" {
			continue
		}
		told, err := s.MadeByClock(what, w.ID)
		if err != nil {
			return nil, err
		}
		if !told {
			all = append(all, due{what, w.ID})
		}
	}
	return all, nil
}
