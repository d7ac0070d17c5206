package papers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Filing is a paper to put on file.
type Filing struct {
	Kind       store.PaperKind
	Vendor     string // id or login; empty: the person's own
	Person     string // id or login of the engineer; empty: about the vendor
	Name       string
	FiscalYear int
	From       forms.Day
	Until      forms.Day // inclusive
	Note       string
	FileName   string
	Size       int64 // bytes announced by the sender; negative: unknown
}

// File puts a paper on file, with its copy if content is not nil. A paper from staff who keep papers counts at once; one from the
// vendor is submitted and counts when staff accept it. Errors: *policy.Denied, *forms.Invalid (file-too-large gives both sizes),
// *BrokenOffError, *NoSpaceError; store.ErrNotFound for an unknown vendor or person. On an error nothing is kept.
func (k *Keeper) File(ctx context.Context, f Filing, content io.Reader, by ledger.Actor) (store.Paper, error) {
	// A person who may not file, or whose filing is not acceptable, learns it before the copy is taken.
	if err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		_, err := k.prepare(s, f, content != nil, by)
		return err
	}); err != nil {
		return store.Paper{}, err
	}
	var c kept
	if content != nil {
		var err error
		if c, err = k.receive(ctx, content, f.Size); err != nil {
			return store.Paper{}, err
		}
	}
	var p store.Paper
	err := k.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if p, err = k.prepare(tx.Snap, f, content != nil, by); err != nil {
			return err
		}
		p.File, p.MediaType, p.Size, p.SHA256 = c.name, c.mediaType, c.size, c.sha256
		return k.add(tx, &p, "paper.filed", by, nil)
	})
	if err != nil {
		if c.name != "" {
			err = errors.Join(err, k.discardUnfiled(ctx, c.name))
		}
		return store.Paper{}, err
	}
	k.stale()
	return p, nil
}

// add allots the number, stores the paper and writes its entry.
func (k *Keeper) add(tx *store.Tx, p *store.Paper, kind string, by ledger.Actor, more map[string]any) (err error) {
	if p.ID, err = tx.NextPaperID(); err != nil {
		return err
	}
	p.Filed = tx.Now
	if p.State == store.PaperAccepted {
		p.Accepted = tx.Now
	}
	if err := tx.AddPaper(*p); err != nil {
		return fmt.Errorf("file %s: %w", p.ID, err)
	}
	return k.entry(tx, kind, *p, by, more)
}

// entry writes a paper's entry. Its subjects are the vendor and person it concerns, its payload the whole paper.
func (k *Keeper) entry(tx *store.Tx, kind string, p store.Paper, by ledger.Actor, more map[string]any) error {
	payload := map[string]any{
		"paper": p.ID, "kind": p.Kind, "vendor": p.Vendor, "state": p.State, "note": p.Note,
		"file_name": p.FileName, "media_type": p.MediaType, "size": p.Size, "sha256": p.SHA256,
	}
	for name, v := range map[string]string{"person": p.Person, "name": p.Name} {
		if v != "" {
			payload[name] = v
		}
	}
	for name, t := range map[string]time.Time{"from": p.From, "until": p.Until} {
		if !t.IsZero() {
			payload[name] = t
		}
	}
	if p.FiscalYear != 0 {
		payload["fiscal_year"] = p.FiscalYear
	}
	for name, v := range more {
		payload[name] = v
	}
	subjects := []string{p.ID, p.Vendor}
	if p.Person != "" {
		subjects = append(subjects, p.Person)
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: subjects, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}

// prepare checks everything about a filing but its copy. The result lacks number, times of filing, and the copy.
func (k *Keeper) prepare(s *store.Snap, f Filing, withCopy bool, by ledger.Actor) (store.Paper, error) {
	p := store.Paper{Kind: f.Kind, Name: f.Name, FiscalYear: f.FiscalYear, Note: f.Note, FileName: f.FileName, FiledBy: by.ID}
	p.From, p.Until = f.From.Start(k.o.Zone).UTC(), f.Until.After(k.o.Zone).UTC()
	if f.From.IsZero() {
		p.From = time.Time{}
	}
	if f.Until.IsZero() {
		p.Until = time.Time{}
	}
	acting, err := s.ActingPerson(by)
	if err != nil {
		return p, err
	}
	v, err := k.concerned(s, acting, &p, f)
	if err != nil {
		return p, err
	}
	if p.State, err = mayFile(s, acting, v); err != nil {
		return p, err
	}
	if p.State == store.PaperAccepted {
		p.AcceptedBy = by.ID
	} else if err := few(s, v); err != nil {
		return p, err
	}
	return p, k.check(s, &p, v, withCopy)
}

// concerned finds vendor and engineer of a paper.
func (k *Keeper) concerned(s *store.Snap, by policy.Person, p *store.Paper, f Filing) (store.Vendor, error) {
	vendor := f.Vendor
	if f.Person != "" {
		e, err := s.Person(f.Person)
		if err == nil || errors.Is(err, store.ErrNotFound) {
			if hidden := hides(s, by, e); hidden != nil {
				return store.Vendor{}, hidden
			}
		}
		if err != nil {
			return store.Vendor{}, fmt.Errorf("engineer %q: %w", f.Person, err)
		}
		if e.Kind != policy.Engineer {
			return store.Vendor{}, forms.Wrong("person", "not-an-engineer", f.Person+" は保守要員ではありません。", fmt.Sprintf("%q is no engineer", f.Person))
		}
		p.Person = e.ID
		if vendor == "" {
			vendor = e.Vendor
		}
		v, err := s.Vendor(vendor)
		if err == nil && v.ID != e.Vendor {
			err = forms.Wrong("person", "of-another-vendor", f.Person+" はこの保守事業者の保守要員ではありません。", fmt.Sprintf("%q belongs to another vendor", f.Person))
		}
		p.Vendor = v.ID
		return v, err
	}
	v, err := s.Vendor(vendor)
	if err != nil {
		return v, fmt.Errorf("vendor %q: %w", vendor, err)
	}
	p.Vendor = v.ID
	return v, nil
}
