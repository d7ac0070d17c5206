package session

import (
	"net"
	"testing"
	"time"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
)

// TestASessionGetsInWhileItsSecretIsBeingChanged: the target has the old secret or the new one, and the broker does not know which.
func TestASessionGetsInWhileItsSecretIsBeingChanged(t *testing.T) {
	t.Parallel()
	oldKey, oldPublic := privateKey(t)
	newKey, newPublic := privateKey(t)
	for _, c := range []struct {
		name     string
		kind     store.CredentialKind
		old, new []byte
		target   lockedTarget
	}{
		{"the old password", store.CredentialPassword, []byte("mukashi no kotoba"), []byte("ima no kotoba"), lockedTarget{password: "mukashi no kotoba"}},
		{"the new password", store.CredentialPassword, []byte("mukashi no kotoba"), []byte("ima no kotoba"), lockedTarget{password: "ima no kotoba"}},
		{"the old key", store.CredentialKey, oldKey, newKey, lockedTarget{key: oldPublic}},
		{"the new key", store.CredentialKey, oldKey, newKey, lockedTarget{key: newPublic}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.target.host = testbed.NewSigner(t)
			var w *world
			w = newWorld(t, time.Hour, dialing(func() (net.Conn, error) {
				a, b := testbed.Pipe()
				w.serving.Go(func() { c.target.serve(b) })
				return a, nil
			}))
			openBy(w, c.target.host.PublicKey(), "hrmnt", c.kind, c.old)
			sealed, err := w.ring.Seal("account:hr-db/hrmnt/next", c.new)
			if err != nil {
				t.Fatal(err)
			}
			w.write("test.changing", func(tx *store.Tx) error {
				return tx.PutSecretChange(store.SecretChange{Secret: "account:hr-db/hrmnt", Account: "hr-db/hrmnt", Window: "R8-0000-1", State: store.SecretMade, Sealed: sealed, Since: tx.Now})
			})
			v := w.admit(tanaka)
			if out, problems, exit := v.run("id"); out != "who hrmnt\n" || exit != 0 {
				t.Errorf("%q, %q, %d", out, problems, exit)
			}
			v.client.Close()
			if err := <-v.over; err != nil {
				t.Fatal(err)
			}
		})
	}
}
