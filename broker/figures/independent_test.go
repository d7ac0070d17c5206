package figures_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// recount counts an export by another program: the whole ledger is read into memory as plain JSON, and each figure is a question of its own to
// it. Nothing here comes from the packages of the broker.
func recount(t *testing.T, export []byte, from, to time.Time) map[string]int64 {
	t.Helper()
	type line struct {
		Header struct {
			Time  time.Time `json:"time"`
			Kind  string    `json:"kind"`
			Actor struct {
				ID string `json:"id"`
			} `json:"actor"`
		} `json:"header"`
		Payload map[string]any `json:"payload"`
	}
	var all []line
	lines := bufio.NewScanner(bytes.NewReader(export))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	text := func(l line, name string) string { s, _ := l.Payload[name].(string); return s }
	flag := func(l line, name string) bool { b, _ := l.Payload[name].(bool); return b }
	within := func(l line) bool { return !l.Header.Time.Before(from) && l.Header.Time.Before(to) }
	// body is the application of a request as it stood before an entry.
	body := func(request string, before int) map[string]any {
		for i := before; i >= 0; i-- {
			switch all[i].Header.Kind {
			case "request.submitted", "request.taken", "request.edited":
				if text(all[i], "request") == request {
					b, _ := all[i].Payload["body"].(map[string]any)
					return b
				}
			}
		}
		return nil
	}
	drill := func(request string, before int) bool { d, _ := body(request, before)["drill"].(bool); return d }
	out := map[string]int64{}
	count := func(name string, ask func(i int, l line) bool) {
		n := int64(0)
		for i, l := range all {
			if within(l) && ask(i, l) {
				n++
			}
		}
		out[name] = n
	}
	kind := func(kinds ...string) func(int, line) bool {
		return func(_ int, l line) bool {
			return strings.Contains(" "+strings.Join(kinds, " ")+" ", " "+l.Header.Kind+" ")
		}
	}
	real := func(kinds ...string) func(int, line) bool { // without drills
		return func(i int, l line) bool { return kind(kinds...)(i, l) && !drill(text(l, "request"), i) }
	}
	filed := func(i int, l line) bool {
		return real("request.submitted", "request.taken")(i, l) && !(l.Header.Kind == "request.submitted" && text(l, "as") == "proposal")
	}
	count("requests.filed", filed)
	count("requests.urgent", func(i int, l line) bool {
		b, _ := l.Payload["body"].(map[string]any)
		return filed(i, l) && b["urgent"] != ""
	})
	final := func(i int, l line) bool { return real("request.approved")(i, l) && flag(l, "final") }
	count("requests.approved", final)
	count("requests.conditional", func(i int, l line) bool { return final(i, l) && text(l, "state") == "approved-conditional" })
	for name, k := range map[string]string{"returned": "request.returned", "rejected": "request.rejected", "withdrawn": "request.withdrawn", "lapsed": "request.lapsed", "emergency": "emergency.opened"} {
		count("requests."+name, real(k))
	}
	count("requests.by_deputy", func(i int, l line) bool {
		return real("request.approved", "request.returned", "request.rejected", "request.withdrawn", "request.lapsed", "emergency.opened")(i, l) && text(l, "on_behalf") != ""
	})
	count("sessions.extended", real("extension.granted"))
	count("sessions.late_restore", real("line.left-on"))
	count("sessions.separation_lost", real("line.lost"))
	count("sessions.late_entries", kind("late-entry.confirmed"))
	count("viewing.alarms", kind("alarm.raised"))
	number := func(l line, name string) int64 { n, _ := l.Payload[name].(float64); return int64(n) }
	texts := func(l line, name string) (all []string) {
		list, _ := l.Payload[name].([]any)
		for _, one := range list {
			s, _ := one.(string)
			all = append(all, s)
		}
		return all
	}
	out["requests.overrides"], out["viewing.unknown_logins"] = 0, 0
	for i, l := range all {
		var items []string
		switch {
		case !within(l):
		case l.Header.Kind == "target.reconciled":
			out["viewing.unknown_logins"] += number(l, "new") + number(l, "beyond")
		case real("window.overridden")(i, l):
			items = []string{text(l, "item")}
		case real("emergency.opened")(i, l), real("request.approved")(i, l) && flag(l, "final"):
			items = texts(l, "overrides")
		}
		for _, item := range items {
			out["requests.overrides"]++
			out["requests.by_override."+item]++
		}
	}
	count("reviews.freezes", func(i int, l line) bool { return kind("freeze.on")(i, l) && !flag(l, "drill") })
	count("reviews.confirmed_days", kind("day.confirmed"))
	count("viewing.exports", func(i int, l line) bool {
		return kind("ledger.exported", "form.exported", "recording.exported", "incident.exported", "ledger.proved")(i, l) && !flag(l, "drill")
	})
	count("viewing.notice_versions", kind("notice.in-force"))
	count("viewing.disposals", kind("recording.disposed", "file.disposed", "ledger.disposed", "recording.disposed"))
	count("viewing.files_in", kind("file.released"))
	count("viewing.files_out", kind("file.fetched"))
	looks, ofLedger := kind("recording.viewed", "recording.exported", "recording.searched", "session.watched"), kind("ledger.listed", "ledger.viewed", "ledger.exported", "ledger.proved")
	count("viewing.views", looks)
	count("viewing.ledger_views", ofLedger)
	count("ledger.entries", func(int, line) bool { return true })
	out["ledger.unreadable"] = 0
	for _, l := range all {
		role := text(l, "role")
		if role == "" {
			role = "not-stated"
		}
		if within(l) && looks(0, l) {
			out["viewing.by_purpose."+text(l, "purpose")]++
			out["viewing.by_role."+role]++
		}
		if within(l) && ofLedger(0, l) {
			out["viewing.ledger_by_role."+role]++
		}
	}

	count("ledger.verifications", kind("ledger.verified"))
	count("ledger.mismatches", func(i int, l line) bool { return kind("ledger.verified")(i, l) && text(l, "result") != "holds" })
	days := map[string]bool{}
	for i := len(all) - 1; i >= 0; i-- {
		if !within(all[i]) || all[i].Header.Kind != "ledger.verified" {
			continue
		}
		day := all[i].Header.Time.In(from.Location()).Format("20060102")
		if len(days) == 0 {
			on, _ := strconv.ParseInt(day, 10, 64)
			out["ledger.last_verified_on"], out["ledger.last_verified_entries"], out["ledger.last_result."+text(all[i], "result")] = on, number(all[i], "entries"), 1
		}
		days[day] = true
	}
	out["ledger.verified_days"] = int64(len(days))

	worked := func(i int, l line) bool { return kind("session.ended")(i, l) && !drill(text(l, "request_no"), i) }
	opening := func(ended int) line { // the session's opening that no earlier end took
		for i := ended - 1; i >= 0; i-- {
			if text(all[i], "session_id") != text(all[ended], "session_id") {
				continue
			}
			if all[i].Header.Kind == "session.opening" {
				return all[i]
			}
			if all[i].Header.Kind == "session.ended" {
				break
			}
		}
		return line{}
	}
	vendors, engineers, due, milliseconds := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0.0
	out["viewing.numbers_masked"] = 0
	for i, l := range all {
		if !within(l) || !worked(i, l) {
			continue
		}
		s, _ := l.Payload["seconds"].(float64)
		milliseconds += math.Round(s * 1000)
		out["sessions.by_end_cause."+text(l, "end_cause")]++
		out["viewing.numbers_masked"] += number(l, "masked")
		o := opening(i)
		vendors[text(o, "vendor")], engineers[text(o, "engineer")] = true, true
		if review := text(o, "window"); review != "" {
			due[review] = true
		} else {
			due[text(l, "session_id")] = true
		}
	}
	delete(vendors, "")
	delete(engineers, "")
	count("sessions.count", worked)
	count("sessions.attended", func(i int, l line) bool { return worked(i, l) && text(opening(i), "attendant") != "" })
	count("viewing.individual_number_use", func(i int, l line) bool {
		n, _ := body(text(l, "request_no"), i)["individual_number"].(bool)
		return worked(i, l) && n
	})
	out["sessions.seconds"] = int64(milliseconds) / 1000
	share := func(name string, n, of int64) { // a share of nothing is no figure
		if of > 0 {
			out[name] = n * 100 / of
		}
	}
	share("sessions.attended_rate", out["sessions.attended"], out["sessions.count"])
	out["supervision.vendors"], out["supervision.engineers"] = int64(len(vendors)), int64(len(engineers))
	out["sessions.refused"] = 0
	for _, l := range all {
		reason, n := text(l, "reason"), int64(1)
		switch {
		case !within(l):
			continue
		case l.Header.Kind == "refusals.summed" && text(l, "kind") == "session.refused":
			f, _ := l.Payload["count"].(float64)
			if n = int64(f); strings.Contains(reason, " ") {
				reason = "several"
			}
		case l.Header.Kind != "session.refused":
			continue
		}
		out["sessions.refused"] += n
		out["sessions.by_refusal."+reason] += n
	}

	accepted, pledges := map[string]bool{}, map[string]string{} // paper; the person of a pledge that was not withdrawn by the end of the year
	for _, name := range []string{"certifications", "subcontracts", "audit_reports"} {
		out["supervision."+name] = 0
	}
	for _, l := range all {
		if !l.Header.Time.Before(to) {
			break
		}
		no := text(l, "paper")
		switch l.Header.Kind {
		case "paper.withdrawn":
			delete(pledges, no)
		case "paper.filed", "paper.accepted":
			if text(l, "state") != "accepted" || accepted[no] {
				continue
			}
			accepted[no] = true
			switch k := text(l, "kind"); {
			case k == "pledge":
				pledges[no] = text(l, "person")
			case within(l) && k == "certification":
				out["supervision.certifications"]++
			case within(l) && k == "subcontract":
				out["supervision.subcontracts"]++
			case within(l) && k == "audit-report":
				out["supervision.audit_reports"]++
			}
		}
	}
	people := map[string]bool{}
	for _, person := range pledges {
		if engineers[person] {
			people[person] = true
		}
	}
	out["supervision.pledged"] = int64(len(people))
	share("supervision.pledge_rate", int64(len(people)), int64(len(engineers)))

	out["reviews.due"], out["reviews.reviewed"], out["reviews.left_out"], out["reviews.late"] = int64(len(due)), 0, 0, 0
	signers := map[string]string{} // of the review, the last
	for review := range due {
		last, drawn, late := "", "", false
		for _, l := range all {
			switch {
			case text(l, "review") != review:
			case l.Header.Kind == "review.signed":
				last, late, signers[review] = text(l, "verdict"), flag(l, "late"), l.Header.Actor.ID
			case l.Header.Kind == "review.sampled":
				drawn = text(l, "outcome")
			}
		}
		if last == "" && drawn == "left-out" {
			out["reviews.left_out"]++
			out["reviews.due"]--
		}
		if last != "" {
			out["reviews.reviewed"]++
			out["reviews.by_judgement."+last]++
			if late {
				out["reviews.late"]++
			}
		}
	}
	out["reviews.recorded_seconds"], out["reviews.sent_seconds"] = 0, 0
	recorded := map[string]int{} // session; its last end with a recording
	for i, l := range all {
		if within(l) && worked(i, l) && l.Payload["recording"] != nil {
			recorded[text(l, "session_id")] = i
		}
	}
	for session, ended := range recorded {
		review := text(opening(ended), "window")
		if review == "" {
			review = session
		}
		if signers[review] == "" {
			continue
		}
		length, seconds := int64(0), map[int64]bool{} // each second that the signer was sent
		for _, l := range all {
			if l.Header.Kind != "recording.served" || l.Header.Time.Before(from) || text(l, "session_id") != session {
				continue
			}
			length = max(length, number(l, "length"))
			for _, way := range []string{"picture", "text", "search"} {
				parts, _ := l.Payload[way].([]any)
				for _, part := range parts {
					ends, _ := part.([]any)
					for at := int64(ends[0].(float64)); at < int64(ends[1].(float64)) && at < number(l, "length"); at++ {
						seconds[at] = seconds[at] || text(l, "person") == signers[review]
					}
				}
			}
		}
		if length == 0 {
			s, _ := all[ended].Payload["seconds"].(float64)
			length = int64(math.Ceil(s))
		}
		out["reviews.recorded_seconds"] += length
		for _, signer := range seconds {
			if signer {
				out["reviews.sent_seconds"]++
			}
		}
	}
	share("reviews.coverage", out["reviews.sent_seconds"], out["reviews.recorded_seconds"])
	findings, closed := map[string]bool{}, map[string]bool{}
	for _, l := range all {
		switch no := text(l, "finding_no"); l.Header.Kind {
		case "finding.opened":
			if within(l) {
				findings[no] = true
			}
		case "finding.closed":
			if findings[no] {
				closed[no] = true
			}
		}
	}
	out["reviews.findings"], out["reviews.findings_closed"] = int64(len(findings)), int64(len(closed))
	share("reviews.rate", out["reviews.reviewed"], out["reviews.due"])
	return out
}
