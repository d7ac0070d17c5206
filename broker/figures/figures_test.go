package figures_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sekimori/broker/figures"
	"sekimori/broker/ledger"
)

var jst = time.FixedZone("JST", 9*3600)

// book is a ledger of made entries.
type book struct {
	t       *testing.T
	entries []ledger.Entry
	at      time.Time
	by      string // the actor; empty: U-001
}

func (b *book) add(kind string, payload map[string]any) {
	b.t.Helper()
	e, err := ledger.Seal(ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "person", ID: cmp.Or(b.by, "U-001"), Via: "cli"}, Payload: payload}, int64(len(b.entries)), b.at, b.at, [ledger.SaltSize]byte{1})
	if err != nil {
		b.t.Fatal(err)
	}
	b.entries = append(b.entries, e)
}

func (b *book) export() []byte {
	b.t.Helper()
	var out bytes.Buffer
	for _, e := range b.entries {
		fmt.Fprintf(&out, `{"header":%s,"payload":%s}`+"\n", e.Header, e.Payload)
	}
	return out.Bytes()
}

func (b *book) counter(fy int) *figures.Counter {
	c := figures.New(figures.Year(fy, jst))
	for _, e := range b.entries {
		c.Add(e)
	}
	return c
}

func (b *book) count(fy int) []figures.Figure { return b.counter(fy).Figures() }

func value(all []figures.Figure, table, key, part string) int64 {
	for _, f := range all {
		if f.Table == table && f.Key == key && f.Part == part {
			return f.Value
		}
	}
	return -1
}

func TestAYearIsCounted(t *testing.T) {
	b := &book{t: t, at: time.Date(2026, 3, 31, 23, 59, 59, 999e6, jst)} // the last moment of the year before
	body := map[string]any{"individual_number": true, "urgent": "給与日"}
	b.add("request.submitted", map[string]any{"request": "R7-0001", "as": "request", "body": body})
	b.at = b.at.Add(time.Millisecond) // the first moment of the year
	b.add("request.submitted", map[string]any{"request": "R8-0001", "as": "request", "body": body})
	b.add("request.submitted", map[string]any{"request": "R8-0002", "as": "proposal", "body": map[string]any{}})
	b.add("request.submitted", map[string]any{"request": "R8-0003", "as": "request", "body": map[string]any{"drill": true}})
	b.add("request.approved", map[string]any{"request": "R8-0001", "final": true, "state": "approved-conditional", "on_behalf": "U-002"})
	b.add("request.approved", map[string]any{"request": "R8-0003", "final": true, "state": "approved"})
	b.add("paper.accepted", map[string]any{"paper": "P-1", "kind": "pledge", "person": "E-1", "state": "accepted"})
	b.add("session.opening", map[string]any{"session_id": "S-1", "window": "R7-0001-1", "vendor": "V-1", "engineer": "E-1", "attendant": "U-3"})
	b.add("session.ended", map[string]any{"session_id": "S-1", "request_no": "R7-0001", "seconds": 59.999, "end_cause": "work-done"})
	b.add("session.opening", map[string]any{"session_id": "S-2", "window": "R8-0003-1", "vendor": "V-2", "engineer": "E-2"})
	b.add("session.ended", map[string]any{"session_id": "S-2", "request_no": "R8-0003", "seconds": 60, "end_cause": "work-done"})
	b.add("session.refused", map[string]any{"reason": "too-early"})
	b.add("refusals.summed", map[string]any{"kind": "session.refused", "reason": "too-early", "count": 4})
	b.at = time.Date(2027, 4, 1, 0, 0, 0, 0, jst)
	b.add("review.signed", map[string]any{"review": "R7-0001-1", "verdict": "ok"}) // of the year's work, a moment after the year
	b.add("session.refused", map[string]any{"reason": "too-early"})
	all := b.count(2026)
	for want, n := range map[[3]string]int64{
		{"requests", "filed", ""}: 1, {"requests", "urgent", ""}: 1, {"requests", "approved", ""}: 1, {"requests", "conditional", ""}: 1, {"requests", "by_deputy", ""}: 1,
		{"sessions", "count", ""}: 1, {"sessions", "seconds", ""}: 59, {"sessions", "attended_rate", ""}: 100, {"sessions", "by_end_cause", "work-done"}: 1, {"sessions", "refused", ""}: 5, {"sessions", "by_refusal", "too-early"}: 5,
		{"supervision", "engineers", ""}: 1, {"supervision", "pledge_rate", ""}: 100, {"reviews", "rate", ""}: 100, {"reviews", "by_judgement", "ok"}: 1, {"viewing", "individual_number_use", ""}: 1, {"ledger", "entries", ""}: 12,
	} {
		if got := value(all, want[0], want[1], want[2]); got != n {
			t.Errorf("%v = %d, want %d", want, got, n)
		}
	}
	for _, f := range b.count(2019) { // a year without work has no rates
		if strings.HasSuffix(f.Key, "rate") || f.Key == "coverage" || f.Value != 0 {
			t.Errorf("a year without entries: %+v", f)
		}
	}
	b.entries[8] = b.entries[8].Dispose()
	if got := value(b.count(2026), "ledger", "unreadable", ""); got != 1 {
		t.Errorf("a disposed payload: %d unreadable", got)
	}
}

// Work that the plan leaves out is no work to review, until an auditor signs it. A finding of the year counts as closed also after the year.
func TestSampledWorkAndFindings(t *testing.T) {
	b := &book{t: t, at: time.Date(2027, 3, 31, 12, 0, 0, 0, jst)}
	for i, s := range []string{"S-1", "S-2", "S-3"} {
		b.add("session.opening", map[string]any{"session_id": s, "window": fmt.Sprintf("R8-0001-%d", i+1)})
		b.add("session.ended", map[string]any{"session_id": s, "end_cause": "work-done"})
	}
	b.add("finding.opened", map[string]any{"finding_no": "F-001"})
	b.add("finding.opened", map[string]any{"finding_no": "F-002"})
	b.at = time.Date(2027, 4, 1, 0, 0, 0, 0, jst)
	b.add("review.sampled", map[string]any{"review": "R8-0001-1", "outcome": "chosen"})
	b.add("review.sampled", map[string]any{"review": "R8-0001-2", "outcome": "left-out"})
	b.add("review.sampled", map[string]any{"review": "R8-0001-3", "outcome": "left-out"})
	b.add("review.signed", map[string]any{"review": "R8-0001-3", "verdict": "ok"})
	b.add("finding.opened", map[string]any{"finding_no": "F-003"})
	b.add("finding.closed", map[string]any{"finding_no": "F-003"})
	b.add("finding.closed", map[string]any{"finding_no": "F-001"})
	all := b.count(2026)
	for key, n := range map[string]int64{"due": 2, "left_out": 1, "reviewed": 1, "rate": 50, "findings": 2, "findings_closed": 1} {
		if got := value(all, "reviews", key, ""); got != n {
			t.Errorf("%s = %d, want %d", key, got, n)
		}
	}
}

// Looks are counted by the role that their entry says, exceptions by their item, and the ledger's verifications with the last one's result.
func TestLooksExceptionsAndVerifications(t *testing.T) {
	b := &book{t: t, at: time.Date(2026, 4, 1, 0, 0, 0, 0, jst)}
	b.add("request.approved", map[string]any{"request": "R8-0001", "final": true, "state": "approved", "overrides": []string{"backup", "reviews"}})
	b.add("recording.viewed", map[string]any{"purpose": "periodic-review", "role": "auditor"})
	b.add("recording.searched", map[string]any{"purpose": "periodic-review"})
	b.add("ledger.listed", map[string]any{"role": "approver"})
	b.add("ledger.verified", map[string]any{"result": "mismatch", "entries": 3})
	b.at = time.Date(2027, 3, 31, 23, 59, 59, 0, jst)
	b.add("ledger.verified", map[string]any{"result": "holds", "entries": 5})
	b.at = time.Date(2027, 4, 1, 0, 0, 0, 0, jst)
	b.add("ledger.verified", map[string]any{"result": "mismatch", "entries": 6})
	all := b.count(2026)
	for want, n := range map[[3]string]int64{
		{"requests", "overrides", ""}: 2, {"requests", "by_override", "backup"}: 1, {"viewing", "views", ""}: 2, {"viewing", "by_role", "auditor"}: 1, {"viewing", "by_role", figures.NotStated}: 1,
		{"viewing", "ledger_views", ""}: 1, {"viewing", "ledger_by_role", "approver"}: 1, {"ledger", "verifications", ""}: 2, {"ledger", "verified_days", ""}: 2, {"ledger", "mismatches", ""}: 1,
		{"ledger", "last_verified_on", ""}: 20270331, {"ledger", "last_verified_entries", ""}: 5, {"ledger", "last_result", "holds"}: 1, {"ledger", "last_result", "mismatch"}: -1,
	} {
		if got := value(all, want[0], want[1], want[2]); got != n {
			t.Errorf("%v = %d, want %d", want, got, n)
		}
	}
}

// The coverage of reviews is by the seconds that were sent to the signer, once each, however they were sent. What others were sent does not count.
func TestCoverageIsBySecondsSentToTheSigner(t *testing.T) {
	b := &book{t: t, at: time.Date(2027, 3, 31, 12, 0, 0, 0, jst)}
	for _, s := range []string{"S-1", "S-2", "S-3"} {
		b.add("session.opening", map[string]any{"session_id": s, "window": "R8-0001-1"})
		p := map[string]any{"session_id": s, "request_no": "R8-0001", "seconds": 99.5, "end_cause": "work-done"}
		if s != "S-3" { // S-3 has no recording
			p["recording"] = map[string]any{"file": "x"}
		}
		b.add("session.ended", p)
	}
	if got := value(b.count(2026), "reviews", "coverage", ""); got != -1 {
		t.Errorf("before the review the coverage is %d", got)
	}
	served := func(session, person string, picture, text [2]int) {
		b.add("recording.served", map[string]any{"look": "l", "session_id": session, "person": person, "length": 120, "picture": [][2]int{picture}, "text": [][2]int{text}})
	}
	b.at = b.at.Add(24 * time.Hour) // after the year
	served("S-1", "U-002", [2]int{0, 60}, [2]int{30, 90})
	served("S-1", "U-003", [2]int{0, 120}, [2]int{0, 1})
	b.by = "U-002"
	b.add("review.signed", map[string]any{"review": "R8-0001-1", "verdict": "ok", "late": true})
	all := b.count(2026)
	for key, n := range map[string]int64{"recorded_seconds": 220, "sent_seconds": 90, "coverage": 40, "late": 1} { // 120 as looks noted it, and 100 by the end
		if got := value(all, "reviews", key, ""); got != n {
			t.Errorf("%s = %d, want %d", key, got, n)
		}
	}
}

func TestAReportNamesTheFirstDifference(t *testing.T) {
	b := &book{t: t, at: time.Date(2026, 5, 1, 0, 0, 0, 0, jst)}
	b.add("session.refused", map[string]any{"reason": "too-early"})
	from, to := figures.Year(2026, jst)
	r := figures.Report{FiscalYear: 2026, From: from, To: to, Entries: 1, Figures: b.count(2026)}
	var file bytes.Buffer
	if err := r.Write(&file); err != nil {
		t.Fatal(err)
	}
	again, err := figures.Read(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if d := again.Compare(b.counter(2026)); d.Figure != "" || d.Lost != nil {
		t.Errorf("the same figures differ: %v", d)
	}
	for at := range again.Figures {
		changed := again
		changed.Figures = append([]figures.Figure{}, again.Figures...)
		changed.Figures[at].Value++
		if d := changed.Compare(b.counter(2026)); !strings.HasPrefix(d.Figure, changed.Figures[at].Table+"."+changed.Figures[at].Key) {
			t.Errorf("figure %d changed: %v", at, d)
		}
		changed.Figures = append(append([]figures.Figure{}, again.Figures[:at]...), again.Figures[at+1:]...)
		if d := changed.Compare(b.counter(2026)); d.Figure == "" {
			t.Errorf("figure %d left out, and no difference", at)
		}
	}
	for _, bad := range []string{"", "{}", `{"format":"sekimori-annual-figures","version":2}`, strings.Replace(file.String(), `"entries":1`, `"entries":1,"more":2`, 1)} {
		if _, err := figures.Read(strings.NewReader(bad)); !errors.Is(err, figures.ErrNoReport) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

// TestAnotherProgramComesToTheSame counts made ledgers with the program in independent_test.go, which shares no code with this package and
// reads the export as plain JSON.
func TestAnotherProgramComesToTheSame(t *testing.T) {
	for seed := range uint64(12) {
		b := &book{t: t, at: time.Date(2026, 3, 1, 0, 0, 0, 0, jst)}
		b.random(rand.New(rand.NewPCG(seed, 1)))
		mine := map[string]int64{}
		for _, f := range b.count(2026) {
			name := f.Table + "." + f.Key
			if f.Part != "" {
				name += "." + f.Part
			}
			mine[name] = f.Value
		}
		theirs := recount(t, b.export(), time.Date(2026, 4, 1, 0, 0, 0, 0, jst), time.Date(2027, 4, 1, 0, 0, 0, 0, jst))
		a, _ := json.Marshal(mine)
		z, _ := json.Marshal(theirs)
		if string(a) != string(z) {
			t.Fatalf("seed %d:\n%s\n%s", seed, a, z)
		}
	}
}

// random writes fourteen months of entries of every kind that is counted, in any order.
func (b *book) random(r *rand.Rand) {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	request := func() string { return fmt.Sprintf("R8-%04d", r.IntN(30)) }
	session := func() string { return fmt.Sprintf("S-%d", r.IntN(60)) }
	for i := range 1500 {
		b.at = b.at.Add(time.Duration(r.IntN(int(14 * 30 * 24 * time.Hour / 1500 * 2))).Truncate(time.Millisecond))
		no := request()
		switch r.IntN(22) {
		case 0:
			b.add(pick("request.submitted", "request.taken", "request.edited"), map[string]any{"request": no, "as": pick("request", "proposal", "emergency"),
				"body": map[string]any{"urgent": pick("", "x"), "drill": r.IntN(5) == 0, "individual_number": r.IntN(3) == 0}})
		case 1:
			b.add("request.approved", map[string]any{"request": no, "final": r.IntN(2) == 0, "state": pick("approved", "approved-conditional", "pending-second"), "on_behalf": pick("", "U-9"), "overrides": [][]string{nil, {"backup"}, {"reviews", "follow-up"}}[r.IntN(3)]})
		case 2:
			b.add(pick("request.returned", "request.rejected", "request.withdrawn", "request.lapsed", "emergency.opened"), map[string]any{"request": no, "on_behalf": pick("", "U-9"), "overrides": [][]string{nil, {"backup"}}[r.IntN(2)]})
		case 3, 4:
			b.add("session.opening", map[string]any{"session_id": session(), "window": no + "-1", "vendor": pick("V-1", "V-2", "V-3"), "engineer": pick("E-1", "E-2", "E-3", "E-4"), "attendant": pick("", "U-1")})
		case 5, 6:
			p := map[string]any{"session_id": session(), "request_no": no, "seconds": float64(r.IntN(9000000)) / 1000, "end_cause": pick("work-done", "window-ended", "cut"), "masked": r.IntN(3)}
			if r.IntN(3) > 0 {
				p["recording"] = map[string]any{"file": "x"}
			}
			b.add("session.ended", p)
		case 7:
			b.add("session.refused", map[string]any{"reason": pick("too-early", "frozen")})
		case 8:
			b.add("refusals.summed", map[string]any{"kind": pick("session.refused", "access.refused"), "reason": pick("too-early", "too-early frozen"), "count": 1 + r.IntN(5)})
		case 9:
			b.add(pick("extension.granted", "line.left-on", "line.lost"), map[string]any{"request": no})
		case 10:
			b.add(pick("paper.filed", "paper.accepted", "paper.withdrawn"), map[string]any{"paper": fmt.Sprintf("P-%d", r.IntN(40)), "kind": pick("pledge", "certification", "subcontract", "audit-report", "other"),
				"person": pick("E-1", "E-2", "E-3", "E-4"), "state": pick("accepted", "submitted")})
		case 11:
			b.by = pick("U-001", "U-002")
			b.add("review.signed", map[string]any{"review": pick(no+"-1", session()), "verdict": pick("ok", "question", "fix"), "late": r.IntN(3) == 0})
		case 12:
			b.add(pick("recording.viewed", "recording.exported", "recording.searched", "session.watched"), map[string]any{"purpose": pick("periodic-review", "incident"), "role": pick("", "auditor", "attendant")})
		case 13:
			b.add(pick("freeze.on", "day.confirmed", "ledger.exported", "form.exported", "notice.in-force", "file.disposed", "recording.disposed", "alarm.raised", "file.released", "file.fetched", "late-entry.confirmed", "test.other"), map[string]any{"drill": r.IntN(3) == 0})
		case 14:
			b.add("review.sampled", map[string]any{"review": pick(no+"-1", session()), "outcome": pick("chosen", "left-out", "forced")})
		case 15:
			b.add("finding.opened", map[string]any{"finding_no": fmt.Sprintf("F-%d", i), "finding": "x"})
		case 16:
			b.add("finding.closed", map[string]any{"finding_no": fmt.Sprintf("F-%d", r.IntN(i+1))})
		case 17, 18:
			served := map[string]any{"look": "l", "session_id": session(), "person": pick("U-001", "U-002", "U-003"), "length": 600 + r.IntN(3)}
			for _, way := range []string{"picture", "text", "search"} {
				if from := r.IntN(500); r.IntN(2) == 0 {
					served[way] = [][2]int{{from, from + 1 + r.IntN(40)}, {from + 50, from + 51 + r.IntN(90)}}
				}
			}
			b.add("recording.served", served)
		case 19:
			b.add(pick("ledger.listed", "ledger.viewed", "ledger.exported", "ledger.proved"), map[string]any{"role": pick("", "auditor", "approver")})
		case 20:
			b.add("ledger.verified", map[string]any{"result": pick("holds", "holds", "mismatch"), "entries": len(b.entries)})
		case 21:
			b.add(pick("window.overridden", "target.reconciled"), map[string]any{"request": no, "item": pick("backup", "reviews"), "new": r.IntN(3), "beyond": r.IntN(2)})
		}
	}
}

// TestEachWayOutIsCounted: whatever left the institution, and whatever was disposed of, stands in the figures. The bundle of a drill does not.
func TestEachWayOutIsCounted(t *testing.T) {
	b := &book{t: t, at: time.Date(2026, 7, 1, 12, 0, 0, 0, jst)}
	for _, kind := range []string{"ledger.exported", "form.exported", "recording.exported", "incident.exported", "ledger.proved", "recording.disposed", "file.disposed"} {
		b.add(kind, map[string]any{"purpose": "inquiry"})
	}
	b.add("incident.exported", map[string]any{"drill": true})
	all := b.count(2026)
	for key, n := range map[string]int64{"exports": 5, "disposals": 2, "views": 1} {
		if got := value(all, "viewing", key, ""); got != n {
			t.Errorf("%s: %d, want %d", key, got, n)
		}
	}
}
