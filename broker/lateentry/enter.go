package lateentry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Bounds of one entry: numbers of papers and of engineers, and the length of the work.
const (
	mostForms     = 20
	mostEngineers = 50
	longest       = 7 * 24 * time.Hour
)

// ofWork are the forms about one piece of work. Reviews and vendors' papers are entered on their own pages.
var ofWork = []string{"request", "ledger", "work-report", "attendance"}

// Is tells whether an id is that of a late entry.
func Is(id string) bool { return strings.HasPrefix(id, "LE-") }

// Enter stores the statements of papers and gives the entry's number. It counts as not confirmed. Errors: *policy.Denied, *forms.Invalid.
func (o *Book) Enter(ctx context.Context, in api.LateEntryBody, by act.Caller) (store.LateEntry, error) {
	return act.Run(ctx, o.acts, OnNone, enter, "", by, func(tx *store.Tx, p act.Person, _ struct{}) (store.LateEntry, error) {
		wrong := &forms.Invalid{}
		out, sys, err := read(tx, in, wrong)
		if err != nil {
			return out, err
		}
		if sys.ID != "" {
			if err := policy.MayEnterLate(p.Person, sys.System).Err(); err != nil {
				return out, err
			}
		}
		if err := wrong.OrNil(); err != nil {
			return out, err
		}
		if out.ID, err = tx.NextLateEntryID(); err != nil {
			return out, fmt.Errorf("number the late entry: %w", err)
		}
		out.EnteredBy = p.ID
		if err := tx.AddLateEntry(out); err != nil {
			return out, fmt.Errorf("store late entry: %w", err)
		}
		if out, err = tx.LateEntry(out.ID); err != nil {
			return out, err
		}
		return out, entry(tx, "late-entry.entered", p.By, out, nil)
	})
}

// Confirm states that an entry agrees with its papers. The reason may be empty. Errors: *policy.Denied, store.ErrNotFound.
func (o *Book) Confirm(ctx context.Context, id, reason string, by act.Caller) error {
	return o.decide(ctx, confirm, id, policy.LateConfirmed, reason, by)
}

// Reject sets an entry aside, with a reason. Its papers can be entered anew. Errors as of Confirm.
func (o *Book) Reject(ctx context.Context, id, reason string, by act.Caller) error {
	return o.decide(ctx, reject, id, policy.LateRejected, reason, by)
}

func (o *Book) decide(ctx context.Context, a lateAct, id string, state policy.LateState, reason string, by act.Caller) error {
	return act.Do(ctx, o.acts, OnEntry, a, id, by, func(tx *store.Tx, p act.Person, on store.OnLateEntry) error {
		if err := forms.Reason(reason, state == policy.LateRejected); err != nil {
			return err
		}
		if err := tx.DecideLateEntry(on.Entry, state, p.ID, reason); err != nil {
			return fmt.Errorf("decide late entry %s: %w", id, err)
		}
		return entry(tx, "late-entry."+string(state), p.By, on.Entry, map[string]any{"reason": reason})
	})
}

func entry(tx *store.Tx, kind string, by ledger.Actor, e store.LateEntry, more map[string]any) error {
	w := e.Work
	payload := map[string]any{"late_entry": e.ID, "forms": w.Forms, "system": e.System, "vendor": e.Vendor, "engineers": w.Engineers, "from": e.From, "until": e.Until,
		"targets": w.Targets, "account": w.Account, "approver": w.Approver, "attendant": w.Attendant, "purpose": w.Purpose, "done": w.Done, "deviation": w.Deviation,
		"remarks": w.Remarks, "kept_at": w.KeptAt, "entered_by": e.EnteredBy}
	for name, value := range more {
		payload[name] = value
	}
	subjects := slices.Concat([]string{e.ID, e.System, e.Vendor, e.EnteredBy}, w.Forms, w.Engineers)
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: subjects, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

type problem func(field, code, ja, en string)

// read turns a body into an entry. Its mistakes go to wrong; the system comes back even then, if there is one.
func read(tx *store.Tx, in api.LateEntryBody, wrong *forms.Invalid) (e store.LateEntry, sys store.System, err error) {
	note := problem(func(field, code, ja, en string) {
		wrong.Problems = append(wrong.Problems, forms.Problem{Field: field, Code: code, JA: ja, EN: en})
	})
	if sys, err = tx.System(in.System); errors.Is(err, store.ErrNotFound) {
		note("system", "unknown-system", "対象システムが登録されていません: "+in.System, fmt.Sprintf("No system %q in the registry.", in.System))
	} else if err != nil {
		return e, sys, fmt.Errorf("read system: %w", err)
	}
	v, err := tx.Vendor(in.Vendor)
	if errors.Is(err, store.ErrNotFound) {
		note("vendor", "unknown-vendor", "保守事業者が登録されていません: "+in.Vendor, fmt.Sprintf("No vendor %q in the registry.", in.Vendor))
	} else if err != nil {
		return e, sys, fmt.Errorf("read vendor: %w", err)
	}
	e = store.LateEntry{System: sys.ID, Vendor: v.ID, Work: store.LateWork{Targets: in.Targets, Account: in.Account,
		Purpose: in.Purpose, Done: in.Done, Deviation: in.Deviation, Remarks: in.Remarks, KeptAt: in.KeptAt}}
	for _, at := range []struct {
		key, said string
		into      *time.Time
	}{{"from", in.From, &e.From}, {"until", in.Until, &e.Until}} {
		var invalid *forms.Invalid
		if *at.into, err = forms.Instant(at.key, at.said, tx.Zone()); errors.As(err, &invalid) {
			wrong.Problems = append(wrong.Problems, invalid.Problems...)
		} else if err != nil {
			return e, sys, err
		}
		*at.into = at.into.UTC().Truncate(time.Millisecond) // as it is stored
	}
	if err := papers(tx, &e, in.Forms, note); err != nil {
		return e, sys, err
	}
	if err := people(tx, &e, in, note); err != nil {
		return e, sys, err
	}
	return e, sys, times(tx, &e, note)
}

// papers checks the numbers: each was printed, is of a form about work, and was not entered before.
func papers(tx *store.Tx, e *store.LateEntry, numbers []string, note problem) error {
	numbers = slices.Clone(numbers)
	slices.Sort(numbers)
	e.Work.Forms = slices.Compact(numbers)
	if len(e.Work.Forms) > mostForms {
		note("forms", "too-many", fmt.Sprintf("用紙は%d枚までです。", mostForms), fmt.Sprintf("At most %d papers.", mostForms))
		return nil
	}
	for _, no := range e.Work.Forms {
		f, err := tx.BlankForm(no)
		switch {
		case errors.Is(err, store.ErrNotFound):
			note("forms", "unknown-form", "この番号の用紙は印刷されていません: "+no+"。手書き用の様式を新しく印刷して一緒に綴じ、その番号を入力してください。",
				fmt.Sprintf("No paper %q was printed. Print a new form for handwriting, keep both together, and enter its number.", no))
		case err != nil:
			return fmt.Errorf("read paper %q: %w", no, err)
		case !slices.Contains(ofWork, f.Form):
			note("forms", "form-elsewhere", no+" は点検か監督の用紙です。点検、または保守事業者の画面に入力してください。", no+" is a paper about reviews or vendors. Enter it on the pages of reviews or of the vendor.")
		case f.Entry != "":
			note("forms", "form-entered", no+" はすでに "+f.Entry+" に入力されています。", no+" was entered already, as "+f.Entry+".")
		}
	}
	return nil
}

// people checks the engineers, who are of the vendor, and the approver and attendant, who are staff.
func people(tx *store.Tx, e *store.LateEntry, in api.LateEntryBody, note problem) error {
	if len(in.Engineers) > mostEngineers {
		note("engineers", "too-many", fmt.Sprintf("保守要員は%d人までです。", mostEngineers), fmt.Sprintf("At most %d engineers.", mostEngineers))
		return nil
	}
	e.Work.Engineers = []string{}
	for _, name := range in.Engineers {
		p, err := tx.Person(name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("person %q: %w", name, err)
		}
		if err != nil || p.Vendor == "" || p.Vendor != e.Vendor {
			note("engineers", "engineer-not-eligible", name+" はこの保守事業者の保守要員ではありません。", fmt.Sprintf("%q is no engineer of this vendor.", name))
			continue
		}
		if !slices.Contains(e.Work.Engineers, p.ID) {
			e.Work.Engineers = append(e.Work.Engineers, p.ID)
		}
	}
	for _, one := range []struct {
		field, name string
		into        *string
	}{{"approver", in.Approver, &e.Work.Approver}, {"attendant", in.Attendant, &e.Work.Attendant}} {
		if one.name == "" {
			continue
		}
		p, err := tx.Person(one.name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("person %q: %w", one.name, err)
		}
		if err != nil || p.Vendor != "" {
			note(one.field, "unknown-person", "職員が登録されていません: "+one.name, fmt.Sprintf("No member of staff %q in the registry.", one.name))
			continue
		}
		*one.into = p.ID
	}
	return nil
}

// times checks the time of the work: it is over, not too long, and no session on the system is recorded within it.
func times(tx *store.Tx, e *store.LateEntry, note problem) error {
	switch {
	case e.From.IsZero() || e.Until.IsZero():
		return nil // the table has told
	case !e.From.Before(e.Until):
		note("until", "end-before-start", "終了は開始より後にしてください。", "The end must be after the start.")
		return nil
	case tx.Now.Before(e.Until):
		note("until", "in-the-future", "先の日時です。後日入力は、済んだ作業だけです。", "This lies in the future. Only work that is over is entered.")
		return nil
	case e.Until.Sub(e.From) > longest:
		note("until", "too-long", "一つの後日入力は7日までです。", "One entry covers at most 7 days.")
		return nil
	}
	if e.System == "" {
		return nil
	}
	recorded, err := tx.RecordedWithin(e.System, e.From, e.Until)
	if err != nil {
		return fmt.Errorf("sessions at the same time: %w", err)
	}
	if len(recorded) > 0 {
		ids := strings.Join(recorded, ", ")
		note("from", "recorded-then", "この時間には、同じシステムの記録された接続があります: "+ids+"。記録された作業は後日入力できません。",
			"At this time sessions on the same system are recorded: "+ids+". Recorded work is not entered from paper.")
	}
	return nil
}
