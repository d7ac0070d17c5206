package act

import (
	"slices"
	"strings"

	"sekimori/broker/field"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Spec describes an act without a running broker. The API makes its route from it, the command line its command.
type Spec struct {
	Name     string     // the act's name in a list of offers: "permit"
	Path     string     // of the API, with the subject's id in braces: "/v1/windows/{id}/permit"
	Command  string     // words after "sekimori": "attend permit"; empty: the act has no command of its own
	Operands string     // of the command, the subject's id first: "WINDOW"
	JA, EN   string     // one line of help
	Fields   field.Asks // the inputs beside the subject and the proof: a field.Table; nil: none
	Proof    Proof
	Callers  Callers
	Shows    Shown // the API's answer if the act itself gives no result
}

// Route names the act in entries and logs.
func (s Spec) Route() string { return "POST " + s.Path }

// Parameter is the name of the subject's id in Path; empty if the act has no subject yet.
func (s Spec) Parameter() string {
	_, rest, _ := strings.Cut(s.Path, "{")
	name, _, _ := strings.Cut(rest, "}")
	return name
}

// OperandFields are the keys of the fields that the command takes as operands after the subject's id.
func (s Spec) OperandFields() []string {
	words := strings.Fields(strings.ToLower(s.Operands))
	if len(words) == 0 {
		return nil
	}
	return words[1:]
}

// Said is the body of an act that takes only a reason.
type Said struct {
	Reason string `json:"reason,omitempty"`
}

// Why is its table.
var Why = field.Table[Said]{field.Text("reason", "理由(記録されます)", "why; it is ledgered", func(b *Said) *string { return &b.Reason })}

// Shown names the API's answer after the act.
type Shown string

// The possible answers.
const (
	ShowsRequest    Shown = "request"
	ShowsWindow     Shown = "window"
	ShowsAttendance Shown = "attendance" // the window's page for its attendant
	ShowsSession    Shown = "session"
	ShowsPerson     Shown = "person"
	ShowsVendor     Shown = "vendor"
	ShowsRecording  Shown = "recording"
	ShowsReview     Shown = "review"
	ShowsPermit     Shown = "permit"
	ShowsRoster     Shown = "roster"
	ShowsDay        Shown = "day"
	ShowsEntry      Shown = "entry"
	ShowsLine       Shown = "line"
	ShowsDraft      Shown = "draft"
	ShowsTarget     Shown = "target"
	ShowsViewingKey Shown = "viewing-key"
	ShowsAccess     Shown = "recording-access"
	ShowsYear       Shown = "year"
	ShowsLateEntry  Shown = "late-entry"

	ShowsReconciliation Shown = "reconciliation"
	ShowsUnknownLogin   Shown = "unknown-login"
	ShowsFile           Shown = "file"
)

// Proof tells when an act asks for password and one-time code.
type Proof int

// The times at which a proof is needed. A proof is kept for one person, one token and one window, for five minutes.
const (
	NoProof    Proof = iota
	EachTime         // always, even after an earlier proof: every approval, every release
	Kept             // unless a proof is kept for the window
	ByCase           // if the act says so (Person.MustProve); none is kept
	KeptByCase       // if the act says so, unless a proof is kept for the window
)

func (p Proof) keeps() bool  { return p == Kept || p == KeptByCase }
func (p Proof) byCase() bool { return p == ByCase || p == KeptByCase }

// Callers says who may call an act at all, before its subject is looked at. The zero value lets no one in. The act's rule says what a
// person may do with the subject.
type Callers struct {
	Everyone bool // every signed-in person
	Vendors  bool // engineers and vendor contacts
	Deputies bool // staff who decide for an approver now
	Roles    []policy.Role
}

// Those are staff with one of the roles.
func Those(roles ...policy.Role) Callers { return Callers{Roles: roles} }

// Everyone lets every signed-in person call.
func Everyone() Callers { return Callers{Everyone: true} }

// Staff lets all members of staff call.
func Staff() Callers {
	return Those(policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant, policy.Auditor, policy.Administrator, policy.InformationSystems, policy.PermitOfficer)
}

// Allow tells whether the person may call. It ignores deputies.
func (c Callers) Allow(p policy.Person) bool {
	switch p.Kind {
	case policy.Staff:
		return c.Everyone || slices.ContainsFunc(c.Roles, p.Has)
	case policy.Engineer, policy.Contact:
		return c.Everyone || c.Vendors
	}
	return false
}

// AllowNow is Allow that also lets deputies in, who decide for an approver now.
func (c Callers) AllowNow(s *store.Snap, p policy.Person) (bool, error) {
	if c.Allow(p) {
		return true, nil
	}
	if !c.Deputies || p.Kind != policy.Staff || p.ID == "" {
		return false, nil
	}
	list, err := s.Deputations(store.DeputationFilter{Deputy: p.ID, Holding: s.Now, Limit: 1})
	return len(list) > 0, err
}

// String names the roles, for a refusal.
func (c Callers) String() string {
	var names []string
	for _, r := range c.Roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}
