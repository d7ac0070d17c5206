package registry

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"sekimori/broker/store"
	"sekimori/policy"
)

// A passkey is shown in the place of a one-time code: the browser's answer to a challenge, as JSON. In the place of the password too,
// it is offered as both factors.

// challengeLife is the time in which a passkey answers.
const challengeLife = 5 * time.Minute

func processKey() (key [32]byte) {
	rand.Read(key[:]) // never fails (crypto/rand)
	return key
}

// BeginAssertion gives the options with which a browser shows a passkey, as JSON. They name no person and no passkey, so they tell
// strangers nothing; and the broker keeps nothing of them, so strangers fill nothing. Error: *forms.Invalid passkeys-not-here.
func (r *Registry) BeginAssertion(ctx context.Context, origin string) ([]byte, error) {
	if !r.PasskeysAt(origin) {
		return nil, passkeysNotHere(r.o.Passkeys.Domain)
	}
	var now time.Time
	if err := r.o.DB.Read(ctx, func(s *store.Snap) error { now = s.Now; return nil }); err != nil {
		return nil, fmt.Errorf("clock: %w", err)
	}
	return json.Marshal(protocol.PublicKeyCredentialRequestOptions{
		Challenge: r.challenge(origin, now.Add(challengeLife)), RelyingPartyID: r.o.Passkeys.Domain, UserVerification: protocol.VerificationPreferred,
		Timeout: int(challengeLife.Milliseconds()),
	})
}

// challenge is random bytes, the end of its life, and a code of this process over both and the page's origin.
func (r *Registry) challenge(origin string, until time.Time) []byte {
	c := make([]byte, 16, 48)
	rand.Read(c) // never fails (crypto/rand)
	c = binary.BigEndian.AppendUint64(c, uint64(until.UnixMilli()))
	return append(c, r.seal(c, origin)...)
}

func (r *Registry) seal(c []byte, origin string) []byte {
	m := hmac.New(sha256.New, r.door[:])
	m.Write(c)
	m.Write([]byte(origin))
	return m.Sum(nil)[:16]
}

// ours tells whether a challenge was given to a page of this origin and is still good.
func (r *Registry) ours(challenge, origin string, now time.Time) bool {
	c, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil || len(c) != 40 || !hmac.Equal(c[24:], r.seal(c[:24:24], origin)) {
		return false
	}
	return now.Before(time.UnixMilli(int64(binary.BigEndian.Uint64(c[16:24]))))
}

// assertion is a shown passkey, not yet looked at.
type assertion struct {
	parsed *protocol.ParsedCredentialAssertionData
	id     string
}

// assertionOf reads a shown passkey; nil where the text is a code. One that does not parse is an assertion without an id.
func assertionOf(code string) *assertion {
	if !strings.HasPrefix(code, "{") {
		return nil
	}
	if len(code) > longestPasskey {
		return &assertion{}
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(code))
	if err != nil {
		return &assertion{}
	}
	return &assertion{parsed, base64.RawURLEncoding.EncodeToString(parsed.RawID)}
}

// right tells whether the passkey is the person's and signed a challenge of ours. verified: it also checked its user.
func (r *Registry) passkeyRight(a *assertion, kept store.Passkey, p policy.Person, now time.Time) (right, verified bool, err error) {
	if a.parsed == nil || kept.Person != p.ID || p.ID == "" || !kept.Ended.IsZero() {
		return false, false, nil
	}
	said := a.parsed.Response.CollectedClientData
	w, err := r.relyingParty(said.Origin)
	if err != nil || !r.ours(said.Challenge, said.Origin, now) {
		return false, false, nil // another site's, or too late
	}
	c, err := r.record(kept)
	if err != nil {
		return false, false, err
	}
	session := webauthn.SessionData{Challenge: said.Challenge, RelyingPartyID: r.o.Passkeys.Domain, UserVerification: protocol.VerificationPreferred}
	_, _, err = w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		return holder{person: p, credentials: []webauthn.Credential{c}}, nil
	}, session, a.parsed)
	if err != nil {
		r.o.Log.Info("passkey_refused", "person", p.ID, "error", err)
		return false, false, nil
	}
	return true, a.parsed.Response.AuthenticatorData.Flags.HasUserVerified(), nil
}

// spend uses an answered challenge up; false if it was used before.
func (r *Registry) spend(challenge string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.spent, func(_ string, until time.Time) bool { return !now.Before(until) })
	if _, used := r.spent[challenge]; used {
		return false
	}
	r.spent[challenge] = now.Add(challengeLife)
	return true
}
