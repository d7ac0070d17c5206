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
	Says string // what it means, for a reader who has only the export
}

// The types of members. null stands only where the member's row says so.
const (
	TypeText    = "text"
	TypeInstant = "instant" // a text of RFC 3339, in UTC unless it says otherwise
	TypeNumber  = "number"
	TypeFlag    = "flag"
	TypeList    = "list"
	TypeObject  = "object"
	TypeEither  = "list or object"
)

// Kind is one kind of entry: what it says, whom it names, and the members that its payload may have.
type Kind struct {
	Name     string
	Says     string   // what happened
	Subjects string   // the ids in the header, in words; empty: none
	Common   string   // a group of Groups whose members it has too; empty: none
	Members  []Member // what is not always there says when it is
}

// Group is members that several kinds have.
type Group struct {
	Name, Says string
	Members    []Member
}

// testKinds begin the names of kinds that only tests write.
const testKinds = "test."

// memberRows may stand last in an entry of any kind: FORMAT.md, section 7.
const memberRows = "rows"

// catalogue is all kinds by name.
var catalogue = slices.SortedFunc(slices.Values(slices.Concat(kindsOfPeople, kindsOfRequests, kindsOfWindows, kindsOfSessions, kindsOfPapers, kindsOfStops, kindsOfTheLedger)),
	func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })

// Kinds is what a broker of this version writes, by name. KINDS.md shows it.
func Kinds() []Kind { return slices.Clone(catalogue) }

// Groups are the groups that kinds name.
func Groups() []Group { return slices.Clone(groups) }

// Uncatalogued names what an entry has that the catalogue does not know: the kind, or each of the payload's own members ("kind:
// member") that is not listed or is of another type. nil: all is known, or it is a test's own kind.
func Uncatalogued(kind string, payload []byte) []string {
	if strings.HasPrefix(kind, testKinds) {
		return nil
	}
	i, known := slices.BinarySearchFunc(catalogue, kind, func(k Kind, name string) int { return strings.Compare(k.Name, name) })
	if !known {
		return []string{kind}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil {
		return []string{kind + ": the payload is no object"}
	}
	var unknown []string
	for name, value := range members {
		switch m, ok := catalogue[i].member(name); {
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

// fits tells by its first byte whether a value is of the member's type.
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

// reasonOf are the two members that name a reason of the policy.
func reasonOf() []Member {
	return []Member{
		text("reason", "code of why, from `policy/RULES.md`"),
		number("number", "number of that reason"),
	}
}

func with(list []Member, more ...Member) []Member { return slices.Concat(list, more) }
