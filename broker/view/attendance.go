package view

import (
	"time"

	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/store"
)

func Attendance(v attendance.Shown, z *time.Location) api.Attendance {
	out := api.Attendance{
		Window: Window(v.Window, asActed(v.Window), v.Now, z), Now: At(v.Now, z), SystemName: v.System.Name, Items: Each(v.Items, CheckItem),
		Overrides: v.Window.Overrides, Identity: v.System.IdentityCheck, NeedsBeat: v.NeedsBeat, Present: At(v.Window.Present, z),
		Sessions: Each(v.Sessions, func(s store.Session) api.Session { return Session(s, z) }),
	}
	pause, cut := v.System.Patience()
	out.PauseMS, out.CutMS, out.BeatMS = pause.Milliseconds(), cut.Milliseconds(), min(10*time.Second, pause/3).Milliseconds()
	if list := v.System.Checklist; len(list.Steps) > 0 {
		out.Checklist = &api.Checklist{Version: list.Version, Title: list.Title, Voided: v.Voided}
		for i, s := range v.Steps {
			step := api.ChecklistStep{No: i + 1, ID: s.ID, JA: s.JA, EN: s.EN, Mandatory: s.Mandatory, Phase: string(s.Phase)}
			if s.Tick != nil {
				step.Method, step.By, step.At = string(s.Tick.Method), s.Tick.By, At(s.Tick.At, z)
			}
			out.Checklist.Steps = append(out.Checklist.Steps, step)
		}
	}
	if v.System.BackupAge > 0 {
		out.BackupAge = v.System.BackupAge.String()
	}
	if b := v.Backup; b != nil {
		out.Backup = &api.Backup{At: At(b.At, z), How: string(b.How), OK: b.OK, Note: b.Note, By: b.By, Stated: At(b.Stated, z)}
	}
	if h := v.Handover; h != nil {
		out.Handover = &api.Handover{From: h.From, To: h.To, By: h.By, At: At(h.Offered, z)}
	}
	for _, x := range v.Asked {
		out.Asked = append(out.Asked, api.AskedExtension{ID: x.ID, Minutes: int(x.By / time.Minute), Reason: x.Reason, By: x.AskedBy, At: At(x.AskedAt, z)})
	}
	return out
}
