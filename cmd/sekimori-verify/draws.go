package main

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"

	"sekimori/broker/ledger"
	"sekimori/recordings/exactjson"
)

// draws recompute which work the plans of systems chose for a review: the ledger commits to a month's seed before the month's work, and
// shows the seed after it.
type draws struct {
	months map[string]*drawnMonth
	ends   map[string]int64 // entries of the first end of each session
}

// drawnMonth is what the ledger says about one month.
type drawnMonth struct {
	committed  int64 // entry; -1: none
	commitment string
	seed       []byte // nil: not revealed yet
	samples    []sampled
	wrong      *differing // the first thing that cannot be so
}

// sampled is one draw.
type sampled struct {
	entry, ended                  int64 // ended: the first end of its sessions; -1: it names none
	Review, System, Plan, Outcome string
	Month                         string
	Place                         int
}

// differing is a contradiction within a month's draw.
type differing struct {
	entry int64
	why   text
}

func newDraws() *draws { return &draws{map[string]*drawnMonth{}, map[string]int64{}} }

func (d *draws) month(name string) *drawnMonth {
	if d.months[name] == nil {
		d.months[name] = &drawnMonth{committed: -1}
	}
	return d.months[name]
}

func (m *drawnMonth) contradicts(entry int64, ja, en string) {
	if m.wrong == nil {
		m.wrong = &differing{entry, text{ja, en}}
	}
}

// add takes an entry. Payloads of these kinds are never disposed of by rule: one that is missing contradicts the draw.
func (d *draws) add(e ledger.Entry) {
	var p struct {
		Month      string `json:"month"`
		Commitment string `json:"commitment"`
		Seed       string `json:"seed"`
		Review     string `json:"review"`
		Plan       string `json:"plan"`
		Outcome    string `json:"outcome"`
		Place      int    `json:"place"`
	}
	switch e.Kind {
	case "session.ended":
		if len(e.Subjects) > 0 {
			if _, known := d.ends[e.Subjects[0]]; !known {
				d.ends[e.Subjects[0]] = e.Index
			}
		}
		return
	case "review.seed-committed", "review.seed-revealed", "review.sampled":
	default:
		return
	}
	if e.Disposed() || exactjson.Decode(e.Payload, &p) != nil {
		m := "?"
		if e.Kind != "review.sampled" && len(e.Subjects) > 0 {
			m = e.Subjects[0]
		}
		d.month(m).contradicts(e.Index, "内容が読めません", "its payload cannot be read")
		return
	}
	m := d.month(p.Month)
	switch e.Kind {
	case "review.seed-committed":
		if m.committed >= 0 {
			m.contradicts(e.Index, "種の確約が二つあります", "it is a second commitment")
			return
		}
		m.committed, m.commitment = e.Index, p.Commitment
	case "review.seed-revealed":
		seed, err := hex.DecodeString(p.Seed)
		if err != nil || len(seed) != ledger.SeedSize || ledger.SeedCommitment(seed) != m.commitment || m.seed != nil {
			m.contradicts(e.Index, "種が、先に確約したものではありません", "its seed is not the one that the ledger committed to")
			return
		}
		m.seed = seed
	default:
		if p.Place < 0 && p.Outcome == "left-out" {
			m.contradicts(e.Index, p.Review+" は、抽出しないまま点検から外されています", p.Review+" was left out without a draw")
		}
		if p.Place >= 0 && len(e.Subjects) > 0 { // else the draw was not asked
			system := e.Subjects[len(e.Subjects)-1] // the last subject, by the catalogue of kinds
			m.samples = append(m.samples, sampled{e.Index, d.firstEnd(e.Subjects), p.Review, system, p.Plan, p.Outcome, p.Month, p.Place})
		}
	}
}

// firstEnd is the earliest end of the sessions among subjects; -1: there is none.
func (d *draws) firstEnd(subjects []string) int64 {
	first := int64(-1)
	for _, id := range subjects {
		if at, ok := d.ends[id]; ok && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

// recomputed is how many draws agree with a revealed seed, and how many wait for theirs.
func (d *draws) recomputed() (agree, wait int) {
	for _, m := range d.months {
		if m.seed == nil {
			wait += len(m.samples)
		} else {
			agree += len(m.samples)
		}
	}
	return agree, wait
}

// differs names each month whose draw is not what its seed gives, with the first entry that differs.
func (d *draws) differs(export string) (all []failure) {
	names := make([]string, 0, len(d.months))
	for name := range d.months {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	for _, name := range names {
		m := d.months[name]
		m.recompute()
		if w := m.wrong; w != nil {
			all = append(all, failure{code: "draw-differs", message: text{
				fmt.Sprintf("%s: %s の点検の抽出が合いません。記載 %d: %s", export, name, w.entry, w.why.ja),
				fmt.Sprintf("%s: the draw of reviews of %s differs. Entry %d: %s", export, name, w.entry, w.why.en),
			}, hint: hintReplaced})
		}
	}
	return all
}

// recompute draws again. Places run from 0 without a gap, so that no place was passed over for another outcome.
func (m *drawnMonth) recompute() {
	places := map[string]int{}
	for _, s := range m.samples {
		plan, ok := ledger.ParseSample(s.Plan)
		due := places[s.System]
		places[s.System]++
		switch {
		case m.committed < 0 || s.entry < m.committed:
			m.contradicts(s.entry, "種を確約する前に抽出しています", "it was drawn before the ledger committed to a seed")
		case s.ended >= 0 && s.ended < m.committed:
			m.contradicts(s.entry, fmt.Sprintf("%s の作業が終わった(記載 %d)後で、種を確約しています", s.Review, s.ended), fmt.Sprintf("the work of %s had ended (entry %d) before the ledger committed to a seed", s.Review, s.ended))
		case s.Place != due:
			m.contradicts(s.entry, fmt.Sprintf("順番が %d ではなく %d です", due, s.Place), fmt.Sprintf("its place is %d, not %d", s.Place, due))
		case !ok:
			m.contradicts(s.entry, "計画が読めません: "+s.Plan, "its plan cannot be read: "+s.Plan)
		case m.seed != nil && plan.Chosen(m.seed, s.System, s.Month, s.Place) != (s.Outcome == "chosen"):
			m.contradicts(s.entry, fmt.Sprintf("%s の結果 %s は、種から計算したものと違います", s.Review, s.Outcome), fmt.Sprintf("the outcome %s of %s is not the one that the seed gives", s.Outcome, s.Review))
		}
	}
}
