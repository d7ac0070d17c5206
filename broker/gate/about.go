package gate

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// about is what the texts say of a grant's window beside what decides: read for the card, and for the waiting room
// whenever it looks anew.
type about struct {
	named      string      // attendant: who has the post, else whom the request names; empty: nobody
	rights     []string    // beside what the account has anyway
	conditions policy.Text // of the approval, on one line; empty: none
	due        time.Time   // of an emergency's later approval and report
	step       int         // of the checklist before the start, the one that is next; 0: there is no checklist
	steps      int         // how many there are
}

// aboutOf reads it. What is not found stays empty: a text must not fail over it.
func (c *caller) aboutOf(ctx context.Context, g policy.Grant) about {
	var a about
	err := c.s.o.DB.Read(ctx, func(snap *store.Snap) error {
		a = about{named: g.Window.Attendant}
		r, err := snap.Request(g.Request)
		if err != nil {
			return err
		}
		if a.named == "" {
			a.named = r.Body.Attendant
		}
		if r.Body.Emergency != nil {
			a.due = r.Body.Emergency.Due
		}
		narrowed, err := requests.Conditions(snap, r)
		if err != nil {
			return err
		}
		a.rights = slices.DeleteFunc(slices.Clone(r.Body.ExtraRights), func(right string) bool { return slices.Contains(narrowed.Rights, right) })
		line := func(lang string) string {
			return strings.ReplaceAll(requests.ConditionsText(narrowed, lang, c.s.o.Zone), "\n", " / ")
		}
		a.conditions = policy.Text{JA: line("ja"), EN: line("en")}
		return a.count(snap, g.Window)
	})
	if err != nil {
		c.log.Warn("particulars_not_read", "request", g.Request, "error", err)
	}
	return a
}

// count finds which step of the checklist comes next. Ticks of another version count for nothing.
func (a *about) count(snap *store.Snap, w policy.Window) error {
	system, err := snap.System(w.System)
	if err != nil {
		return err
	}
	ticks, err := snap.Ticks(w.ID)
	if err != nil {
		return err
	}
	for _, step := range system.Checklist.Steps {
		if step.Phase == store.PhaseClose {
			continue
		}
		a.steps++
		if a.step == 0 && !slices.ContainsFunc(ticks, func(t store.Tick) bool { return t.Version == system.Checklist.Version && t.Step == step.ID }) {
			a.step = a.steps
		}
	}
	if a.step == 0 {
		a.step = a.steps
	}
	return nil
}

// progress says how far the checklist is, ready to stand before the rest of a line; empty without one.
func (a about) progress(lang string) string {
	if a.steps == 0 {
		return ""
	}
	n := strconv.Itoa(a.step) + "/" + strconv.Itoa(a.steps)
	if lang == "ja" {
		return "手順" + n + "。"
	}
	return " (step " + n + ")"
}
