package view

import (
	"context"
	"errors"
	"slices"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// Summary tells what passed in a session, for a person who may play its recording. Its commands, names of files and typed lines are contents, so
// it needs a purpose, and the entry about the look is committed before the recording is read. It counts as no part of the recording: a reader
// of the summary has not seen the screen. Errors: those of BeginPlayback.
func (v *Views) Summary(ctx context.Context, by Reader, session string, why Why, damaged bool) (out api.Summary, err error) {
	one := playback{person: by.ID, session: session, why: why, damaged: damaged}
	held, err := v.openPlayback(ctx, by, one)
	if err != nil {
		return out, err
	}
	payload := why.Payload(map[string]string{"scope": "summary"})
	if held.Bad != nil {
		payload["damaged"] = string(held.Bad.Finding)
	}
	if err := v.Looked(ctx, by, ledger.KindViewed, []string{session, by.ID}, payload); err != nil {
		return out, errors.Join(err, held.Close())
	}
	p, err := v.playbackOf(ctx, one, held, "")
	if err != nil {
		return out, err
	}
	defer p.Close()
	line, err := p.wholeTimeline(ctx)
	if err != nil {
		return out, err
	}
	return p.Summarize(line), nil
}

// wholeTimeline gives the marks from the recording's index, or from the recording where it has none.
func (p *Playback) wholeTimeline(ctx context.Context) (out api.Timeline, err error) {
	view, err := p.v.indexView(ctx, p.Session, p.Started)
	if err != nil {
		return out, err
	}
	i, err := p.held.Index(ctx, view, p.v.o.Ring.ViewingIdentity())
	if errors.Is(err, evidence.ErrNoIndex) {
		return p.Timeline(ctx, false)
	}
	if err != nil {
		return out, err
	}
	defer i.Close()
	o, err := i.Overview()
	if err != nil {
		return out, err
	}
	notes, err := p.bookmarks(ctx)
	return timeline(p.Session, p.Started, &o.Timeline, notes), err
}

// Summarize makes the summary of a timeline.
func (p *Playback) Summarize(line api.Timeline) api.Summary {
	damage := p.DamageText()
	out := api.Summary{Session: p.Session, Started: p.Started, LengthMS: line.LengthMS, Live: p.Live, Left: line.Left, Steps: []api.SummaryStep{}, Counts: []api.MarkCount{},
		AidJA: api.SaidAid.JA, AidEN: api.SaidAid.EN, DamageJA: damage.JA, DamageEN: damage.EN}
	marks := append(slices.Clone(line.Typed), line.Marks...) // of one moment the end comes last
	slices.SortStableFunc(marks, func(a, b api.Mark) int { return int(a.AtMS - b.AtMS) })
	counted := map[api.MarkGroup]int{}
	for _, m := range marks {
		counted[m.Group]++
		if m.Group == api.MarkQuiet {
			out.IdleMS += m.LengthMS
		}
		if last := len(out.Steps) - 1; last >= 0 && out.Steps[last].Group == m.Group && gathers(m.Group) {
			out.Steps[last].Marks = append(out.Steps[last].Marks, m)
			continue
		}
		out.Steps = append(out.Steps, api.SummaryStep{Group: m.Group, Marks: []api.Mark{m}})
	}
	out.Counts = countsOf(counted)
	return out
}

// gathers reports that moments of the group which follow each other are one step of a summary.
func gathers(g api.MarkGroup) bool {
	return g == api.MarkTyped || g == api.MarkFile || g == api.MarkRefused
}

// countsOf lists counts in the order in which people read them. The end, and what has no group, are not counted.
func countsOf(counted map[api.MarkGroup]int) []api.MarkCount {
	out := []api.MarkCount{}
	for _, g := range []api.MarkGroup{api.MarkCommand, api.MarkTyped, api.MarkFile, api.MarkRule, api.MarkRefused, api.MarkPause, api.MarkExtension, api.MarkBookmark, api.MarkNotice, api.MarkQuiet} {
		if counted[g] > 0 {
			out = append(out, api.MarkCount{Group: g, Count: counted[g]})
		}
	}
	return out
}

// groupsOfEntries are the entries about a session that stand in its counts.
var groupsOfEntries = map[string]api.MarkGroup{
	"session.rule-applied": api.MarkRule, "session.feature-refused": api.MarkRefused, "session.paused": api.MarkPause, store.KindBookmarked: api.MarkBookmark,
	"session.messaged": api.MarkNotice,
}

// counts counts what the ledger says about a session, without its contents: at the first mostRuled entries. Each person who sees the session may
// see them.
func (v *Views) counts(s *store.Snap, r store.Session) ([]api.MarkCount, error) {
	counted := map[api.MarkGroup]int{}
	for e, err := range s.Entries(store.EntryFilter{Subject: r.ID, Kind: "session.*", Limit: mostRuled}) {
		if err != nil {
			return nil, err
		}
		if g, ok := groupsOfEntries[e.Kind]; ok {
			counted[g]++
		}
	}
	if r.Window != "" {
		for e, err := range s.Entries(store.EntryFilter{Subject: r.Window, Kind: "extension.granted", Limit: mostRuled}) {
			if err != nil {
				return nil, err
			}
			if during(r, e.Time) {
				counted[api.MarkExtension]++
			}
		}
	}
	files, err := sessionFiles(s, r)
	counted[api.MarkFile] = len(files)
	return countsOf(counted), err
}

func during(r store.Session, at time.Time) bool {
	return !at.Before(r.Created) && (r.Ended.IsZero() || at.Before(r.Ended))
}

// briefly gives sessions with their counts, for a list that people judge by.
func (v *Views) briefly(s *store.Snap, all []store.Session) ([]api.Session, error) {
	out := Each(all, func(one store.Session) api.Session { return Session(one, v.o.Zone) })
	for i, one := range all {
		var err error
		if out[i].Counts, err = v.counts(s, one); err != nil {
			return nil, err
		}
	}
	return out, nil
}
