package notify

import (
	"encoding/json"
	"strings"

	"sekimori/policy"
	"sekimori/policy/text"
)

// telling is one thing of which people are told.
type telling struct {
	code string // a word that does not change
	kind string // of the entry, or the word of what the clock makes due
	when func(m *matter) bool
	told string // letters of policy; "P" is the person whom the entry is about, "B" those whom it names, "F" the addressee of a review, "K" the mailbox of the checkpoints, "O" the owning section's mailbox, "*" the desks of an alarm
	also func(m *matter) string
	// quiet: in the list on the pages and in calls only. The person sees it where they work, or need not act.
	quiet   func(m *matter) bool
	similar func(m *matter) string // makes similar notices within an hour one; nil: each stands alone

	subject, lead, next text.Text
	page                func(m *matter) (staff, portal string)
	calendar            bool // with the appointments of the request
}

func always(*matter) bool { return true }

// is asks for the value of a member.
func is(member string, values ...string) func(m *matter) bool {
	return func(m *matter) bool {
		for _, v := range values {
			if m.text(member) == v {
				return true
			}
		}
		return false
	}
}

func flag(member string, want bool) func(m *matter) bool {
	return func(m *matter) bool { return m.flag(member) == want }
}

func both(a, b func(m *matter) bool) func(m *matter) bool {
	return func(m *matter) bool { return a(m) && b(m) }
}

// The pages that notices lead to. None of them decides by being opened.
func toRequest(m *matter) (string, string) {
	return "/requests/" + m.request.No, "/v/requests/" + m.request.No
}
func toWindow(m *matter) (string, string) {
	return "/windows/" + m.window.ID, "/v/windows/" + m.window.ID
}
func toSession(m *matter) (string, string)  { return "/sessions/" + m.session.ID, "" }
func toVendor(m *matter) (string, string)   { return "/vendors/" + m.vendor.ID, "/v/pledge" }
func toIncident(m *matter) (string, string) { return "/incidents/" + m.text("incident"), "/v/" }
func toPermits(*matter) (string, string)    { return "/permits", "/v/permits" }
func toLate(m *matter) (string, string)     { return "/late-entries/" + m.text("late_entry"), "" }
func toAlarms(*matter) (string, string)     { return "/alarms", "" }
func toMe(*matter) (string, string)         { return "/me", "/v/keys" }
func toChanges(*matter) (string, string)    { return "/changes", "" }
func toReviews(*matter) (string, string)    { return "/reviews", "" }
func toReview(m *matter) (string, string)   { return "/reviews/" + m.review.ID, "" }
func toFinding(m *matter) (string, string) {
	no := m.text("finding_no")
	return "/findings/" + no, "/v/findings/" + no
}
func toQuestions(*matter) (string, string) { return "/questions", "/v/questions" }
func toReport(m *matter) (string, string) {
	return "/requests/" + m.request.No, "/v/report/" + m.window.ID
}

// ofReason gives the letters of the reason that an entry names.
func ofReason(member string) func(m *matter) string {
	return func(m *matter) string {
		info, _ := policy.Lookup(policy.Reason(m.text(member)))
		return info.Told
	}
}

// byOrder tells whether a session ended as planned: by the engineer, the end of the window, idleness, or the attendant's ordinary close.
func byOrder(m *matter) bool {
	switch policy.Reason(m.text("end_cause")) {
	case policy.EndedByEngineer, policy.WindowEnded, policy.IdleTimeout, policy.WindowWasClosed:
		return true
	}
	return false
}

// stranger tells whether an alarm is one that strangers can raise without end.
func stranger(m *matter) string {
	switch m.text("what") {
	case "failures", "locked-out", "nobody-present", "client-too-old":
		return "alarm " + m.text("what") + " " + m.text("about")
	}
	return ""
}

var byKind = func() map[string][]telling {
	all := map[string][]telling{}
	for _, t := range tellings() {
		all[t.kind] = append(all[t.kind], t)
	}
	return all
}()

// Tells says whether someone may be told of an entry, by its kind. The store asks it for each entry.
func Tells(kind string, _ []byte) bool { return len(byKind[kind]) > 0 }

// members decodes a payload.
func members(payload []byte) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	err := json.Unmarshal(payload, &m)
	return m, err
}

// filled puts the values of placeholders into a text. An unknown placeholder stays, and a test finds it.
func filled(t text.Text, args map[string]text.Text) text.Text {
	if !strings.Contains(t.JA, "{") && !strings.Contains(t.EN, "{") {
		return t
	}
	var ja, en []string
	for name, v := range args {
		ja, en = append(ja, "{"+name+"}", v.JA), append(en, "{"+name+"}", v.EN)
	}
	return text.Of(strings.NewReplacer(ja...).Replace(t.JA), strings.NewReplacer(en...).Replace(t.EN))
}
