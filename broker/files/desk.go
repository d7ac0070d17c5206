package files

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/inspect"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// DeskOptions are the arguments of NewDesk. Gate and Acts are required.
type DeskOptions struct {
	Gate    *Gate
	Acts    *act.Runner
	Refused act.First // counts refused looks and fetches; nil: each has an entry
}

// Desk does people's acts on files: approvals, rejections, looks at contents, and the fetching from the outbox.
type Desk struct {
	o  DeskOptions
	g  *Gate
	db *store.DB
}

// NewDesk makes a desk for the files of a gate.
func NewDesk(o DeskOptions) *Desk {
	if o.Refused == nil {
		o.Refused = func(context.Context, ledger.Actor, string, string, string, ...string) (bool, error) { return true, nil }
	}
	return &Desk{o: o, g: o.Gate, db: o.Gate.o.DB}
}

type fileAct = act.Act[store.OnFile]

func spec(name, ja, en string, callers act.Callers, proof act.Proof) act.Spec {
	return act.Spec{Name: name, Path: api.Files.Pattern("id", name), Command: "files " + name, Operands: "ID", JA: ja, EN: en, Fields: act.Why, Callers: callers, Proof: proof, Shows: act.ShowsFile}
}

var (
	approvers = act.Callers{Roles: []policy.Role{policy.Approver, policy.SecondApprover, policy.InformationSystems}, Deputies: true}
	approve   = fileAct{Spec: spec("approve", "ファイルの引渡し・持出しを承認する(パスワードと認証コードを尋ねます)", "approve that a file moves (asks for password and code)", approvers, act.EachTime),
		May: act.Rule[store.OnFile](policy.MayApproveFile)}
	reject = fileAct{Spec: spec("reject", "ファイルを却下する(動かなくなる。中身は証跡として残る)", "reject a file (it never moves; its contents stay as evidence)",
		act.Callers{Roles: approvers.Roles, Deputies: true, Vendors: true}, act.NoProof), May: act.Rule[store.OnFile](policy.MayRejectFile)}
)

// OnFile is a file with the acts on it.
var OnFile = act.Subject[store.OnFile]{Load: (*store.Snap).OnFile, Acts: []fileAct{approve, reject}}

// Acts are the acts that doors mount.
func Acts() []act.Mount[*Desk] {
	return []act.Mount[*Desk]{act.Saying(approve.Spec, (*Desk).Approve), act.Saying(reject.Spec, (*Desk).Reject)}
}

// Approve gives the approval that the file awaits. The reason may be empty. Errors: *policy.Denied (file-changed if the kept contents are not
// those that came), store.ErrNotFound.
func (d *Desk) Approve(ctx context.Context, id, reason string, by act.Caller) error {
	var changed error
	compared := func(ctx context.Context) error {
		if changed = d.unchanged(ctx, id, by); changed != nil && !isChanged(changed) {
			return changed
		}
		return nil
	}
	delivers := false
	err := act.DoAfter(ctx, d.o.Acts, OnFile, approve, id, by, compared, func(tx *store.Tx, p act.Person, on store.OnFile) error {
		if err := forms.Reason(reason, false); err != nil {
			return err
		}
		if changed != nil {
			return changed
		}
		made := store.FileApproval{Stage: 1, By: p.ID, OnBehalf: p.Decision.OnBehalf, SHA256: on.File.Digest(), Reason: reason}
		state := policy.FileApproved
		if on.Facts.Out {
			if made.Stage = on.Facts.Stage(); made.Stage == 1 {
				state = policy.FileWaitSecond
			}
		}
		var err error
		if made.OnBehalf != "" {
			if made.SetBy, err = tx.Appointer(p.ID, made.OnBehalf); err != nil {
				return err
			}
		}
		if err := tx.ApproveFile(on.File.ID, made, state); err != nil {
			return fmt.Errorf("approve file %s: %w", id, err)
		}
		more := map[string]any{"stage": made.Stage, "state": string(state), "role": string(p.Decision.Role)}
		for name, value := range map[string]string{"on_behalf": made.OnBehalf, "reason": reason} {
			if value != "" {
				more[name] = value
			}
		}
		if err := fileEntry(tx, "file.approved", p.By, on.File, more); err != nil {
			return err
		}
		delivers = state == policy.FileApproved && !on.Facts.Out
		return nil
	})
	if err == nil && delivers {
		d.g.wake()
	}
	return err
}

func isChanged(err error) bool {
	var denied *policy.Denied
	return errors.As(err, &denied) && denied.Reason == policy.FileChanged
}

// unchanged compares the contents with the digest, outside the act's transaction: it may take long. It does so only where the person may
// approve, and has given password and code.
func (d *Desk) unchanged(ctx context.Context, id string, by act.Caller) error {
	var f store.File
	may := false
	err := d.db.Read(ctx, func(s *store.Snap) error {
		p, err := s.ActingPerson(by.Actor)
		if err != nil {
			return nil // the act refuses
		}
		on, err := s.OnFile(id)
		if err != nil {
			return nil
		}
		f, may = on.File, policy.MayApproveFile(p, on.Facts, s.Now).Allow
		return nil
	})
	if err != nil || !may {
		return err
	}
	b, err := d.g.verified(ctx, f)
	if err == nil {
		b.close()
	}
	return err
}

// Reject stops a file that has not moved. Staff say why; an engineer may take the own file back without a word.
func (d *Desk) Reject(ctx context.Context, id, reason string, by act.Caller) error {
	if err := d.within(ctx, id, by.Actor); err != nil {
		return err
	}
	return act.Do(ctx, d.o.Acts, OnFile, reject, id, by, func(tx *store.Tx, p act.Person, on store.OnFile) error {
		if err := forms.Reason(reason, p.Kind == policy.Staff); err != nil {
			return err
		}
		if d.g.isPlacing(on.File.ID) { // it is on the target within moments
			return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": on.File.ID}}
		}
		if err := tx.EndFile(on.File.ID, policy.FileRejected, p.ID, "", reason); err != nil {
			return fmt.Errorf("reject file %s: %w", id, err)
		}
		return fileEntry(tx, "file.rejected", p.By, on.File, map[string]any{"reason": reason, "before": string(on.File.State)})
	})
}

// Content is an opened content of a file. Close it.
type Content struct {
	File store.File
	io.Reader
	b *blocks
}

// Close gives the file back.
func (c *Content) Close() { c.b.close() }

// Look opens the contents of a file for a person with the role and a purpose. The look is in the ledger when Look returns, a refused one too.
// Errors: *policy.Denied, store.ErrNotFound.
func (d *Desk) Look(ctx context.Context, id, purpose, explanation string, by ledger.Actor) (*Content, error) {
	if err := d.within(ctx, id, by); err != nil {
		return nil, err
	}
	var on store.OnFile
	judge := func(s *store.Snap) error {
		p, err := s.ActingPerson(by)
		if err != nil {
			return err
		}
		if on, err = s.OnFile(id); err != nil {
			return err
		}
		return policy.MayOpenFile(p, on.Facts, purpose, s.Now).Err()
	}
	refused := func(err error) error {
		if denied := (*policy.Denied)(nil); errors.As(err, &denied) {
			return errors.Join(d.refused(ctx, "look file", id, denied, by), err)
		}
		return err
	}
	if err := d.db.Read(ctx, judge); err != nil {
		return nil, refused(err)
	}
	b, err := d.g.verified(ctx, on.File)
	if err != nil {
		return nil, refused(err)
	}
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		if err := judge(tx.Snap); err != nil {
			return err
		}
		more := map[string]any{"purpose": purpose}
		if explanation != "" {
			more["explanation"] = explanation
		}
		return fileEntry(tx, "file.opened", by, on.File, more)
	})
	if err != nil {
		b.close()
		return nil, refused(err)
	}
	return &Content{File: on.File, Reader: inspect.Reader(b), b: b}, nil
}

// within answers for a file outside the person's sight as for one that does not exist: store.ErrNotFound.
func (d *Desk) within(ctx context.Context, id string, by ledger.Actor) error {
	hidden := false
	err := d.db.Read(ctx, func(s *store.Snap) error {
		p, err := s.ActingPerson(by)
		if err != nil {
			return err
		}
		f, err := s.File(id)
		if err != nil {
			return fmt.Errorf("file %q: %w", id, err)
		}
		sections, err := s.StandsInFor(p.ID)
		if err != nil {
			return err
		}
		o, err := s.Owner(f.System, f.Vendor)
		hidden = err == nil && !policy.SeeFiles(p, sections).Sees(o, f.Person)
		return err
	})
	if err == nil && hidden {
		err = errors.Join(fmt.Errorf("file %q: %w", id, store.ErrNotFound), d.refused(ctx, "look file", id, &policy.Denied{Reason: policy.Forbidden}, by))
	}
	return err
}

// refused ledgers a denied look or fetch; like ones are counted together.
func (d *Desk) refused(ctx context.Context, what, id string, denied *policy.Denied, by ledger.Actor) error {
	ctx = context.WithoutCancel(ctx) // it is counted as written, also where the caller hangs up meanwhile
	first, err := d.o.Refused(ctx, by, "access.refused", what, string(denied.Reason), id)
	if err != nil || !first {
		return err
	}
	denied.Ledgered = true
	return d.db.Write(ctx, func(tx *store.Tx) error {
		subjects := []string{by.ID}
		if f, err := tx.File(id); err == nil {
			subjects = append(subjects, f.ID, f.Session)
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "access.refused", Actor: by, Subjects: subjects, Payload: map[string]string{"act": "look", "reason": string(denied.Reason), "what": what}})
		return err
	})
}
