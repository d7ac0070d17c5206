package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// ruleKeys are the keys of a system that rules reads.
var ruleKeys = []string{"personal_data", "second_when", "lead", "delegated", "backup_age", "recurring", "pause_after", "cut_after", "report_within", "checklist"}

// Bounds of a system's rules. Nobody is watched by an attendant who has been away for longer than longestAbsence.
const (
	longestBackupAge = 31 * 24 * time.Hour
	longestReport    = 31 * 24 * time.Hour
	longestAbsence   = 10 * time.Minute
	shortestAbsence  = 2 * time.Second
	pauseByDefault   = 30 * time.Second
	cutByDefault     = 2 * time.Minute
	maxSteps         = 50
	maxStepText      = 200 // characters
)

var stepForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// rules reads what the procedure asks of a system beside the foundation's rules.
func rules(m forms.Map, e *SystemEntry) {
	e.PersonalData = m.Get("personal_data").Bool()
	if e.PersonalData && e.Attendance != policy.AttendanceRequired {
		m.Get("attendance").Problem("attendance-needed", "個人情報を扱うシステムの立会いは必須(required)です。", "a system with personal data needs attendance: required")
	}
	for _, v := range m.Get("second_when").List() {
		words := []string{}
		for _, r := range policy.SecondRules() {
			words = append(words, string(r))
		}
		if !v.Present() {
			v.Problem("missing", "必ず書いてください。", "must be given")
			continue
		}
		r := policy.SecondRule(v.Choice(words...))
		if slices.Contains(e.SecondWhen, r) {
			v.Problem("duplicate-id", string(r)+" が二度書かれています。", string(r)+" is written twice")
			continue
		}
		e.SecondWhen = append(e.SecondWhen, r)
	}
	e.Lead = bounded(m.Get("lead"), longestLead)
	e.Delegated = bounded(m.Get("delegated"), longestWindow)
	e.BackupAge = bounded(m.Get("backup_age"), longestBackupAge)
	e.Recurring = policy.RecurringRule(m.Get("recurring").Choice("", string(policy.RecurringOnce), string(policy.RecurringEach)))
	e.ReportWithin = bounded(m.Get("report_within"), longestReport)
	absence(m, e)
	if v := m.Get("checklist"); v.Present() {
		e.Checklist, e.checklist = checklist(v), v
	}
}

// absence reads how long the attendant may be away. The pause comes before the cut, also where one of them is the default.
func absence(m forms.Map, e *SystemEntry) {
	for _, r := range []struct {
		key  string
		into *time.Duration
	}{{"pause_after", &e.PauseAfter}, {"cut_after", &e.CutAfter}} {
		v := m.Get(r.key)
		if *r.into = bounded(v, longestAbsence); *r.into != 0 && *r.into < shortestAbsence {
			v.Problem("too-short", "2秒以上にしてください。", "at least 2 s")
		}
	}
	pause, cut := e.PauseAfter, e.CutAfter
	if pause == 0 {
		pause = pauseByDefault
	}
	if cut == 0 {
		cut = cutByDefault
	}
	if pause >= cut {
		v := m.Get("cut_after")
		if !v.Present() {
			v = m.Get("pause_after")
		}
		v.Problem("pause-after-cut", "一時停止(pause_after)は切断(cut_after)より前でなければなりません。", "pause_after must be shorter than cut_after (defaults 30s and 2m)")
	}
}

// checklist reads the system's procedure (手順書). A step that does not say otherwise is mandatory: what somebody took the trouble to write is
// meant to be done.
func checklist(v forms.Value) store.Checklist {
	m := v.Map("version", "title", "steps")
	list := store.Checklist{Version: m.Need("version").Int(1, 9999), Title: short(m.Need("title"), maxStepText)}
	steps := m.Need("steps").List()
	if len(steps) == 0 && m.Get("steps").Present() || len(steps) > maxSteps {
		m.Get("steps").Problem("too-many", fmt.Sprintf("手順は1から%dまでです。", maxSteps), fmt.Sprintf("one to %d steps", maxSteps))
		return list
	}
	seen := map[string]bool{}
	for _, item := range steps {
		s := item.Map("id", "ja", "en", "mandatory", "phase")
		id := s.Need("id")
		step := store.Step{
			ID: id.Text(), JA: short(s.Need("ja"), maxStepText), EN: short(s.Need("en"), maxStepText),
			Mandatory: true, Phase: store.Phase(s.Get("phase").Choice(string(store.PhaseOpen), string(store.PhaseClose))),
		}
		if must := s.Get("mandatory"); must.Present() {
			step.Mandatory = must.Bool()
		}
		switch {
		case step.ID == "":
		case !stepForm.MatchString(step.ID):
			id.Problem("bad-id", "手順の識別子は英小文字と数字と - の32字までです。", "a step's id is up to 32 small letters, digits and -")
		case seen[step.ID]:
			id.Problem("duplicate-id", step.ID+" が二度書かれています。", step.ID+" is written twice")
		}
		seen[step.ID] = true
		list.Steps = append(list.Steps, step)
	}
	return list
}

// checkChecklists holds that a version names one text: a tick counts for the version it was made on.
func (d *Document) checkChecklists(bad *forms.Invalid, st *state) {
	for _, e := range d.Systems {
		have, stored := st.objects[place(kindSystem, e.ID)]
		if !stored || len(have.System.Checklist.Steps) == 0 || len(e.Checklist.Steps) == 0 {
			continue
		}
		old := have.System.Checklist
		same := old.Title == e.Checklist.Title && slices.Equal(old.Steps, e.Checklist.Steps)
		if e.Checklist.Version < old.Version || e.Checklist.Version == old.Version && !same {
			bad.Problems = append(bad.Problems, e.checklist.Describe("checklist-version",
				fmt.Sprintf("手順書を変えるときは、版を第%d版より上げてください。", old.Version), fmt.Sprintf("a changed checklist needs a version above %d", old.Version)))
		}
	}
}

// ruleFields are a system's rules in words, all of them guarded.
func ruleFields(s *store.System) []field {
	var second []string
	for _, r := range s.SecondWhen {
		second = append(second, string(r))
	}
	slices.Sort(second)
	fields := []field{
		{"personal_data", yes(s.PersonalData), true}, {"second_when", strings.Join(second, " "), true}, {"lead", length(s.Lead), true},
		{"delegated", length(s.Delegated), true}, {"backup_age", length(s.BackupAge), true}, {"recurring", string(s.Recurring), true},
		{"pause_after", length(s.PauseAfter), true}, {"cut_after", length(s.CutAfter), true}, {"report_within", length(s.ReportWithin), true},
	}
	if len(s.Checklist.Steps) == 0 {
		return fields
	}
	fields = append(fields, field{"checklist.version", strconv.Itoa(s.Checklist.Version), true}, field{"checklist.title", s.Checklist.Title, true})
	for i, step := range s.Checklist.Steps {
		duty := "mandatory"
		if !step.Mandatory {
			duty = "optional"
		}
		fields = append(fields, field{"checklist.step." + step.ID, fmt.Sprintf("%d %s %s: %s / %s", i+1, step.Phase, duty, step.JA, step.EN), true})
	}
	return fields
}

// institutionFields, dayFields and noWorkFields are the block institution in words, all of it guarded.
func institutionFields(i *policy.Institution) []field {
	if i == nil {
		return nil
	}
	fields := []field{{"declared", yes(i.Declared), true}}
	for d, h := range i.Hours {
		said := ""
		if h.From < h.Until {
			said = hourMinute(h.From) + "-" + hourMinute(h.Until)
		}
		fields = append(fields, field{"hours." + weekdays[d], said, true})
	}
	certified := slices.Clone(i.Certifications)
	slices.Sort(certified)
	space := ""
	if i.SpaceDays != 0 {
		space = strconv.Itoa(i.SpaceDays)
	}
	return append(fields,
		field{"lead", length(i.Lead), true}, field{"certifications", strings.Join(certified, " "), true}, field{"pledge_copy", yes(i.PledgeCopy), true},
		field{"special_clauses", yes(i.SpecialClauses), true}, field{"audit_report", yes(i.AuditReport), true}, field{"space_days", space, true})
}

func hourMinute(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d/time.Minute)%60)
}

func dayFields(l *DayList) []field {
	var fields []field
	for _, h := range l.Days {
		state := "closed"
		if h.Open {
			state = "open"
		}
		fields = append(fields, field{string(h.Date), state + " " + h.Name, true})
	}
	return fields
}

func noWorkFields(l *NoWorkList) []field {
	var fields []field
	for _, n := range l.Times {
		fields = append(fields, field{noWorkName(n), "until " + instant(n.Until) + " " + n.Reason, true})
	}
	return fields
}

// noWorkName tells entries apart: a system, or all of them, and when it begins.
func noWorkName(n policy.NoWork) string {
	system := n.System
	if system == "" {
		system = "*"
	}
	return system + " " + instant(n.From)
}
