package pages

import (
	"fmt"
	"net/url"
	"time"

	"sekimori/broker/api"
	"sekimori/policy/text"
)

// stepsOn adds the steps in their compulsory order: the checklist before the start, the backup, the post, the identity check, the permission,
// and the checklist after the end. The buttons are the acts' offers.
func (v *visit) stepsOn(page *ConsolePage, c api.Console) {
	a := c.Attendance
	base := "/windows/" + url.PathEscape(a.ID)
	done, doneChip := true, chip(text2("済み", "Done"), look{"check", "ok"})
	add := func(s Step) {
		s.No = len(page.Steps) + 1
		switch {
		case !s.Told.IsZero():
			s.Action, s.Chip = "", doneChip
		case s.Action != "" && done:
			s.Chip, done = chip(text2("いま行う", "Now"), look{"clock", "attention"}), false
		default:
			switch {
			case !s.Locked.IsZero():
			case s.No == 1 || done: // no step before it keeps it closed: the act says what does
				s.Locked = s.Closed
			default:
				s.Locked = text2(fmt.Sprintf("手順%dが済むと押せます", len(page.Steps)), fmt.Sprintf("Opens when step %d is done", len(page.Steps)))
			}
			s.Action, s.Chip, done = "", chip(text2("まだ", "Not yet"), look{"dash", "waiting"}), false
		}
		page.Steps = append(page.Steps, s)
	}
	if list := a.Checklist; list != nil {
		page.ListTitle, page.Version = list.Title, list.Version
	}
	v.checklist(a, "open", base, add)
	if a.BackupAge != "" {
		s := Step{Closed: whyClosed(a.Offers, "backup"), Label: text2("バックアップの確認", "Confirm the backup"), Backup: true, Button: actName("backup")}
		if openOffer(a.Offers, "backup") {
			s.Action = base + "/backup"
		}
		if b := a.Backup; b != nil {
			s.Told = v.told(b.By, b.Stated, text2("", ""))
		}
		add(s)
	}
	v.openingLine(a, base, add)
	post := Step{Closed: whyClosed(a.Offers, "open"), Label: text2("立会いを始める", "Take the post"), Button: actName("open")}
	if openOffer(a.Offers, "open") {
		post.Action, post.Proof = base+"/open", true
	}
	if !a.OpenedAt.IsZero() {
		post.Told = v.told(a.Attendant, a.OpenedAt, text.Text{})
	}
	add(post)
	if a.Identity || len(a.Calls) > 0 {
		add(v.identityStep(a, base))
	}
	permit := Step{Closed: whyClosed(a.Offers, "permit"), Label: text2("開始許可", "Permit start"), Button: text2("開始を許可する", "Permit the start"), Proof: true}
	if openOffer(a.Offers, "permit") {
		permit.Action = base + "/permit"
	}
	if !a.ClosedAt.IsZero() || !a.Now.Before(a.End) {
		permit.Locked = text2("時間枠は終わりました", "The window is over")
	}
	if !a.PermittedAt.IsZero() {
		permit.Told = v.told(a.PermittedBy, a.PermittedAt, text.Text{})
		if openOffer(a.Offers, "unpermit") {
			permit.Undo = base + "/unpermit"
		}
	}
	add(permit)
	closing := func(s Step) {
		if s.Told.IsZero() && (a.ClosedAt.IsZero() && a.Now.Before(a.End)) {
			s.Locked, s.Action = text2("終了後に押せます", "Opens after the end"), ""
		} else if s.Told.IsZero() {
			done = true
		}
		add(s)
	}
	v.checklist(a, "close", base, closing)
	v.closingLine(a, base, closing)
}

// checklist adds the steps of one phase of the system's checklist.
func (v *visit) checklist(a api.Attendance, phase, base string, add func(Step)) {
	if a.Checklist == nil {
		return
	}
	for _, s := range a.Checklist.Steps {
		if s.Phase != phase {
			continue
		}
		step := Step{Closed: whyClosed(a.Offers, "tick"), Label: text2(s.JA, s.EN), Button: text2("目視で確認した", "Confirmed by eye"), Fields: []Hidden{{"step", s.ID}, {"method", "seen"}}}
		if openOffer(a.Offers, "tick") {
			step.Action = base + "/tick"
		}
		if !s.At.IsZero() {
			step.Told = v.told(s.By, s.At, text2(map[string]string{"seen": "目視", "sensor": "連動"}[s.Method], map[string]string{"seen": "by eye", "sensor": "by sensor"}[s.Method]))
		}
		add(step)
	}
}

// identityStep lists the engineers to call. The digits are typed as they were heard.
func (v *visit) identityStep(a api.Attendance, base string) Step {
	s := Step{Closed: whyClosed(a.Offers, "identity"), Label: text2("本人確認", "Identity check")}
	matched, open := 0, 0
	for i, c := range a.Calls {
		if c.Gone {
			continue
		}
		row := CallRow{ID: fmt.Sprintf("digits-%d", i+1), Session: c.Session, Name: c.Name, Phone: c.Phone, Person: c.Person, Source: c.Source, Beside: c.Beside}
		switch {
		case c.Matched:
			matched++
			row.Done = text2("照合番号 一致", "the number matched")
		case c.Failed:
			row.Done = text2("一致しない", "no match")
		default:
			open++
		}
		s.Calls = append(s.Calls, row)
	}
	if openOffer(a.Offers, "identity") {
		s.Action = base + "/identity"
	}
	if matched > 0 && open == 0 || !a.PermittedAt.IsZero() && len(s.Calls) == 0 { // the start may be permitted; who comes later is called later
		s.Told = text2("照合番号 一致", "the number matched")
	}
	if len(s.Calls) == 0 && s.Told.IsZero() {
		s.Locked, s.Action = text2("保守要員が待合に来ると押せます", "Opens when the engineer is in the waiting room"), ""
	}
	return s
}

// told says when, how and by whom.
func (v *visit) told(by string, at time.Time, how text.Text) text.Text {
	clock := at.In(v.p.o.Zone).Format("15:04:05")
	join := func(how, by string) string {
		if how == "" {
			return clock + " " + by
		}
		return how + " " + clock + " " + by
	}
	if by == byBroker {
		return text2(join(how.JA, "関守"), join(how.EN, "the broker"))
	}
	return text2(join(how.JA, by), join(how.EN, by))
}

// whyClosed says why an act is not open now.
func whyClosed(offers []api.Offer, name string) text.Text {
	for _, o := range offers {
		if o.Act == name && !o.Open {
			return closedBecause(o)
		}
	}
	return text2("いまはその段階ではありません", "not at this stage")
}
