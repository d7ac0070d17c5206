package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Difference is one row of 前回との違い: what a request asks for beside what was granted last time.
type Difference struct {
	Field    string // Field… constants
	Kind     DiffKind
	Name     Text // of the field
	From, To Text // empty where there is nothing on that side
}

// DiffKind is what became of a field.
type DiffKind string

// The kinds (追加, 削減, 変更, 同じ).
const (
	DiffAdded   DiffKind = "added"
	DiffRemoved DiffKind = "removed"
	DiffChanged DiffKind = "changed"
	DiffSame    DiffKind = "same"
)

// The fields that are compared, in their order.
const (
	FieldTime        = "time"
	FieldAccounts    = "accounts"
	FieldRights      = "rights"
	FieldRoot        = "root"
	FieldSource      = "source"
	FieldEngineers   = "engineers"
	FieldTargets     = "targets"
	FieldFiles       = "files"
	FieldSubcontract = "subcontract"
)

// Differences compares a request with the last work of the same vendor on the same target, field by field in their order. A
// list that both gained and lost has two rows. No last work: nil.
func Differences(last *Past, a Application) []Difference {
	if last == nil {
		return nil
	}
	var d differences
	span := a.spans()[0]
	d.value(FieldTime, length(last.End.Sub(last.Start)), length(span.End.Sub(span.Start)))
	d.list(FieldAccounts, last.Accounts, append(accountIDs(a.Accounts), a.UnknownAccounts...))
	d.list(FieldRights, last.ExtraRights, a.ExtraRights)
	d.flag(FieldRoot, last.Root, rootAccounts(&a) != "", Text{"あり", "yes"})
	d.source(last.Source, a.Engineers)
	d.list(FieldEngineers, last.Engineers, engineerIDs(&a))
	d.list(FieldTargets, last.Targets, targetIDs(&a))
	d.flag(FieldFiles, last.Files == FilesAllowed, a.Request.Files != FilesNone, Text{"あり", "yes"})
	d.list(FieldSubcontract, oneOrNone(last.Prime), oneOrNone(a.Vendor.Prime))
	return d
}

// differences collects the rows.
type differences []Difference

func (d *differences) add(field string, kind DiffKind, from, to Text) {
	*d = append(*d, Difference{Field: field, Kind: kind, Name: FieldName(field), From: from, To: to})
}

func (d *differences) value(field string, from, to Text) {
	kind := DiffChanged
	if from == to {
		kind = DiffSame
	}
	d.add(field, kind, from, to)
}

// flag is something that there is or is not.
func (d *differences) flag(field string, from, to bool, yes Text) {
	none := Text{"なし", "none"}
	switch {
	case from && to:
		d.add(field, DiffSame, yes, yes)
	case to:
		d.add(field, DiffAdded, none, yes)
	case from:
		d.add(field, DiffRemoved, yes, none)
	default:
		d.add(field, DiffSame, none, none)
	}
}

// list compares sets; order and repetition do not count.
func (d *differences) list(field string, from, to []string) {
	gained := slices.DeleteFunc(slices.Clone(to), func(s string) bool { return slices.Contains(from, s) })
	lost := slices.DeleteFunc(slices.Clone(from), func(s string) bool { return slices.Contains(to, s) })
	if len(gained) > 0 {
		d.add(field, DiffAdded, Text{}, listOf(gained))
	}
	if len(lost) > 0 {
		d.add(field, DiffRemoved, listOf(lost), Text{})
	}
	if len(gained)+len(lost) == 0 {
		same := listOf(to)
		if same.JA == "" {
			same = Text{"なし", "none"}
		}
		d.add(field, DiffSame, same, same)
	}
}

// source compares where the last session came from with where the engineers may come from now. Where nothing is
// registered they may come from anywhere, and from there too.
func (d *differences) source(last string, engineers []Person) {
	var registered nameSet
	addr, err := netip.ParseAddr(last)
	anywhere, same := len(engineers) == 0, false
	for i := range engineers {
		anywhere = anywhere || len(engineers[i].Sources) == 0
		same = same || err == nil && sourceAllowed(&engineers[i], addr)
		for _, prefix := range engineers[i].Sources {
			registered.add(prefix.String())
		}
	}
	from := say("%s", "%s", last)
	switch {
	case same || anywhere:
		d.add(FieldSource, DiffSame, from, from)
	default:
		d.add(FieldSource, DiffChanged, from, say("%s", "%s", registered.String()))
	}
}

func listOf(names []string) Text {
	var set nameSet
	for _, name := range names {
		set.add(clean(name))
	}
	all := strings.Join(slices.Sorted(slices.Values(set)), ", ")
	return Text{all, all}
}

func engineerIDs(a *Application) []string {
	ids := make([]string, 0, len(a.Engineers))
	for i := range a.Engineers {
		ids = append(ids, a.Engineers[i].ID)
	}
	return ids
}

func targetIDs(a *Application) []string {
	var set nameSet
	for i := range a.Accounts {
		set.add(a.Accounts[i].Target)
	}
	return set
}

func oneOrNone(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// length says how long a window is.
func length(d time.Duration) Text {
	n := strconv.Itoa(int(d / time.Minute))
	return Text{n + "分", n + " min"}
}
