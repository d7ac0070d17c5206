package registry

import (
	"context"
	"fmt"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// SetLanguage sets the language of a person's own pages and texts. Errors: *policy.Denied; *forms.Invalid.
func (r *Registry) SetLanguage(ctx context.Context, lang string, by ledger.Actor) error {
	if !text.Known(lang) {
		return forms.Wrong("lang", "unknown-word", "言語は ja か en です。", "the language is ja or en")
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.ActingPerson(by); err != nil {
			return err
		}
		p, err := tx.Person(by.ID)
		if err != nil {
			return fmt.Errorf("person %s: %w", by.ID, err)
		}
		p.Lang = lang
		if err := tx.PutPerson(p); err != nil {
			return fmt.Errorf("store the language: %w", err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "person.language", Actor: by, Subjects: []string{p.ID}, Payload: map[string]string{"person": p.ID, "language": lang}})
		return err
	})
}
