package notify_test

import (
	"strings"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
)

// TestTheSectionIsToldOfItsTerminals: while the office network is cut the section cannot use the system. Its mailbox is told, and its people
// except the one who cut it; they are told again when the system can be used.
func TestTheSectionIsToldOfItsTerminals(t *testing.T) {
	w := found(t)
	no := w.approved()
	w.told()
	step := func(kind string) []received {
		t.Helper()
		err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: kind, Actor: townhall.By("ito"), Subjects: []string{no + "-1", no, "map"},
				Payload: map[string]string{"window": no + "-1", "request": no, "system": "map"}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.all()
		return w.mail.took()
	}
	for kind, words := range map[string][2]string{
		"line.cut":      {"職員端末から使えません", "cannot be used from staff terminals"},
		"line.restored": {"職員端末から使えます", "can be used from staff terminals again"},
	} {
		mails := step(kind)
		equal(t, kind, to(mails), "head", "kato", "personnel")
		for _, m := range mails {
			if text := m.parts["text/plain"]; !strings.Contains(text, words[0]) && !strings.Contains(text, words[1]) {
				t.Errorf("%s to %s does not say %q:\n%s", kind, m.to, words, text)
			}
		}
	}
}
