package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// keepingAgain is the time between two alarms about the same lasting problem.
const keepingAgain = 24 * time.Hour

// lookAtKeeping raises an alarm where checkpoints cannot be published, or recordings and entries cannot be written. In the second
// case the gate refuses everyone [128]; in the first a cut ledger would go unnoticed. An engineer or auditor must not be the first to notice.
func (b *Broker) lookAtKeeping(ctx context.Context, c Config) error {
	var failed error
	if p := b.db.Published(); p.Configured && p.Err != nil {
		failed = b.alarmOnce(ctx, store.AlarmCheckpoint, "checkpoint_dir", c.Ledger.CheckpointDir, p.Err.Error())
	}
	_ = b.sup.Preflight(ctx) // a failure is among what was not kept
	why := b.sup.TakeUnkept()
	if why == "" && b.sup.Runtime().Recorder == policy.RecorderFailed {
		why = "less than min_free_space is left, or it cannot be told"
	}
	if why != "" {
		failed = errors.Join(failed, b.alarmOnce(ctx, store.AlarmUnrecordable, "recordings", c.RecordingsDir(), why))
	}
	return failed
}

// lookAtSpace raises an alarm where the room for recordings lasts fewer days, at the rate of the last thirty, than the institution's rule
// space_days wants. There is none where the institution has no such rule, or where nothing was recorded yet.
func (b *Broker) lookAtSpace(ctx context.Context, c Config) error {
	lasts, wanted := -1, 0
	err := b.db.Read(ctx, func(s *store.Snap) error {
		i, err := s.Institution()
		lasts, wanted = b.sup.SpaceDays(s), i.SpaceDays
		return err
	})
	if err != nil || lasts < 0 || lasts >= wanted {
		return err
	}
	return b.alarmOnce(ctx, store.AlarmSpaceShort, "recordings", c.RecordingsDir(), fmt.Sprintf("room for %d days of recordings is left, and %d are wanted", lasts, wanted))
}

func (b *Broker) alarmOnce(ctx context.Context, what store.AlarmKind, about, place, why string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	raised := false
	err := b.db.Write(ctx, func(tx *store.Tx) (err error) {
		a := store.Alarm{What: what, About: about, Detail: map[string]any{"place": place, "reason": why}}
		raised, err = tx.RaiseAlarmOnce(a, keepingAgain, nil, ledger.Actor{Kind: "broker", Via: "timer"})
		return err
	})
	if err != nil {
		return fmt.Errorf("raise alarm %s: %w", what, err)
	}
	if raised {
		b.log.Error("alarm_raised", "what", string(what), "place", place, "reason", why)
	}
	return nil
}
