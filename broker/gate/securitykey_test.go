package gate

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/store"
	"sekimori/policy"
)

// Flags of a security key's signature (PROTOCOL.u2f, CTAP2 authenticatorData).
const (
	userPresent  = 0x01
	userVerified = 0x04
)

// authenticator is a security key in software. It signs as one does, with the flags that the test wants, with or
// without a touch.
type authenticator struct {
	public  ssh.PublicKey
	sign    func(message []byte) []byte // the raw signature as OpenSSH encodes it
	flags   byte
	counter uint32
	told    byte // flags put into the message where they are to differ from those signed; 0: the same
}

const application = "ssh:"

func ed25519Authenticator(t *testing.T) *authenticator {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	blob := ssh.Marshal(struct {
		Name        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, application})
	return &authenticator{public: parsed(t, blob), sign: func(m []byte) []byte { return ed25519.Sign(private, m) }, flags: userPresent}
}

func ecdsaAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	blob := ssh.Marshal(struct {
		Name, Curve string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKECDSA256, "nistp256", point, application})
	return &authenticator{public: parsed(t, blob), flags: userPresent | userVerified, sign: func(m []byte) []byte {
		sum := sha256.Sum256(m)
		r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
		if err != nil {
			panic(err)
		}
		return ssh.Marshal(struct{ R, S *big.Int }{r, s})
	}}
}

func parsed(t *testing.T, blob []byte) ssh.PublicKey {
	t.Helper()
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// PublicKey implements ssh.Signer.
func (a *authenticator) PublicKey() ssh.PublicKey { return a.public }

// Sign implements ssh.Signer: over SHA-256 of the application, flags, counter, SHA-256 of the data.
func (a *authenticator) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	a.counter++
	app, message := sha256.Sum256([]byte(application)), sha256.Sum256(data)
	signed := append(app[:], ssh.Marshal(struct {
		Flags   byte
		Counter uint32
	}{a.flags, a.counter})...)
	told := a.flags
	if a.told != 0 {
		told = a.told
	}
	return &ssh.Signature{Format: a.public.Type(), Blob: a.sign(append(signed, message[:]...)), Rest: ssh.Marshal(struct {
		Flags   byte
		Counter uint32
	}{told, a.counter})}, nil
}

// uses registers the authenticator as the engineer's key.
func (e *engineer) uses(a *authenticator) {
	e.key = a
	e.w.write(func(tx *store.Tx) error {
		_, err := tx.AddKey(store.Key{Person: e.id, Fingerprint: ssh.FingerprintSHA256(a.public), Public: string(ssh.MarshalAuthorizedKey(a.public))})
		return err
	})
}

// awaited is the first entry of a kind, which a connection that is over may still be writing.
func (w *world) awaited(kind string) map[string]any {
	w.t.Helper()
	changed := w.db.Changed()
	defer changed.Stop()
	limit := time.After(time.Minute)
	for {
		if all := w.entries(kind); len(all) > 0 {
			return all[0]
		}
		select {
		case <-changed.C:
		case <-limit:
			w.t.Fatalf("no entry %s", kind)
		}
	}
}

func kinds(t *testing.T) map[string]*authenticator {
	return map[string]*authenticator{"ed25519": ed25519Authenticator(t), "ecdsa": ecdsaAuthenticator(t)}
}

// A touched security key opens the gate, as any key does.
func TestSecurityKeyTouched(t *testing.T) {
	t.Parallel()
	for name, key := range kinds(t) {
		w := newWorld(t)
		e := w.engineer("sato", "en")
		e.uses(key)
		w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		c, err := e.dial("sato+hr-db", nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.Close()
		w.gate.Stop() // an alarm is written when the connection is over
		w.gate.callers.Wait()
		if alarms := w.entries("alarm.raised"); len(alarms) != 0 {
			t.Errorf("%s: %v", name, alarms)
		}
	}
}

// A stolen security key in a thief's computer signs without a touch. Nothing opens, also
// where the signature claims a touch, and both desks are told.
func TestAttackSecurityKeyNobodyTouched(t *testing.T) {
	t.Parallel()
	for name, key := range kinds(t) {
		w := newWorld(t)
		e := w.engineer("sato", "en")
		e.uses(key)
		w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
		for _, flags := range []struct{ signed, told byte }{{0, 0}, {userVerified, 0}, {0xfe, 0}} {
			key.flags, key.told = flags.signed, flags.told
			if c, err := e.dial("sato+hr-db", nil); err == nil {
				c.Close()
				t.Errorf("%s: flags %#x opened the gate", name, flags.signed)
			}
		}
		// The alarm is written when the connection is over, which the client need not have noticed yet.
		alarm := w.awaited("alarm.raised")
		if alarm["what"] != "nobody-present" || alarm["about"] != e.id {
			t.Errorf("%s: %v", name, alarm)
		}
		// Claiming a touch that was not signed is a wrong signature.
		key.flags, key.told = 0, userPresent
		if c, err := e.dial("sato+hr-db", nil); err == nil {
			c.Close()
			t.Errorf("%s: a claimed touch opened the gate", name)
		}
		if n := len(w.entries("session.attempted")); n != 0 {
			t.Errorf("%s: %d attempts", name, n)
		}
		key.flags, key.told = userPresent, 0
		c, err := e.dial("sato+hr-db", nil)
		if err != nil {
			t.Errorf("%s: touched at last: %v", name, err)
			continue
		}
		c.Close()
		w.gate.Stop()
		w.gate.callers.Wait()
		if n := len(w.entries("alarm.raised")); n != 1 {
			t.Errorf("%s: %d alarms of one source within ten minutes", name, n)
		}
	}
}
