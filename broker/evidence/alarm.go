package evidence

import (
	"context"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// timer is the actor of alarms about evidence.
var timer = ledger.Actor{Kind: "broker", Via: "timer"}

// againAfter is the time after which an alarm about the same finding is raised again although it was acknowledged.
const againAfter = 30 * 24 * time.Hour

// alarm alerts the section that owns the system and the central desk. It is raised even if the caller hangs up. The same
// finding is not raised again until a desk has acknowledged it.
func (k *Keeper) alarm(ctx context.Context, p pinned, bad *BadError) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		known, err := raised(s, bad)
		if known {
			bad = nil
		}
		return err
	})
	if err == nil && bad != nil {
		err = k.o.DB.Write(ctx, func(tx *store.Tx) error {
			if known, err := raised(tx.Snap, bad); err != nil || known {
				return err
			}
			var sections []string
			if sys, err := tx.System(p.system); err == nil {
				sections = []string{sys.Section}
			}
			detail := map[string]any{"finding": bad.Finding, "file": p.file, "entry": bad.Entry}
			_, err := tx.RaiseAlarm(store.Alarm{What: store.AlarmEvidence, About: bad.Session, Detail: detail}, sections, timer)
			return err
		})
	}
	switch {
	case err != nil:
		k.o.Log.Error("recording_alarm_not_raised", "session", p.session, "error", err)
	case bad != nil:
		k.o.Log.Error("recording_does_not_hold", "session", p.session, "finding", string(bad.Finding), "place", bad.Place)
	}
}

// raised reports whether this finding has an open or recent alarm.
func raised(s *store.Snap, bad *BadError) (bool, error) {
	all, err := s.Alarms(store.AlarmFilter{What: store.AlarmEvidence, About: bad.Session})
	for _, a := range all {
		if a.Detail["finding"] != string(bad.Finding) {
			continue
		}
		if s.Now.Sub(a.At) < againAfter {
			return true, err
		}
		for _, d := range a.Desks {
			if d.AckedAt.IsZero() {
				return true, err
			}
		}
	}
	return false, err
}
