package pages

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"
)

// This file counts a month from an export of the ledger by another program: the lines are plain JSON, and nothing comes from the packages of the
// broker.

type entryLine struct {
	Header struct {
		Index    int       `json:"index"`
		Time     time.Time `json:"time"`
		Kind     string    `json:"kind"`
		Subjects []string  `json:"subjects"`
		Actor    struct {
			ID string `json:"id"`
		} `json:"actor"`
	} `json:"header"`
	Payload map[string]any `json:"payload"`
}

func (l entryLine) text(name string) string { s, _ := l.Payload[name].(string); return s }

func (l entryLine) number(name string) float64 { n, _ := l.Payload[name].(float64); return n }

func (l entryLine) list(name string) (all []string) {
	list, _ := l.Payload[name].([]any)
	for _, v := range list {
		all = append(all, v.(string))
	}
	return all
}

// entryLines reads an export.
func entryLines(t *testing.T, export []byte) (all []entryLine) {
	t.Helper()
	in := bufio.NewScanner(bytes.NewReader(export))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var l entryLine
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// recounted is a review as the ledger tells it.
type recounted struct {
	id, session, vendor, system, engineer, request string
	begun, created, signed                         time.Time
	verdict, signer                                string // verdict "answered": the question was answered and is not signed again
	cause                                          string
	masked, ruled                                  bool
	reasons                                        []string // of the recording
	length, sent                                   int64    // seconds: of the recording, and what its signer was sent
	findings                                       int
}

// recountReviews gives the reviews in the order in which their work ended. Each window of the month has one session.
func recountReviews(all []entryLine) (out []*recounted) {
	bySession, byReview := map[string]*recounted{}, map[string]*recounted{}
	looks := map[string]map[string]map[int64]bool{} // by session and person: the seconds that were sent
	for _, l := range all {
		session := l.text("session_id")
		r := bySession[session]
		switch l.Header.Kind {
		case "session.opening":
			bySession[session] = &recounted{id: l.text("window"), session: session, vendor: l.text("vendor"), system: l.text("system"), engineer: l.text("engineer"), request: l.text("request_no"), begun: l.Header.Time}
		case "session.rule-applied":
			r.ruled = true
		case "session.ended":
			r.created, r.cause, r.masked = l.Header.Time, l.text("end_cause"), l.number("masked") > 0
			if r.length == 0 {
				r.length = int64(math.Ceil(l.number("seconds")))
			}
			byReview[r.id] = r
			out = append(out, r)
		case "session.measured":
			r.reasons = l.list("reasons")
		case "recording.served":
			r.length = int64(l.number("length"))
			if looks[session] == nil {
				looks[session] = map[string]map[int64]bool{}
			}
			seen := looks[session][l.text("person")]
			if seen == nil {
				seen = map[int64]bool{}
				looks[session][l.text("person")] = seen
			}
			for _, way := range []string{"picture", "text", "search"} {
				list, _ := l.Payload[way].([]any)
				for _, v := range list {
					from, to := v.([]any)[0].(float64), v.([]any)[1].(float64)
					for s := int64(from); s < int64(to); s++ {
						seen[s] = true
					}
				}
			}
		case "review.signed":
			r = byReview[l.text("review")]
			r.signed, r.verdict, r.signer = l.Header.Time, l.text("verdict"), l.Header.Actor.ID
		case "review.answered":
			byReview[l.text("review")].verdict = "answered"
		case "finding.opened":
			byReview[l.text("review")].findings++
		}
	}
	for _, r := range out {
		r.sent = int64(len(looks[r.session][r.signer]))
	}
	return out
}

// recountMonth are the figures of the month's report.
func recountMonth(all []entryLine, from, to time.Time) map[string]int64 {
	out := map[string]int64{"in_scope": 0, "reviewed": 0, "recorded_seconds": 0, "sent_seconds": 0, "coverage": 0, "longest_delay_days": 0, "findings": 0, "rate": 100}
	for _, v := range []string{"ok", "question", "answered", "fix"} {
		out["judged."+v] = 0
	}
	for _, r := range recountReviews(all) {
		if r.created.Before(from) || !r.created.Before(to) {
			continue
		}
		out["in_scope"]++
		out["findings"] += int64(r.findings)
		if r.signed.IsZero() {
			continue
		}
		out["reviewed"]++
		out["judged."+r.verdict]++
		out["recorded_seconds"] += r.length
		out["sent_seconds"] += r.sent
		out["longest_delay_days"] = max(out["longest_delay_days"], int64(r.signed.Sub(r.created)/(24*time.Hour)))
	}
	if out["recorded_seconds"] > 0 {
		out["coverage"] = 100 * min(out["sent_seconds"], out["recorded_seconds"]) / out["recorded_seconds"]
	}
	if out["in_scope"] > 0 {
		out["rate"] = 100 * out["reviewed"] / out["in_scope"]
	}
	return out
}

// weights are those of an institution that sets none, as the settings name them.
var weights = map[string]int{"rv-cut": 8, "rv-live-rule": 8, "rv-number-masked": 7, "rv-individual-number": 6, "rv-wider-rights": 6, "rv-follow-up": 6, "rv-off-scope-table": 6, "rv-more-output": 6, "rv-copied-file": 5,
	"rv-new-command": 4, "rv-idle-burst": 4, "rv-first-visit": 4, "rv-file-exchange": 4, "rv-urgent": 3}

// ranked is a place in the queue.
type ranked struct {
	id    string
	score int
	due   time.Time
}

// recountRanking is the queue of what is owed, the heaviest first; of one weight the earliest due first.
func recountRanking(t *testing.T, all []entryLine) (queue []ranked) {
	t.Helper()
	bodies := map[string]map[string]any{}
	for _, l := range all {
		if l.Header.Kind == "request.submitted" {
			bodies[l.text("request")], _ = l.Payload["body"].(map[string]any)
		}
	}
	reviews := recountReviews(all)
	for i, r := range reviews {
		if r.verdict != "" {
			continue
		}
		why := map[string]bool{"rv-number-masked": r.masked, "rv-live-rule": r.ruled, "rv-cut": !slices.Contains([]string{"ended-by-engineer", "window-ended", "window-closed", "idle-timeout"}, r.cause)}
		for _, reason := range r.reasons {
			why[reason] = true
		}
		body := bodies[r.request]
		why["rv-individual-number"] = body["individual_number"] == true
		why["rv-file-exchange"] = body["files"] == "allowed"
		why["rv-urgent"] = body["urgent"] != nil && body["urgent"] != ""
		first, verdict := true, ""
		for _, before := range reviews[:i] {
			if before.system != r.system {
				continue
			}
			first = first && before.engineer != r.engineer
			if before.vendor == r.vendor && before.verdict != "" {
				verdict = before.verdict
			}
		}
		why["rv-first-visit"] = first
		why["rv-follow-up"] = verdict == "question" || verdict == "answered" || verdict == "fix"
		one := ranked{id: r.id, due: r.created.AddDate(0, 0, 10)}
		for reason, is := range why {
			if is && weights[reason] == 0 {
				t.Fatalf("%s: the reason %q has no weight", r.id, reason)
			}
			if is {
				one.score += weights[reason]
			}
		}
		queue = append(queue, one)
	}
	slices.SortFunc(queue, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score, a.score), a.due.Compare(b.due), cmp.Compare(a.id, b.id))
	})
	return queue
}
