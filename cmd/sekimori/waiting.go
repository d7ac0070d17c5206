package main

import (
	"strings"

	"sekimori/broker/api"
	"sekimori/policy/text"
)

// waits gives the engineers in the waiting room, each with the time since when and the cause.
func (p *program) waits(w api.Waiting) string {
	return w.Session + " " + w.Name + " (" + w.Person + ") " + w.Since.Format("15:04") + p.say("から ", " ") + p.waitState(w.State) + p.say(" 接続元 ", ", from ") + w.Source
}

func (p *program) waitsAll(list []api.Waiting) string {
	var out []string
	for _, w := range list {
		out = append(out, p.waits(w))
	}
	return strings.Join(out, "\n")
}

func (p *program) waitState(s string) string {
	t := map[string]text.Text{
		"waiting-window": {JA: "開始時刻前", EN: "too early"}, "waiting-attendant": {JA: "立会者待ち", EN: "waits for the attendant"},
		"waiting-interlock": {JA: "回線確認中", EN: "lines are checked"}, "identity-check": {JA: "本人確認中", EN: "identity check"},
		"waiting-backup": {JA: "バックアップ待ち", EN: "waits for the backup"},
	}[s]
	if t.IsZero() {
		return s
	}
	return t.In(p.lang)
}
