package correction

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Kind is the kind of a correction's entry.
const Kind = "ledger.corrected"

// namesEntry begins the subject that names an entry.
const namesEntry = "ledger/"

// subject names an entry among the subjects of its corrections.
func subject(no int64) string { return namesEntry + strconv.FormatInt(no, 10) }

// mostCorrections bounds how many corrections of one entry are read.
const mostCorrections = 200

// Of gives the numbers of an entry's corrections, in order.
func Of(s *store.Snap, no int64) ([]int64, error) {
	var out []int64
	for e, err := range s.Entries(store.EntryFilter{Subject: subject(no), Kind: Kind, Limit: mostCorrections}) {
		if err != nil {
			return nil, fmt.Errorf("corrections of entry %d: %w", no, err)
		}
		out = append(out, e.Index)
	}
	return out, nil
}

// Corrected gives the number of the entry that a correction corrects. ok: e is a correction, and its payload is still there.
func Corrected(e ledger.Entry) (no int64, ok bool) {
	var in struct {
		Entry *int64 `json:"entry"`
	}
	if e.Kind != Kind || json.Unmarshal(e.Payload, &in) != nil || in.Entry == nil {
		return 0, false
	}
	return *in.Entry, true
}

// entry has the facts for the act on an entry.
type entry struct {
	Entry    ledger.Entry
	sections []string
}

// Correcting is the table of the body.
var Correcting = field.Table[api.CorrectBody]{
	field.Text("text", "訂正の内容", "Correction", func(b *api.CorrectBody) *string { return &b.Text }).Need("text-needed", "訂正の内容を入力してください", "say what is corrected").Most(2000),
}

var correct = act.Spec{Name: "correct", Path: api.LedgerEntries.Pattern("no", "correct"), Command: "ledger correct", Operands: "NO",
	JA: "訂正を追記する(元の記載は変わらない)", EN: "append a correction; the entry itself stays as it is", Fields: Correcting,
	Callers: act.Those(policy.Approver, policy.SecondApprover, policy.InformationSystems), Shows: act.ShowsEntry}

// OnEntry is an entry with the acts on it.
var OnEntry = act.Subject[entry]{Load: load, Acts: []act.Act[entry]{{Spec: correct, May: may}}}

// Acts are the acts that the doors mount.
func Acts() []act.Mount[*Book] { return []act.Mount[*Book]{act.With(correct, (*Book).Correct)} }

// Number reads the number of an entry. Errors: store.ErrNotFound.
func Number(id string) (int64, error) {
	no, err := strconv.ParseInt(id, 10, 64)
	if err != nil || no < 0 {
		return 0, fmt.Errorf("entry %q: %w", id, store.ErrNotFound)
	}
	return no, nil
}

func load(s *store.Snap, id string) (on entry, err error) {
	no, err := Number(id)
	if err != nil {
		return on, err
	}
	if on.Entry, err = s.Entry(no); err != nil {
		return on, fmt.Errorf("entry %d: %w", no, err)
	}
	for _, about := range on.Entry.Subjects {
		system, err := s.SystemOf(about)
		if err != nil {
			return on, fmt.Errorf("system of %s: %w", about, err)
		}
		if system == "" {
			continue
		}
		owner, err := s.Owner(system, "")
		if err != nil {
			return on, fmt.Errorf("section of %s: %w", system, err)
		}
		if owner.Section != "" && !slices.Contains(on.sections, owner.Section) {
			on.sections = append(on.sections, owner.Section)
		}
	}
	return on, nil
}

func may(p policy.Person, on entry, now time.Time) policy.Decision {
	return policy.MayCorrectEntry(p, policy.EntryFacts{Sections: on.sections}, now)
}

// Book is safe for concurrent use.
type Book struct{ acts *act.Runner }

// New makes a book.
func New(acts *act.Runner) *Book { return &Book{acts} }

// Correct appends a correction. Errors: *policy.Denied — forbidden; *forms.Invalid without a text; store.ErrNotFound.
func (b *Book) Correct(ctx context.Context, id string, in api.CorrectBody, by act.Caller) error {
	return act.Do(ctx, b.acts, OnEntry, OnEntry.Acts[0], id, by, func(tx *store.Tx, p act.Person, on entry) error {
		about := []string{subject(on.Entry.Index)}
		for _, s := range on.Entry.Subjects {
			if !strings.HasPrefix(s, namesEntry) { // what a correction corrected is no subject of the correction's own correction
				about = append(about, s)
			}
		}
		_, err := tx.Append(ledger.Draft{Kind: Kind, Actor: p.By, Subjects: about, Payload: map[string]any{
			"entry": on.Entry.Index, "entry_hash": on.Entry.Leaf().String(), "text": forms.Printable(in.Text)}})
		return err
	})
}
