package sealing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// Bounds of an access and of one entry about it.
const (
	mostSessions      = 1000 // named one by one; more go with all
	subjectsOfAnEntry = 500
)

// Ask asks that recordings open to a further key. Errors: *policy.Denied, *forms.Invalid.
func (k *Keeper) Ask(ctx context.Context, _ string, in api.AccessBody, by act.Caller) (store.Access, error) {
	return act.Run(ctx, k.o.Acts, OnNone, ask, "", by, func(tx *store.Tx, p act.Person, _ struct{}) (a store.Access, err error) {
		if err := readable(tx.Snap, &in); err != nil {
			return a, err
		}
		a = store.Access{Recipient: in.Recipient, Holder: in.Holder, Sessions: in.Sessions, Everything: in.All, Reason: in.Reason, State: policy.AccessAsked, Asked: tx.Now, AskedBy: p.ID}
		if a.ID, err = tx.NextAccessID(); err != nil {
			return a, fmt.Errorf("number the access: %w", err)
		}
		if err := tx.PutAccess(a); err != nil {
			return a, fmt.Errorf("store access: %w", err)
		}
		more := map[string]any{"reason": a.Reason}
		if !a.Everything {
			more["sessions"] = a.Sessions
		}
		return a, accessEntry(tx, "recording.access-asked", p.By, a, nil, more)
	})
}

// readable checks what was asked: a key that opens recordings, and sessions with a finished recording.
func readable(s *store.Snap, in *api.AccessBody) error {
	if _, err := recordings.ParseRecipient(in.Recipient); err != nil {
		return forms.Wrong("recipient", "not-a-recipient", "age の公開鍵(age1pq1… または age1…)ではありません。秘密の鍵(AGE-SECRET-KEY…)は入力しないでください。",
			"This is no public key of age (age1pq1… or age1…). Never enter a private key (AGE-SECRET-KEY…).")
	}
	slices.Sort(in.Sessions)
	in.Sessions = slices.Compact(in.Sessions)
	switch {
	case in.All == (len(in.Sessions) > 0):
		return forms.Wrong("session", "which-sessions", "接続番号を並べるか、すべてにするか、どちらか一つを選んでください。", "Name sessions, or choose all: one of the two.")
	case len(in.Sessions) > mostSessions:
		return forms.Wrong("session", "too-many", fmt.Sprintf("一度に並べられるのは%d件までです。", mostSessions), fmt.Sprintf("At most %d sessions can be named at once.", mostSessions))
	}
	for _, id := range in.Sessions {
		row, err := s.Session(id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("session %q: %w", id, err)
		}
		if err != nil || row.Recording == "" || row.State.Live() {
			return forms.Wrong("session", "no-recording", "終わった操作記録のない接続番号です: "+id, fmt.Sprintf("Session %q has no finished recording.", id))
		}
	}
	return nil
}

// Give opens the recordings to the key. The keys files are written before it returns where ctx allows, else by the chore. Errors:
// *policy.Denied.
func (k *Keeper) Give(ctx context.Context, id string, by act.Caller) error {
	err := act.Do(ctx, k.o.Acts, OnAccess, give, id, by, func(tx *store.Tx, p act.Person, on onAccess) error {
		a := on.access
		a.State, a.Decided, a.DecidedBy = policy.AccessGiven, tx.Now, p.ID
		if a.Everything {
			var err error
			if a.Sessions, err = tx.EndedRecordings(); err != nil {
				return fmt.Errorf("recordings: %w", err)
			}
		}
		if err := tx.PutAccess(a); err != nil {
			return fmt.Errorf("store access: %w", err)
		}
		rest := a.Sessions
		for first := true; first || len(rest) > 0; first = false {
			n := min(len(rest), subjectsOfAnEntry)
			if err := accessEntry(tx, "recording.access-given", p.By, a, rest[:n], map[string]any{"sessions": append([]string{}, rest[:n]...), "asked_by": a.AskedBy}); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	return k.wrote(ctx, id, err)
}

// Refuse drops what was asked. Errors: *policy.Denied, *forms.Invalid.
func (k *Keeper) Refuse(ctx context.Context, id string, in act.Said, by act.Caller) error {
	return act.Do(ctx, k.o.Acts, OnAccess, refuse, id, by, func(tx *store.Tx, p act.Person, on onAccess) error {
		if err := forms.Reason(in.Reason, true); err != nil {
			return err
		}
		a := on.access
		a.State, a.Decided, a.DecidedBy = policy.AccessRefused, tx.Now, p.ID
		if err := tx.PutAccess(a); err != nil {
			return fmt.Errorf("store access: %w", err)
		}
		return accessEntry(tx, "recording.access-refused", p.By, a, nil, map[string]any{"reason": in.Reason})
	})
}

// End takes the key away again. It cannot take back what its holder has copied. Errors: *policy.Denied, *forms.Invalid.
func (k *Keeper) End(ctx context.Context, id string, in act.Said, by act.Caller) error {
	err := act.Do(ctx, k.o.Acts, OnAccess, end, id, by, func(tx *store.Tx, p act.Person, on onAccess) error {
		if err := forms.Reason(in.Reason, true); err != nil {
			return err
		}
		a := on.access
		a.State, a.Ended, a.EndedBy, a.Written = policy.AccessEnded, tx.Now, p.ID, false
		if err := tx.PutAccess(a); err != nil {
			return fmt.Errorf("store access: %w", err)
		}
		return accessEntry(tx, "recording.access-ended", p.By, a, nil, map[string]any{"reason": in.Reason})
	})
	return k.wrote(ctx, id, err)
}

// wrote writes keys files after an act. The act has committed, so that a failure is the chore's to mend.
func (k *Keeper) wrote(ctx context.Context, id string, err error) error {
	if err != nil {
		return err
	}
	if err := k.WriteKeys(ctx); err != nil {
		k.o.Log.Warn("keys_files_not_written_yet", "access", id, "error", err)
	}
	return nil
}

func accessEntry(tx *store.Tx, kind string, by ledger.Actor, a store.Access, sessions []string, more map[string]any) error {
	payload := map[string]any{"access": a.ID, "fingerprint": recordings.Fingerprint(a.Recipient), "post_quantum": postQuantum(a.Recipient), "holder": a.Holder, "everything": a.Everything}
	return entry(tx, kind, by, append([]string{a.ID}, sessions...), payload, more)
}
