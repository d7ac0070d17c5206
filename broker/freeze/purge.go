package freeze

import (
	"context"
	"errors"

	"sekimori/broker/act"
	"sekimori/broker/disposal"
	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Purge disposes of one recording whose time is over, before the chore does. Auditors and the information-systems section may, each with a
// proof. When it returns, keys and files are gone and the receipt stands in the ledger; where the disk refuses, the chore goes on and the
// error says why. Errors: *forms.Invalid recording-stays with the cause; *policy.Denied recording-disposed.
func (f *Freezer) Purge(ctx context.Context, session, reason string, by act.Caller) error {
	err := do(ctx, f, OnRecording, purge, session, by, func(tx *store.Tx, p act.Person) error {
		reason, err := reasonText(reason, true)
		if err != nil {
			return err
		}
		if f.o.Archive == nil {
			return errors.New("no archive disposes of recordings here")
		}
		err = f.o.Archive.Order(tx, session, p.ID, reason, p.By)
		var stays *disposal.StaysError
		if errors.As(err, &stays) {
			return saidStays(stays.Why)
		}
		return err
	})
	if err != nil {
		return err
	}
	return f.o.Archive.Remove(context.WithoutCancel(ctx), session)
}

// over holds up a purge of a recording that stays.
func over(s *store.Snap, p policy.Person, on onRecording) error {
	if err := seen(s, p, on); err != nil {
		return err
	}
	return saidStays(on.keeping.Stays(s.Now))
}

// saidStays says why a recording stays; nil: it does not.
func saidStays(why policy.Stays) error {
	if why == policy.StaysNot {
		return nil
	}
	t := why.Label()
	return forms.Wrong("session", "recording-stays", t.JA+"。廃棄できません。", t.EN+": it cannot be disposed of")
}
