package pages

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A console that was asked for and not shown, because the person might not or hung up before the entry, is no look: the next one within two
// minutes was taken for a refresh of it, and had no entry at all.
func TestAttackALookBehindOneThatFailed(t *testing.T) {
	t.Parallel()
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	kato := w.as("kato")
	const console = "/windows/R8-0001-1/console"
	if a := kato.get(console); a.status != http.StatusForbidden {
		t.Fatalf("a requester: %d\n%s", a.status, a.body)
	}
	if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		p, err := tx.Person("kato")
		p.Roles = append(p.Roles, policy.Attendant)
		_, entry := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: townhall.By("admin")})
		return errors.Join(err, tx.PutPerson(p), entry)
	}); err != nil {
		t.Fatal(err)
	}
	before := w.size()
	if a := kato.get(console); a.status != http.StatusOK {
		t.Fatalf("with the role: %d\n%s", a.status, a.body)
	}
	if kinds := w.entriesBy(before, "kato"); !slices.Contains(kinds, "window.viewed") {
		t.Errorf("the look has no entry: %v", kinds)
	}
	before = w.size()
	kato.get(console)
	if kinds := w.entriesBy(before, "kato"); slices.Contains(kinds, "window.viewed") {
		t.Errorf("a refresh is a second look: %v", kinds)
	}
}

// The sessions side by side are the list of sessions: who may not open the one may not open the other.
func TestAttackTheSessionsSideBySide(t *testing.T) {
	t.Parallel()
	w := found(t)
	kato := w.as("kato")
	for _, path := range []string{"/sessions", "/sessions/side"} {
		if a := kato.get(path); a.status != http.StatusForbidden {
			t.Errorf("%s for a requester: %d", path, a.status)
		}
	}
}
