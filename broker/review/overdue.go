package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/store"
)

// AlarmAfter is how long after its date an overdue review raises an alarm. Before that, the clock tells auditors, head and the
// information-systems section on the date itself (broker/notify), and new windows of the system stop (policy, 121).
const AlarmAfter = 3 * 24 * time.Hour

// Due raises an alarm, once, for each review that stays overdue: to the central desk and to the desk of the owning section.
func (q *Queue) Due(ctx context.Context) error {
	found := false
	err := q.o.DB.Read(ctx, func(s *store.Snap) error {
		late, err := s.OverdueSince(s.Now.Add(-AlarmAfter))
		found = len(late) > 0
		return err
	})
	if err != nil || !found {
		return err
	}
	return q.o.DB.Write(ctx, func(tx *store.Tx) error {
		late, err := tx.OverdueSince(tx.Now.Add(-AlarmAfter))
		if err != nil {
			return err
		}
		for _, r := range late {
			if err := raise(tx, r); err != nil {
				return fmt.Errorf("raise review %s: %w", r.ID, err)
			}
		}
		return nil
	})
}

func raise(tx *store.Tx, r store.Review) error {
	sys, err := tx.System(r.System)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := tx.RaiseReview(r.ID); err != nil {
		return err
	}
	_, err = tx.RaiseAlarm(store.Alarm{What: store.AlarmReview, About: r.ID, Detail: map[string]any{"system": r.System, "due": r.Due, "auditor": r.Auditor}}, []string{sys.Section}, broker)
	return err
}
