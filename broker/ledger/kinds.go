package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Member is one member of the payload of a kind of entry.
type Member struct {
	Name string
	Type string // one of the Type… constants
	Says string // its meaning, for a reader who has only the export
}

// The types of members. A null is valid only if the member's row says so.
const (
	TypeText    = "text"
	TypeInstant = "instant" // a text of RFC 3339, in UTC unless its row says otherwise
	TypeNumber  = "number"
	TypeFlag    = "flag"
	TypeList    = "list"
	TypeObject  = "object"
	TypeEither  = "list or object"
)

// Kind is one kind of entry: its event, its subjects, and the possible members of its payload.
type Kind struct {
	Name     string
	JA       string   // the name in Japanese lists
	Says     string   // the event
	Subjects string   // the ids in the header, in words; empty: none
	Common   string   // a group of Groups with further members; empty: none
	Members  []Member // the row of an optional member says when it is there
}

// Group is a set of members that several kinds share.
type Group struct {
	Name, Says string
	Members    []Member
}

// testKinds begins the names of kinds that only tests write.
const testKinds = "test."

// memberRows may stand last in an entry of any kind: FORMAT.md, section 7.
const memberRows = "rows"

// catalogue is all kinds by name.
var catalogue = slices.SortedFunc(slices.Values(slices.Concat(kindsOfPeople, kindsOfRequests, kindsOfWindows, kindsOfLines, kindsOfSessions, kindsOfFiles, kindsOfAccounts, kindsOfPapers, kindsOfPermits, kindsOfLateEntries, kindsOfStops, kindsOfKeys, kindsOfIncidents, kindsOfTheLedger, kindsOfNotices)),
	func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })

// Kinds returns all kinds that a broker of this version writes, by name. KINDS.md shows them.
func Kinds() []Kind { return slices.Clone(catalogue) }

// KindJA returns the Japanese name of a kind. For an unknown kind it returns the kind itself.
func KindJA(name string) string {
	if k, known := kindNamed(name); known {
		return k.JA
	}
	return name
}

// KindSays returns in English what an entry of a kind tells: the first sentence of its description. For an unknown kind it returns the kind
// itself.
func KindSays(name string) string {
	k, known := kindNamed(name)
	if !known {
		return name
	}
	first, _, more := strings.Cut(k.Says, ". ")
	if more {
		return first
	}
	return strings.TrimSuffix(first, ".")
}

func kindNamed(name string) (Kind, bool) {
	i, known := slices.BinarySearchFunc(catalogue, name, func(k Kind, name string) int { return strings.Compare(k.Name, name) })
	if !known {
		return Kind{}, false
	}
	return catalogue[i], true
}

// Groups are the groups that kinds name.
func Groups() []Group { return slices.Clone(groups) }

// Uncatalogued returns the parts of an entry that the catalogue does not list: the kind, or each member ("kind: member") that
// is missing there or has another type. nil: all are listed, or it is a test's kind.
func Uncatalogued(kind string, payload []byte) []string {
	if strings.HasPrefix(kind, testKinds) {
		return nil
	}
	row, known := kindNamed(kind)
	if !known {
		return []string{kind}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil {
		return []string{kind + ": the payload is no object"}
	}
	var unknown []string
	for name, value := range members {
		switch m, ok := row.member(name); {
		case name == memberRows:
		case !ok:
			unknown = append(unknown, kind+": "+name)
		case !m.fits(value):
			unknown = append(unknown, kind+": "+name+" is no "+m.Type)
		}
	}
	slices.Sort(unknown)
	return unknown
}

func (k Kind) member(name string) (Member, bool) {
	for _, list := range [][]Member{k.Members, groupMembers(k.Common)} {
		if i := slices.IndexFunc(list, func(m Member) bool { return m.Name == name }); i >= 0 {
			return list[i], true
		}
	}
	return Member{}, false
}

func groupMembers(name string) []Member {
	for _, g := range groups {
		if g.Name == name {
			return g.Members
		}
	}
	return nil
}

// fits reports by its first byte whether a value has the member's type.
func (m Member) fits(value json.RawMessage) bool {
	first := cmp.Or(string(bytes.TrimSpace(value)), " ")[0]
	if first == 'n' {
		return strings.Contains(m.Says, "null")
	}
	switch m.Type {
	case TypeText, TypeInstant:
		return first == '"'
	case TypeNumber:
		return first == '-' || first >= '0' && first <= '9'
	case TypeFlag:
		return first == 't' || first == 'f'
	case TypeList:
		return first == '['
	case TypeObject:
		return first == '{'
	case TypeEither:
		return first == '[' || first == '{'
	}
	return false
}

func text(name, says string) Member    { return Member{name, TypeText, says} }
func instant(name, says string) Member { return Member{name, TypeInstant, says} }
func number(name, says string) Member  { return Member{name, TypeNumber, says} }
func yesno(name, says string) Member   { return Member{name, TypeFlag, says} }
func list(name, says string) Member    { return Member{name, TypeList, says} }
func object(name, says string) Member  { return Member{name, TypeObject, says} }
func either(name, says string) Member  { return Member{name, TypeEither, says} }

// reasonOf returns the two members that name a reason of the policy.
func reasonOf() []Member {
	return []Member{
		text("reason", "code of why, from `policy/RULES.md`"),
		number("number", "number of that reason"),
	}
}

func with(list []Member, more ...Member) []Member { return slices.Concat(list, more) }
