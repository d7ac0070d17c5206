package reports

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// interventions are the kinds of entry that an attendance record lists: stops, resumptions, changes of the time, bookmarks, answers to
// commands that waited, and the steps on the line.
var interventions = []string{
	"extension.granted", "extension.denied", "extension.lapsed",
	"window.closed", "window.cut", "window.cancelled", "window.paused", "window.resumed", "window.unpermitted", "window.handed-over",
	"session.paused", "session.resumed", "session.end-asked", "session.cut", "session.cut-explained", "session.rule-answered", store.KindBookmarked,
	"line.cut", "line.on", "line.lost", "line.left-on", "line.reconciled", "line.off", "line.restored",
}

// mostEntries bounds how many entries about a window or a session are read.
const mostEntries = 2000

// happened reads the ledger's identity checks and interventions, in order.
func (a *AttendanceRecord) happened(s *store.Snap, w store.Window) error {
	a.Identity, a.Interventions, a.IdentityMethod = []api.IdentityCheck{}, []api.Intervention{}, IdentityNone
	seen := map[int64]bool{}
	for _, subject := range append([]string{w.ID}, a.Sessions...) {
		for e, err := range s.Entries(store.EntryFilter{Subject: subject, Limit: mostEntries}) {
			if err != nil {
				return fmt.Errorf("read entries about %s: %w", subject, err)
			}
			if seen[e.Index] {
				continue
			}
			seen[e.Index] = true
			if err := a.note(e); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(a.Interventions, func(x, y api.Intervention) int { return int(x.Entry - y.Entry) })
	return nil
}

// note adds one entry, if the record lists its kind.
func (a *AttendanceRecord) note(e ledger.Entry) error {
	identity := strings.HasPrefix(e.Kind, "window.identity-")
	if !identity && !slices.Contains(interventions, e.Kind) && e.Kind != "session.ended" {
		return nil
	}
	var p struct {
		Session string         `json:"session_id"`
		Person  string         `json:"person"`
		Reason  string         `json:"reason"`
		Answer  string         `json:"answer"`
		Note    string         `json:"note"`   // reason of a pause or resumption
		Number  int            `json:"number"` // of the end reason of a session
		How     policy.LineHow `json:"how"`    // of a step on the line
	}
	if len(e.Payload) > 0 { // it may have been disposed of
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			return fmt.Errorf("entry %d: %w", e.Index, err)
		}
	}
	switch {
	case strings.HasPrefix(e.Kind, "line."):
		p.Reason = p.How.Said().JA
	case identity && strings.HasSuffix(e.Kind, "-number"):
		a.IdentityMethod = IdentityCallback
		return nil
	case identity:
		a.IdentityMethod = IdentityCallback
		a.Identity = append(a.Identity, api.IdentityCheck{Person: p.Person, Session: p.Session, Matched: strings.HasSuffix(e.Kind, "-matched"), By: e.Actor.ID, At: e.Time})
		return nil
	case e.Kind == "session.ended" && cutFor(p.Number):
		p.Reason = strings.TrimSpace(fmt.Sprintf("[%d] %s", p.Number, p.Note))
	case e.Kind == "session.ended" && (e.Actor.Kind != "person" || e.Actor.Via == "ssh"):
		return nil // ended by itself, or by the engineer
	}
	one := api.Intervention{Kind: e.Kind, Entry: e.Index, At: e.Time, By: e.Actor.ID, How: p.How}
	switch {
	case e.Kind == "session.rule-answered":
		one.Answer = policy.LiveAnswer(p.Answer)
		p.Reason = one.Answer.Label().JA
	case p.Answer != "":
		p.Reason = p.Answer
	case p.Reason == "":
		p.Reason = p.Note
	}
	one.Reason = p.Reason
	a.Interventions = append(a.Interventions, one)
	return nil
}

// cutFor tells whether a person or a safeguard ended the session: a cut, a freeze, a lock, a revocation, a lapse, a lost attendant,
// recording or line. The window's end, an idle engineer and a lost connection do not count.
func cutFor(number int) bool {
	return number >= policy.CutByAttendant.Number() && number <= policy.InterlockLost.Number()
}
