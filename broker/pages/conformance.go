package pages

import (
	"strings"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

// ConformancePage compares the running configuration with clauses of standards.
type ConformancePage struct {
	Frame
	Standards []StandardPart
	Cautions  int
	Clauses   int
}

// StandardPart is one standard with its clauses.
type StandardPart struct {
	ID      string
	Name    text.Text
	Clauses []ClausePart
}

// ClausePart is one clause.
type ClausePart struct {
	Number, About, Does, Leaves text.Text
	State                       Chip
	Checks                      []CheckPart
	Pages                       []string // evidence: addresses of pages
	Commands                    []string // evidence: commands
}

// CheckPart is one check of a clause.
type CheckPart struct {
	State            Chip
	Question, Detail text.Text
	Settings         string
}

func itemChip(state string) Chip { return chip(policy.ItemState(state).Label(), itemLooks[state]) }

func (p *Pages) conformance(v *visit) error {
	found, err := p.o.Views.Conformance(v.r.Context(), v.reader())
	if err != nil {
		return err
	}
	page := &ConformancePage{Frame: v.frame(), Clauses: len(found.Clauses)}
	for _, c := range found.Clauses {
		if n := len(page.Standards); n == 0 || page.Standards[n-1].ID != c.Standard {
			page.Standards = append(page.Standards, StandardPart{ID: c.Standard, Name: text2(c.StandardJA, c.StandardEN)})
		}
		of := &page.Standards[len(page.Standards)-1]
		of.Clauses = append(of.Clauses, clausePart(c))
		if c.State != string(policy.ItemMet) {
			page.Cautions++
		}
	}
	return v.show(page)
}

func clausePart(c api.Clause) ClausePart {
	out := ClausePart{Number: text2(c.NumberJA, c.NumberEN), About: text2(c.AboutJA, c.AboutEN), Does: text2(c.DoesJA, c.DoesEN), Leaves: text2(c.LeavesJA, c.LeavesEN), State: itemChip(c.State)}
	for _, one := range c.Checks {
		out.Checks = append(out.Checks, CheckPart{itemChip(one.State), text2(one.QuestionJA, one.QuestionEN), text2(one.DetailJA, one.DetailEN), joined(one.Settings)})
	}
	for _, e := range c.Evidence {
		if strings.HasPrefix(e, "/") {
			out.Pages = append(out.Pages, e)
		} else {
			out.Commands = append(out.Commands, e)
		}
	}
	return out
}
