package papers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// Damage is the kind of damage of a copy on disk.
type Damage string

// The kinds of damage.
const (
	DamageMissing Damage = "missing" // there is no file
	DamageChanged Damage = "changed" // it does not open, or differs from the copy in the ledger
	DamageRow     Damage = "row"     // the row's statement about the copy differs from the ledger's
)

// DamagedError names a copy that differs from the filed one. Nothing of it was handed out.
type DamagedError struct {
	Paper string
	What  Damage
	Place string // the finding, in English, for the investigators
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the copy of %s is damaged (%s): %s", e.Paper, e.What, e.Place)
}

// ErrNoCopy: only the statement is on file.
var ErrNoCopy = errors.New("no copy is on file")

// Copy is an opened copy. Close it.
type Copy struct {
	Paper store.Paper
	io.Reader
	file recordings.File
}

// Close gives the file back.
func (c *Copy) Close() error { return c.file.Close() }

// Open opens a copy for a person with the role and a purpose. The look is in the ledger when Open returns, a refused one too. Errors:
// *policy.Denied, *DamagedError, ErrNoCopy, store.ErrNotFound.
func (k *Keeper) Open(ctx context.Context, id, purpose, explanation string, by ledger.Actor) (*Copy, error) {
	var p store.Paper
	err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		acting, err := s.ActingPerson(by)
		if err != nil {
			return err
		}
		if err := policy.OpenPaper(acting, purpose).Err(); err != nil {
			return err
		}
		p, err = s.Paper(id)
		return err
	})
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return nil, errors.Join(k.refused(ctx, id, denied, by), err)
	}
	if err == nil {
		err = textFrom("explanation", explanation, longestNote, false)
	}
	if err != nil {
		return nil, fmt.Errorf("look at paper %q: %w", id, err)
	}
	// Verify the whole copy before a byte goes out: a reader believes half a copy before the other half turns out to be forged.
	if _, err := k.Verify(ctx, p.ID); err != nil {
		return nil, err
	}
	f, err := k.o.FS.OpenFile(k.path(p.File), os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open the copy of %s: %w", p.ID, err)
	}
	plain, err := open(f, k.o.Ring, p.File)
	if err == nil {
		err = k.o.DB.Write(ctx, func(tx *store.Tx) error {
			if acting, err := tx.ActingPerson(by); err != nil {
				return err
			} else if err := policy.OpenPaper(acting, purpose).Err(); err != nil {
				return err
			}
			payload := map[string]any{"purpose": purpose}
			if explanation != "" {
				payload["explanation"] = explanation
			}
			return k.entry(tx, "paper.viewed", p, by, payload)
		})
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Copy{Paper: p, Reader: plain, file: f}, nil
}

// refused ledgers a denied look; like ones are counted together.
func (k *Keeper) refused(ctx context.Context, id string, d *policy.Denied, by ledger.Actor) error {
	ctx = context.WithoutCancel(ctx) // it is counted as written, also where the caller hangs up meanwhile
	first, err := k.o.Refused(ctx, by, "access.refused", "look paper", string(d.Reason), id)
	if err != nil || !first {
		return err
	}
	err = k.o.DB.Write(ctx, func(tx *store.Tx) error {
		subjects := []string{by.ID}
		if p, err := tx.Paper(id); err == nil {
			subjects = append(subjects, p.ID, p.Vendor)
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "access.refused", Actor: by, Subjects: subjects,
			Payload: map[string]string{"act": "look", "reason": string(d.Reason), "what": "paper"}})
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger a refused look: %w", err)
	}
	return nil
}

// filed is the ledger's statement about a copy.
type filed struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Verify checks a copy against the ledger, where a change cannot go unseen; the row can be edited by hand and proves nothing. It shows
// no content and is not a look. Errors: *DamagedError, *policy.Denied where the copy is disposed of, ErrNoCopy, store.ErrNotFound.
func (k *Keeper) Verify(ctx context.Context, id string) (store.Paper, error) {
	var p store.Paper
	var want filed
	err := k.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if p, err = s.Paper(id); err != nil {
			return fmt.Errorf("paper %q: %w", id, err)
		}
		if err := disposed(s, p); err != nil {
			return err
		}
		want, err = ledgered(s, p.ID)
		return err
	})
	switch {
	case err != nil:
		return p, err
	case want.SHA256 == "" && p.File == "" && p.SHA256 == "":
		return p, fmt.Errorf("paper %s: %w", p.ID, ErrNoCopy)
	case want.SHA256 != p.SHA256 || want.Size != p.Size || p.File == "":
		return p, &DamagedError{p.ID, DamageRow, fmt.Sprintf("filed with SHA-256 %q and %d bytes, the row says %q and %d", want.SHA256, want.Size, p.SHA256, p.Size)}
	}
	f, err := k.o.FS.OpenFile(k.path(p.File), os.O_RDONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return p, &DamagedError{p.ID, DamageMissing, "there is no file " + p.File}
	}
	if err != nil {
		return p, fmt.Errorf("open the copy of %s: %w", p.ID, err)
	}
	defer f.Close()
	sum := sha256.New()
	plain, err := open(f, k.o.Ring, p.File)
	if err == nil {
		_, err = io.Copy(sum, plain)
	}
	if errors.Is(err, errSealed) {
		return p, &DamagedError{p.ID, DamageChanged, err.Error()}
	}
	if err != nil {
		return p, fmt.Errorf("read the copy of %s: %w", p.ID, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.SHA256 {
		return p, &DamagedError{p.ID, DamageChanged, fmt.Sprintf("SHA-256 %s, filed with %s", got, want.SHA256)}
	}
	return p, nil
}

// ledgered reads the entry of the filing.
func ledgered(s *store.Snap, id string) (filed, error) {
	var f filed
	for e, err := range s.Entries(store.EntryFilter{Kind: "paper.filed", Subject: id}) {
		if err != nil {
			return f, fmt.Errorf("read the entry of %s: %w", id, err)
		}
		if e.Disposed() { // the payload stays while the paper is on file
			return f, nil
		}
		if err := json.Unmarshal(e.Payload, &f); err != nil {
			return f, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		return f, nil
	}
	return f, nil
}

// Look ledgers that a person read a vendor's page (screens §2, L1).
func (k *Keeper) Look(ctx context.Context, vendor string, by ledger.Actor) error {
	if forms.Printable(vendor) != vendor {
		return store.ErrNotFound
	}
	return k.o.DB.Write(ctx, func(tx *store.Tx) error {
		v, err := tx.Vendor(vendor)
		if err != nil {
			return fmt.Errorf("vendor %q: %w", vendor, err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "vendor.viewed", Actor: by, Subjects: []string{v.ID, by.ID}, Payload: map[string]string{"vendor": v.ID}})
		return err
	})
}
