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

func Freeze(f freeze.Status, z *time.Location) api.Freeze {
	return api.Freeze{
		ID: f.ID, Scope: string(f.Scope), Subject: f.Subject, System: f.System, State: f.State(), Drill: f.Drill, By: f.By, AgreedBy: f.AgreedBy,
		Since: At(f.Since, z), Reason: f.Reason, Held: f.Held, Cut: f.Cut, Lifts: Lifts(f.Lifts, z), Lifted: At(f.Lifted, z),
	}
}

func Alarm(a store.Alarm, z *time.Location) api.Alarm {
	out := api.Alarm{ID: a.ID, What: string(a.What), About: a.About, At: At(a.At, z), Detail: a.Detail, To: []api.AlarmDesk{}}
	for _, d := range a.Desks {
		out.To = append(out.To, api.AlarmDesk{Desk: d.Desk, AckedBy: d.AckedBy, AckedAt: At(d.AckedAt, z), Note: d.Note})
	}
	return out
}
