package view

import (
	"time"

	"sekimori/broker/api"
	"sekimori/broker/freeze"
	"sekimori/broker/store"
)

func Lifts(all []store.Lift, z *time.Location) []api.Lift {
	var out []api.Lift
	for _, l := range all {
		out = append(out, api.Lift{By: l.By, At: At(l.At, z), Reason: l.Reason})
	}
	return out
}

// Freeze shows a freeze or drill as of now.
func Freeze(f freeze.Status, now time.Time, z *time.Location) api.Freeze {
	out := api.Freeze{
		ID: f.ID, Scope: string(f.Scope), Subject: f.Subject, System: f.System, State: f.State(), Drill: f.Drill, By: f.By, AgreedBy: f.AgreedBy,
		Since: At(f.Since, z), Reason: f.Reason, Held: f.Held, Cut: f.Cut, Lifts: Lifts(f.Lifts, z), Lifted: At(f.Lifted, z),
		Tell: Each(f.Tells, func(t store.IncidentTell) api.Tell { return tell(t, f.Since, now, z) }), NotOver: f.NotOver,
	}
	if f.NotOver == 0 && !f.LastCut.IsZero() {
		out.LastCut, out.CutSeconds = At(f.LastCut, z), f.LastCut.Sub(f.Since).Seconds()
	}
	return out
}

// tell shows one who must be told; store lists those who are late first.
func tell(t store.IncidentTell, since, now time.Time, z *time.Location) api.Tell {
	out := api.Tell{Key: t.Key, JA: t.Who.JA, EN: t.Who.EN, Note: t.Note, State: api.TellOpen, Due: At(t.Due, z), At: At(t.At, z), By: t.By, Words: t.Words}
	switch {
	case !t.At.IsZero():
		out.State, out.Seconds = api.TellDone, t.At.Sub(since).Seconds()
	case t.Due.Before(now):
		out.State = api.TellLate
	}
	return out
}

func Alarm(a store.Alarm, z *time.Location) api.Alarm {
	out := api.Alarm{ID: a.ID, What: string(a.What), About: a.About, At: At(a.At, z), Detail: a.Detail, To: []api.AlarmDesk{}}
	for _, d := range a.Desks {
		out.To = append(out.To, api.AlarmDesk{Desk: d.Desk, AckedBy: d.AckedBy, AckedAt: At(d.AckedAt, z), Note: d.Note})
	}
	return out
}
