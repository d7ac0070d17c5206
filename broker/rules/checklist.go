package rules

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/policy/text"
)

const (
	maxSteps    = 50
	maxStepText = 200 // characters
)

var stepForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// readChecklist reads the system's procedure (手順書). A step is mandatory by default: a step that was written down is meant to be done.
func readChecklist(v forms.Value) Checklist {
	if !v.Present() {
		return Checklist{}
	}
	m := v.Map("version", "title", "steps")
	list := Checklist{Version: m.Need("version").Int(1, 9999), Title: short(m.Need("title"))}
	steps := m.Need("steps").List()
	if len(steps) == 0 && m.Get("steps").Present() || len(steps) > maxSteps {
		m.Get("steps").Problem("too-many", fmt.Sprintf("手順は1から%dまでです。", maxSteps), fmt.Sprintf("one to %d steps", maxSteps))
		return list
	}
	seen := map[string]bool{}
	for _, item := range steps {
		s := item.Map("id", "ja", "en", "mandatory", "phase")
		id := s.Need("id")
		step := Step{
			ID: id.Text(), JA: short(s.Need("ja")), EN: short(s.Need("en")),
			Mandatory: true, Phase: Phase(s.Get("phase").Choice(string(PhaseOpen), string(PhaseClose))),
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

// short reads a text of one line.
func short(v forms.Value) string {
	s := v.Text()
	if utf8.RuneCountInString(s) > maxStepText {
		v.Problem("text-too-long", fmt.Sprintf("%d字までです。", maxStepText), fmt.Sprintf("at most %d characters", maxStepText))
		return ""
	}
	return strings.Join(strings.Fields(s), " ")
}

// parts gives the checklist for comparing, one part for each step.
func (list Checklist) parts() []field.Part {
	if len(list.Steps) == 0 {
		return nil
	}
	parts := []field.Part{{Name: "checklist.version", Value: strconv.Itoa(list.Version)}, {Name: "checklist.title", Value: list.Title}}
	for i, step := range list.Steps {
		duty := "mandatory"
		if !step.Mandatory {
			duty = "optional"
		}
		parts = append(parts, field.Part{Name: "checklist.step." + step.ID, Value: fmt.Sprintf("%d %s %s: %s / %s", i+1, step.Phase, duty, step.JA, step.EN)})
	}
	return parts
}

// say gives one line for each step.
func (list Checklist) say(lang string) string {
	if len(list.Steps) == 0 {
		return ""
	}
	version := strconv.Itoa(list.Version)
	lines := []string{list.Title + text.Of("(第"+version+"版)", " (version "+version+")").Slashed(lang)}
	for i, s := range list.Steps {
		note := ""
		if !s.Mandatory {
			note = text.Of("(任意)", " (optional)").Slashed(lang)
		}
		if s.Phase == PhaseClose {
			note += text.Of("(終了後)", " (afterwards)").Slashed(lang)
		}
		lines = append(lines, fmt.Sprintf("%d. %s: %s%s", i+1, s.ID, text.Of(s.JA, s.EN).Slashed(lang), note))
	}
	return strings.Join(lines, "\n")
}
