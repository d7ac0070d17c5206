package pages

import (
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

var proofLooks = map[store.ProofState]look{
	store.ProofVerified: {"check", "ok"}, store.ProofPartly: {"triangle", "attention"}, store.ProofFailed: {"octagon", "stop"},
}

// endRows are the rows of a session's card about the verification of its end.
func endRows(s api.Session) []CardRow {
	if s.EndVerified == "" {
		return nil
	}
	state := store.ProofState(s.EndVerified)
	sum := chip(state.Label(), proofLooks[state])
	rows := []CardRow{{Label: text2("終了の検証", "End verified"), Chip: &sum}}
	for _, f := range s.Findings {
		l, more := store.ProofState(f.State).Label(), text.OneLine(strings.Join(f.Names, "; "), 2000)
		if f.Detail != "" {
			more = strings.TrimSuffix(text.OneLine(f.Detail, mostSaid)+"; "+more, "; ")
		}
		if more != "" {
			l = text2(l.JA+"("+more+")", l.EN+" ("+more+")")
		}
		rows = append(rows, CardRow{Label: api.FindingName(f.What), Text: l})
	}
	return rows
}

// inventoryRows are the rows of a window's card about what came or went on its targets.
func inventoryRows(all []api.WindowInventory) []CardRow {
	var rows []CardRow
	for _, i := range all {
		label := text2("接続先の変化(前) "+i.Target, "Target before, "+i.Target)
		if i.Phase == store.InventoryAfter {
			label = text2("接続先の変化(後) "+i.Target, "Target after, "+i.Target)
		}
		said := text2("変化なし", "no changes")
		switch {
		case i.Missing != "":
			said = text2("調べられません: "+text.OneLine(i.Missing, mostSaid), "could not be listed: "+text.OneLine(i.Missing, mostSaid))
		case len(i.Differences) > 0:
			said = text.Same(text.OneLine(strings.Join(i.Differences, "; "), 2000))
		}
		rows = append(rows, CardRow{Label: label, Text: said})
	}
	return rows
}
