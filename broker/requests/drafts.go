package requests

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"sekimori/broker/act"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/request"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Bounds on drafts. Nothing in a draft is checked, so these alone keep it small.
const (
	mostDrafts      = 30 // open ones of one person
	mostDraftFields = 200
	mostDraftBytes  = 128 << 10
)

// DraftBody is what a person typed so far: by field, or as a request file. Version is the one that the page showed; 0: the present one.
type DraftBody struct {
	Version int                 `json:"version,omitempty"`
	Values  map[string][]string `json:"values,omitempty"`
	Name    string              `json:"name,omitempty"` // of the file, for messages
	Text    string              `json:"text,omitempty"` // an unfinished request file, in place of Values
}

// longestName is how long the name of a request file may be, in bytes.
const longestName = 1024

// values gives the typed values, by field.
func (d *Desk) values(in DraftBody) (map[string][]string, error) {
	values := in.Values
	if forms.Printable(in.Name) != in.Name || len(in.Name) > longestName {
		return nil, forms.Wrong("name", "control-character", fmt.Sprintf("ファイル名に表示できない文字があるか、%dバイトを超えています。", longestName),
			fmt.Sprintf("the file name has characters that cannot be shown, or more than %d bytes", longestName))
	}
	if in.Text != "" {
		var err error
		if values, err = request.Begun(in.Name, []byte(in.Text), d.o.Zone); err != nil {
			return nil, err
		}
	}
	return values, fits(values)
}

// Handing is what is said when a draft is handed in: the declarations, which no draft holds.
type Handing struct {
	Version       int  `json:"version,omitempty"` // version that the person read; another one is refused as stale-page. 0: the present one
	ClausesTold   bool `json:"clauses_told,omitempty"`
	RecordingTold bool `json:"recording_told,omitempty"`
}

var handings = field.Table[Handing]{
	field.Int("version", "見て決めた版(違えば断られる)", "the version that was read (refused when it is another)", 0, 1<<30, func(h *Handing) *int { return &h.Version }),
	field.Bool("clauses_told", "特記事項(複写・持出しの禁止など)を作業者に周知した", "the engineers were told the special clauses (no copies, nothing taken out)", func(h *Handing) *bool { return &h.ClausesTold }),
	field.Bool("recording_told", "接続が記録され、立会者が見ることを作業者に伝えた", "the engineers were told that sessions are recorded and watched", func(h *Handing) *bool { return &h.RecordingTold }),
}

// HandedIn names the application that a draft became.
type HandedIn struct {
	Request string              `json:"request_no"`
	State   policy.RequestState `json:"state"`
}

// onDraft has the facts that the rules about drafts look at.
type onDraft struct{ store.Draft }

func loadDraft(s *store.Snap, id string) (onDraft, error) {
	d, err := s.Draft(id)
	if err != nil {
		return onDraft{}, fmt.Errorf("draft %q: %w", id, err)
	}
	if d.Kind != store.DraftRequest {
		return onDraft{}, fmt.Errorf("draft %q: %w", id, store.ErrNotFound)
	}
	return onDraft{d}, nil
}

// NewDraft keeps what a person typed, as a new draft: of a new application, or of an edit of theirs. Errors: *policy.Denied,
// *forms.Invalid.
func (d *Desk) NewDraft(ctx context.Context, edits string, in DraftBody, by act.Caller) (store.Draft, error) {
	values, err := d.values(in)
	if err != nil {
		return store.Draft{}, err
	}
	return act.Run(ctx, d.o.Acts, nothingYet, newDraft, "", by, func(tx *store.Tx, p act.Person, _ struct{}) (out store.Draft, err error) {
		open, err := tx.Drafts(store.DraftFilter{Owner: p.ID, Kind: store.DraftRequest, State: store.DraftOpen})
		if err != nil {
			return out, fmt.Errorf("read the drafts of %s: %w", p.ID, err)
		}
		if len(open) >= mostDrafts {
			return out, forms.Wrong("", "too-many", fmt.Sprintf("下書きは一人%d件までです。使わないものを破棄してください。", mostDrafts),
				fmt.Sprintf("At most %d drafts: discard some.", mostDrafts))
		}
		out = store.Draft{ID: draftID(), Owner: p.ID, Kind: store.DraftRequest, State: store.DraftOpen, Version: 1, Request: edits, Values: values}
		if edits != "" {
			on, err := tx.OnRequest(edits)
			if err != nil {
				return out, err
			}
			if err := policy.MayEdit(p.Person, on.Facts, tx.Now).Err(); err != nil {
				return out, err
			}
			out.Base = on.Request.Version
		}
		if err := tx.AddDraft(out); err != nil {
			return out, fmt.Errorf("store draft: %w", err)
		}
		out.Created, out.Changed = tx.Now, tx.Now
		return out, draftEntry(tx, "draft.saved", p.By, out)
	})
}

// draftID gives an id that cannot be guessed, so that an attempt on one tells nothing of others.
func draftID() string { return "D-" + strings.ToLower(rand.Text()[:16]) }

// SaveDraft replaces what a draft holds. Errors: *policy.Denied, stale-page where it was saved meanwhile; *forms.Invalid.
func (d *Desk) SaveDraft(ctx context.Context, id string, in DraftBody, by act.Caller) (store.Draft, error) {
	values, err := d.values(in)
	if err != nil {
		return store.Draft{}, err
	}
	return act.Run(ctx, d.o.Acts, OnDraft, saveDraft, id, by, func(tx *store.Tx, p act.Person, on onDraft) (store.Draft, error) {
		out := on.Draft
		if err := present(out, in.Version); err != nil {
			return out, err
		}
		out.Values = values
		out.Version++
		if err := tx.UpdateDraft(out); err != nil {
			return out, fmt.Errorf("store draft: %w", err)
		}
		out.Changed = tx.Now
		return out, draftEntry(tx, "draft.saved", p.By, out)
	})
}

// DiscardDraft throws a draft away. A second press finds it thrown away already, which is as good.
func (d *Desk) DiscardDraft(ctx context.Context, id string, by act.Caller) error {
	return act.Do(ctx, d.o.Acts, OnDraft, discardDraft, id, by, func(tx *store.Tx, p act.Person, on onDraft) error {
		switch on.State {
		case store.DraftDiscarded:
			return nil
		case store.DraftSubmitted:
			return decided(on.Became)
		}
		out, err := settled(tx, on.Draft, store.DraftDiscarded, "")
		if err != nil {
			return err
		}
		return draftEntry(tx, "draft.discarded", p.By, out)
	})
}

// SubmitDraft hands a draft in: as a new application, or as the new text of the one that it edits. A second press makes nothing further
// and names the same application. Errors: those of Submit and Edit.
func (d *Desk) SubmitDraft(ctx context.Context, id string, in Handing, by act.Caller) (HandedIn, error) {
	return act.Run(ctx, d.o.Acts, OnDraft, submitDraft, id, by, func(tx *store.Tx, p act.Person, on onDraft) (out HandedIn, err error) {
		if on.State == store.DraftSubmitted {
			r, err := tx.Request(on.Became)
			return HandedIn{Request: r.No, State: r.State}, err
		}
		if err := present(on.Draft, in.Version); err != nil {
			return out, err
		}
		form, err := d.typed(tx.Snap, on.Draft, p.Person, in)
		if err != nil {
			return out, err
		}
		if out.Request = on.Request; on.Request == "" {
			if out.Request, err = d.submitted(tx, p, form); err != nil {
				return out, err
			}
		} else if err := d.editedBy(tx, p, on.Draft, form); err != nil {
			return out, err
		}
		if _, err := settled(tx, on.Draft, store.DraftSubmitted, out.Request); err != nil {
			return out, err
		}
		r, err := tx.Request(out.Request)
		out.State = r.State
		if err != nil {
			return out, fmt.Errorf("request %q: %w", out.Request, err)
		}
		return out, draftEntry(tx, "draft.submitted", p.By, store.Draft{ID: on.ID, Kind: on.Kind, Version: on.Version, Request: out.Request, State: store.DraftSubmitted})
	})
}

// editedBy makes a draft the new text of the application that it edits. An application edited since the draft was begun is out of date.
func (d *Desk) editedBy(tx *store.Tx, p act.Person, draft store.Draft, form request.Form) error {
	on, err := tx.OnRequest(draft.Request)
	if err != nil {
		return err
	}
	if err := policy.MayEdit(p.Person, on.Facts, tx.Now).Err(); err != nil {
		return err
	}
	if on.Request.Version != draft.Base {
		return &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": draft.Request}}
	}
	return d.edited(tx, p, on, form)
}

// settled empties a draft.
func settled(tx *store.Tx, d store.Draft, state store.DraftState, became string) (store.Draft, error) {
	d.State, d.Became, d.Values = state, became, nil
	d.Version++
	if err := tx.UpdateDraft(d); err != nil {
		return d, fmt.Errorf("store draft: %w", err)
	}
	return d, nil
}

// present refuses a page that shows another version of the draft, and a draft that is none any more.
func present(d store.Draft, version int) error {
	if d.State != store.DraftOpen || version != 0 && version != d.Version {
		no := d.ID
		if d.Became != "" {
			no = d.Became
		}
		return &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": no}}
	}
	return nil
}

// typed reads the draft's form with the declarations. It reports the problems of reading together with those of checking.
func (d *Desk) typed(s *store.Snap, draft store.Draft, owner policy.Person, in Handing) (request.Form, error) {
	form, err := request.Typed(draft.Values, d.o.Zone)
	form.ClausesTold, form.RecordingTold = in.ClausesTold, in.RecordingTold
	var bad *forms.Invalid
	if err == nil || !errors.As(err, &bad) {
		return form, err
	}
	all := *bad
	_, _, err = d.check(s, form, owner, draft.Request)
	var more *forms.Invalid
	if errors.As(err, &more) {
		for _, p := range more.Problems {
			if !named(bad, p.Field) {
				all.Problems = append(all.Problems, p)
			}
		}
	} else if err != nil {
		return form, err
	}
	return form, &all
}

func named(bad *forms.Invalid, field string) bool {
	for _, p := range bad.Problems {
		if p.Field == field {
			return true
		}
	}
	return false
}

// Judged is a draft as it would be handed in now.
type Judged struct {
	Draft   store.Draft
	Form    request.Form
	Request store.Request   // as it would be stored; only so far as the form is right
	Bad     []forms.Problem // what keeps it from being handed in, without the declarations
}

// Judge checks a draft without handing it in.
func (d *Desk) Judge(s *store.Snap, draft store.Draft) (Judged, error) {
	told, out := Handing{ClausesTold: true, RecordingTold: true}, Judged{Draft: draft}
	owner, err := s.Person(draft.Owner)
	if err != nil {
		return out, fmt.Errorf("owner of draft %s: %w", draft.ID, err)
	}
	form, err := d.typed(s, draft, owner.Person, told)
	out.Form = form
	var bad *forms.Invalid
	if errors.As(err, &bad) {
		out.Bad = bad.Problems
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if out.Request, _, err = d.check(s, form, owner.Person, draft.Request); errors.As(err, &bad) {
		out.Bad = bad.Problems
		return out, nil
	}
	return out, err
}

// fits bounds the content of a draft.
func fits(values map[string][]string) error {
	size := 0
	for key, list := range values {
		size += len(key)
		for _, v := range list {
			if size += len(v) + 4; !utf8.ValidString(v) {
				return forms.Wrong(key, "control-character", "表示できない文字があります。", "contains characters that cannot be shown")
			}
		}
	}
	if len(values) > mostDraftFields || size > mostDraftBytes {
		return forms.Wrong("", "text-too-long", "入力が長すぎます。短くしてください。", "What was typed is too long: make it shorter.")
	}
	return nil
}

// draftEntry says that a draft was saved or went. What it says stays its owner's.
func draftEntry(tx *store.Tx, kind string, by ledger.Actor, d store.Draft) error {
	payload := map[string]any{"draft": d.ID, "kind": d.Kind, "version": d.Version, "request": d.Request}
	subjects := []string{d.ID}
	if d.Request != "" {
		subjects = append(subjects, d.Request)
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: subjects, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// mayDraft rules who may do anything with a draft: its owner.
func mayDraft(p policy.Person, on onDraft, _ time.Time) policy.Decision {
	return policy.MayDraft(p, on.Owner)
}
