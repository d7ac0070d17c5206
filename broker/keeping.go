package broker

import (
	"context"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// keepingEvery is how often the broker looks whether what it must keep can be kept; keepingAgain is how long after an alarm the next
// one about the same is raised, while it lasts.
const (
	keepingEvery = 5 * time.Second
	keepingAgain = 24 * time.Hour
)

// watchKeeping raises an alarm where checkpoints do not get out, or recordings and entries cannot be written: nobody is let in then
// [128], or a ledger that is cut goes unseen, and neither may be found out by the next engineer or auditor.
func (b *Broker) watchKeeping(ctx context.Context, c Config) {
	tick := time.NewTicker(keepingEvery)
	defer tick.Stop()
	for {
		b.lookAtKeeping(ctx, c)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (b *Broker) lookAtKeeping(ctx context.Context, c Config) {
	if p := b.db.Published(); p.Configured && p.Err != nil {
		b.alarmOnce(ctx, store.AlarmCheckpoint, "checkpoint_dir", c.CheckpointDir, p.Err.Error())
	}
	why := b.sup.TakeUnkept()
	if why == "" && b.sup.Runtime().Recorder == policy.RecorderFailed {
		why = "less than min_free_space is left, or it cannot be told"
	}
	if why != "" {
		b.alarmOnce(ctx, store.AlarmUnrecordable, "recordings", c.RecordingsDir(), why)
	}
}

func (b *Broker) alarmOnce(ctx context.Context, what store.AlarmKind, about, place, why string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	raised := false
	err := b.db.Write(ctx, func(tx *store.Tx) (err error) {
		a := store.Alarm{What: what, About: about, Detail: map[string]any{"place": place, "reason": why}}
		raised, err = tx.RaiseAlarmOnce(a, keepingAgain, nil, ledger.Actor{Kind: "broker", Via: "timer"})
		return err
	})
	switch {
	case err != nil && ctx.Err() == nil:
		b.log.Error("alarm_not_raised", "what", string(what), "error", err)
	case raised:
		b.log.Error("alarm_raised", "what", string(what), "place", place, "reason", why)
	}
}
