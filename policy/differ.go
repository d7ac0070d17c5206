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
	FieldCommands    = "commands"
	FieldForwards    = "forwards"
	FieldRoot        = "root"
	FieldSource      = "source"
	FieldEngineers   = "engineers"
	FieldTargets     = "targets"
	FieldFiles       = "files"
	FieldSubcontract = "subcontract"
)

// Differences compares a request with the last work of the same vendor on the same target, field by field in their order. A list that
// both gained and lost entries gives two rows. Without last work it gives nil.
func Differences(last *Past, a Application) []Difference {
	if last == nil {
		return nil
	}
	var d differences
	span := a.spans()[0]
	d.value(FieldTime, length(last.End.Sub(last.Start)), length(span.End.Sub(span.Start)))
	d.list(FieldAccounts, last.Accounts, append(accountIDs(a.Accounts), a.UnknownAccounts...))
	d.list(FieldRights, last.ExtraRights, a.ExtraRights)
	d.commands(CommandNames(last.Commands, last.Forced), CommandNames(a.Request.Commands, a.Request.Forced))
	if len(last.Forwards)+len(a.Forwards) > 0 { // few requests have forwards
		d.list(FieldForwards, last.Forwards, a.Forwards)
	}
	d.flag(FieldRoot, last.Root, rootAccounts(&a) != "", Text{JA: "あり", EN: "yes"})
	d.source(last.Source, a.Engineers)
	d.list(FieldEngineers, last.Engineers, engineerIDs(&a))
	d.list(FieldTargets, last.Targets, targetIDs(&a))
	d.files(last, &a)
	d.list(FieldSubcontract, oneOrNone(last.Prime), oneOrNone(a.Vendor.Prime))
	return d
}

// fullShell is a grant without a list of commands, in both languages: rows of lists have one text for both.
const fullShell = "端末・すべての命令 / a shell and every command"

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

// flag compares a right that is either asked for or not.
func (d *differences) flag(field string, from, to bool, yes Text) {
	none := Text{JA: "なし", EN: "none"}
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
			same = Text{JA: "なし", EN: "none"}
		}
		d.add(field, DiffSame, same, same)
	}
}

// CommandNames are the commands of a request or a grant; none: a full shell.
func CommandNames(commands []string, forced string) []string {
	if forced != "" {
		return []string{forced}
	}
	return commands
}

// MoreCommands reports whether commands may run now that could not run before. Both are CommandNames.
func MoreCommands(before, now []string) bool {
	var d differences
	d.commands(before, now)
	return slices.ContainsFunc(d, func(one Difference) bool { return one.Kind == DiffAdded })
}

// commands compares the commands. Few requests bound it, so there is a row only where one of both did.
func (d *differences) commands(from, to []string) {
	shell := say("%s", "%s", fullShell)
	switch {
	case len(from) == 0 && len(to) == 0:
	case len(to) == 0:
		d.add(FieldCommands, DiffAdded, listOf(from), shell)
	case len(from) == 0:
		d.add(FieldCommands, DiffRemoved, shell, listOf(to))
	default:
		d.list(FieldCommands, from, to)
	}
}

// files compares whether files move, and where they do on both sides, on which terms.
func (d *differences) files(last *Past, a *Application) {
	from, to := last.Files == FilesAllowed, a.Request.Files != FilesNone
	if from && to && (last.FileTerms.Any() || a.Request.FileTerms.Any()) {
		d.value(FieldFiles, last.FileTerms.Say(), a.Request.FileTerms.Say())
		return
	}
	d.flag(FieldFiles, from, to, Text{JA: "あり", EN: "yes"})
}

// source compares the address of the last session with those from which the engineers may come now. An engineer without registered
// addresses may come from anywhere.
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
	return Text{JA: all, EN: all}
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

// length words the length of a window.
func length(d time.Duration) Text {
	n := strconv.Itoa(int(d / time.Minute))
	return Text{JA: n + "分", EN: n + " min"}
}
