package main

import (
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// endVerified says how a session's end was verified, one finding after the other.
func (p *program) endVerified(v api.Session) string {
	if v.EndVerified == "" {
		return ""
	}
	out := []string{word(p, store.ProofState(v.EndVerified))}
	for _, f := range v.Findings {
		said := text.Printable(api.FindingName(f.What).In(p.lang) + ": " + word(p, store.ProofState(f.State)))
		if more := strings.Join(append(nonempty(f.Detail), f.Names...), "; "); more != "" {
			said += " (" + text.OneLine(more, 2000) + ")"
		}
		out = append(out, said)
	}
	return strings.Join(out, " / ")
}

// changesOf says what came or went on a window's targets.
func (p *program) changesOf(all []api.WindowInventory) string {
	var out []string
	for _, i := range all {
		said := p.say("変化なし", "no changes")
		switch {
		case i.Missing != "":
			said = p.say("調べられません: ", "could not be listed: ") + i.Missing
		case len(i.Differences) > 0:
			said = strings.Join(i.Differences, "; ")
		}
		out = append(out, i.Target+" "+p.phaseOf(i.Phase)+": "+text.OneLine(said, 2000))
	}
	return strings.Join(out, " / ")
}

func (p *program) phaseOf(phase string) string {
	if phase == store.InventoryBefore {
		return p.say("前", "before")
	}
	return p.say("後", "after")
}

func nonempty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
