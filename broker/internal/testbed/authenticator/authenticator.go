package authenticator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// Key holds one passkey. The zero value holds none.
type Key struct {
	Origin   string // of the page that the browser shows
	Unproved bool   // the user is not checked (no PIN, no finger)
	Uses     uint32 // its own count; Counts switches it on
	Counts   bool

	secret *ecdsa.PrivateKey
	id     []byte
	handle []byte
}

var b64 = base64.RawURLEncoding

func (k *Key) clientData(tb testing.TB, kind, challenge string) []byte {
	tb.Helper()
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": k.Origin, "crossOrigin": false})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// data is the authenticator's own data (WebAuthn §6.1).
func (k *Key) data(domain string, further byte) []byte {
	hash := sha256.Sum256([]byte(domain))
	flags := byte(1) | further // the user is present
	if !k.Unproved {
		flags |= 4
	}
	if k.Counts {
		k.Uses++
	}
	return binary.BigEndian.AppendUint32(append(hash[:], flags), k.Uses)
}

// Make makes a passkey by the options of a page, and gives the browser's answer.
func (k *Key) Make(tb testing.TB, options []byte) string {
	tb.Helper()
	var o struct {
		Challenge string              `json:"challenge"`
		RP        struct{ ID string } `json:"rp"`
		User      struct{ ID string } `json:"user"`
	}
	if err := json.Unmarshal(options, &o); err != nil {
		tb.Fatal(err)
	}
	var err error
	if k.secret, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		tb.Fatal(err)
	}
	k.id = make([]byte, 16)
	rand.Read(k.id)
	if k.handle, err = b64.DecodeString(o.User.ID); err != nil {
		tb.Fatal(err)
	}
	point, err := k.secret.PublicKey.Bytes() // 4, x, y
	if err != nil {
		tb.Fatal(err)
	}
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		tb.Fatal(err)
	}
	data := k.data(o.RP.ID, 0x40)
	data = append(data, make([]byte, 16)...) // of no known maker
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.id)))
	data = append(append(data, k.id...), public...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		tb.Fatal(err)
	}
	return answer(tb, k.id, map[string]string{
		"clientDataJSON": b64.EncodeToString(k.clientData(tb, "webauthn.create", o.Challenge)), "attestationObject": b64.EncodeToString(object),
	})
}

// Show shows the passkey by the options of a page, and gives the browser's answer.
func (k *Key) Show(tb testing.TB, options []byte) string {
	tb.Helper()
	var o struct {
		Challenge string `json:"challenge"`
		Domain    string `json:"rpId"`
	}
	if err := json.Unmarshal(options, &o); err != nil {
		tb.Fatal(err)
	}
	data, said := k.data(o.Domain, 0), k.clientData(tb, "webauthn.get", o.Challenge)
	hash := sha256.Sum256(said)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.secret, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	return answer(tb, k.id, map[string]string{
		"clientDataJSON": b64.EncodeToString(said), "authenticatorData": b64.EncodeToString(data),
		"signature": b64.EncodeToString(signature), "userHandle": b64.EncodeToString(k.handle),
	})
}

// Claim makes the key say that it is another person's, as a thief's would.
func (k *Key) Claim(person string) { k.handle = []byte(person) }

// Copy is a copy of the key with its count, as a thief would make it.
func (k *Key) Copy() *Key { c := *k; return &c }

func answer(tb testing.TB, id []byte, response map[string]string) string {
	tb.Helper()
	b, err := json.Marshal(map[string]any{
		"id": b64.EncodeToString(id), "rawId": b64.EncodeToString(id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
