package notify

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Placeholders whose values are numbers and states. Subjects hold no others: no names, no reasons, no addresses.
var impersonal = []string{"day", "request", "window", "session", "work", "incident", "alarm", "paper", "late", "file", "change", "vendor", "days", "number", "what", "count"}

func TestSubjectsHoldNothingPersonal(t *testing.T) {
	placeholder := regexp.MustCompile(`\{(\w+)\}`)
	m := &matter{}
	args := m.args()
	codes := map[string]text.Text{}
	for _, row := range tellings() {
		for _, said := range []text.Text{row.subject, row.lead, row.next} {
			if said.JA == "" || said.EN == "" || said.JA == said.EN && !strings.Contains(said.JA, "{") {
				t.Errorf("%s is not said in both languages: %q, %q", row.code, said.JA, said.EN)
			}
			for _, s := range []string{said.JA, said.EN} {
				for _, p := range placeholder.FindAllStringSubmatch(s, -1) {
					if _, known := args[p[1]]; !known {
						t.Errorf("%s: no value for {%s}", row.code, p[1])
					}
				}
			}
		}
		for _, s := range []string{row.subject.JA, row.subject.EN} {
			for _, p := range placeholder.FindAllStringSubmatch(s, -1) {
				if !slices.Contains(impersonal, p[1]) {
					t.Errorf("%s: {%s} in a subject", row.code, p[1])
				}
			}
		}
		if row.told == "" && row.also == nil {
			t.Errorf("%s is told to no one", row.code)
		}
		if row.page == nil {
			t.Errorf("%s leads nowhere", row.code)
		}
		if before, twice := codes[row.code]; twice && before != row.subject {
			t.Errorf("%s says two things", row.code)
		}
		codes[row.code] = row.subject
	}
}

// Each kind in the table is one that the ledger knows, but for what the clock makes due.
func TestRowsAreOfKnownKinds(t *testing.T) {
	known := map[string]bool{WindowUnattended: true, WindowClosing: true, WindowOver: true, ReviewSoon: true, ReviewOverdue: true, AnswerOverdue: true, CheckpointOfDay: true}
	for _, k := range ledger.Kinds() {
		known[k.Name] = true
	}
	for _, row := range tellings() {
		if !known[row.kind] {
			t.Errorf("%s: no kind %s", row.code, row.kind)
		}
	}
}

// statesTold is screens §6: the states and who is told of each, with the row of the table that tells it. Live states that the terminal and
// the attendant's page tell at once have no row.
var statesTold = map[string]string{
	"request.pending-first": "HD", "request.pending-second": "SQ", "request.returned": "QV", "request.approved": "QVET", "request.approved-conditional": "QVET",
	"request.rejected": "QV", "request.withdrawn": "HST", "request.lapsed": "QVHS", "emergency.open": "HSAVQ", "emergency.follow-up-due": "HSAVQ", "request.revoked": "QVETS",
	"report.due": "VE", "report.overdue": "Q", "request.closed": "Q",
	"window.unattended": "TE", "session.active": "TH", "window.extended": "HS", "window.closed": "Q", "session.paused": "ET", "session.ended": "TQH", "session.cut": "TQHSA",
	"freeze.frozen": "QVTHSM", "freeze.lift-one": "HSM", "freeze.lifted": "HSM", "recording.hold": "SA", "review.ok": "HT", "review.question": "HTV", "review.fix": "HSVT",
	"review.queued": "A", "review.taken": "A", "review.overdue": "ASH", "review.answer-overdue": "AS", "recording.gap": "ASM", "window.closing": "TE", "window.ended": "Q", "window.unused": "Q",
	"grant.void": "EVT", "file.released": "QV", "file.rejected": "QVTHSA", "file.scan-failed": "QVSM", "renewal.asked": "V",
	"paper.expiring": "VQS", "paper.expired": "VQS", "vendor.locked": "VQS", "person.locked": "VQS", "session.refused-repeatedly": "S",
}

func TestEveryStateTellsItsLetters(t *testing.T) {
	rows := map[string]string{}
	for _, row := range tellings() {
		rows[row.code] += row.told
	}
	for code, letters := range statesTold {
		for _, l := range letters {
			if !strings.ContainsRune(rows[code], l) {
				t.Errorf("%s does not tell %c (it tells %q)", code, l, rows[code])
			}
		}
	}
}

// Each refusal and each end tells the letters of its reason.
func TestEveryReasonTellsItsLetters(t *testing.T) {
	for _, r := range policy.Reasons() {
		for kind, member := range map[string]string{"session.refused": "reason", "session.ended": "end_cause"} {
			m := &matter{members: map[string]rawJSON{member: rawJSON(`"` + string(r.Code) + `"`)}}
			told := ""
			for _, row := range byKind[kind] {
				if row.when == nil || row.when(m) {
					told += row.told
					if row.also != nil {
						told += row.also(m)
					}
				}
			}
			for _, l := range r.Told {
				if !strings.ContainsRune(told, l) {
					t.Errorf("%s of %s does not tell %c", kind, r.Code, l)
				}
			}
		}
	}
}

type rawJSON = json.RawMessage

func TestFilled(t *testing.T) {
	got := filled(text.Of("申請 {request}: {what}", "Request {request}: {what}"), map[string]text.Text{"request": text.Of("第1号", "R8-0001"), "what": store.AlarmTarget.Label()})
	if got.JA != "申請 第1号: 接続先の鍵・ログイン・暗号方式" || !strings.HasPrefix(got.EN, "Request R8-0001: ") {
		t.Errorf("%+v", got)
	}
}
