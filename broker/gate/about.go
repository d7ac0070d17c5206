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

// about holds what the texts tell about a grant's window, beside the facts of the decision. The gate reads it for the card, and
// for the waiting room at each new look.
type about struct {
	named      string      // attendant at the post, else the one that the request names; empty: none
	rights     []string    // beyond those that the account has anyway
	conditions policy.Text // of the approval, on one line; empty: none
	due        time.Time   // of an emergency's later approval and report
	step       int         // number of the next step of the checklist before the start; 0: there is no checklist
	steps      int         // number of steps
}

// aboutOf reads an about. A part that is not found stays empty: a text must not fail over it.
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

// count finds the next step of the checklist. Ticks of another version do not count.
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

// progress gives the state of the checklist, to stand before the rest of a line; empty without one.
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
