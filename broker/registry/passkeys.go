package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// PasskeyUse says what a passkey proves.
type PasskeyUse string

// The uses. The zero value is PasskeysOff.
const (
	PasskeysOff    PasskeyUse = "off"
	PasskeysSecond PasskeyUse = "second" // the second factor, beside the password
	// PasskeysOnly: a passkey that checked its user (PIN, finger, face) is both factors. A person of the directory still signs in
	// through the directory, because it alone knows who has left the institution.
	PasskeysOnly PasskeyUse = "only"
)

// PasskeyOptions are the institution's settings.
type PasskeyOptions struct {
	Use    PasskeyUse
	Domain string // host name of the pages; passkeys are made for it, and work under no other
}

// PasskeysAt tells whether passkeys work on pages of this origin ("https://gate.city.example:8443"). Browsers want https with a
// certificate that they trust, or this machine itself.
func (r *Registry) PasskeysAt(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || r.o.Passkeys.Use == PasskeysOff || r.o.Passkeys.Use == "" || r.o.Passkeys.Domain == "" {
		return false
	}
	return u.Hostname() == r.o.Passkeys.Domain && (u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost")
}

// PasskeyUse is the institution's setting.
func (r *Registry) PasskeyUse() PasskeyUse { return r.o.Passkeys.Use }

// PasskeyDomain is the host name for which passkeys are made.
func (r *Registry) PasskeyDomain() string { return r.o.Passkeys.Domain }

func (r *Registry) relyingParty(origin string) (*webauthn.WebAuthn, error) {
	if !r.PasskeysAt(origin) {
		return nil, passkeysNotHere(r.o.Passkeys.Domain)
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: r.o.Passkeys.Domain, RPDisplayName: r.o.Issuer, RPOrigins: []string{origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationPreferred,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("prepare passkeys: %w", err)
	}
	return w, nil
}

func passkeysNotHere(domain string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: "passkey", Code: "passkeys-not-here",
		JA: "パスキーはここでは使えません。信頼された証明書のある https://" + domain + " で開いてください。",
		EN: "passkeys do not work here: open https://" + domain + ", with a certificate that the browser trusts"}}}
}

// holder is a person as the WebAuthn library wants one. The user handle is the person's id: it stays on the authenticator, and says
// nothing about the person.
type holder struct {
	person      policy.Person
	credentials []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.person.ID) }
func (h holder) WebAuthnName() string                       { return h.person.Login }
func (h holder) WebAuthnDisplayName() string                { return h.person.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

// adding is a passkey whose making began.
type adding struct {
	session webauthn.SessionData
	origin  string
	until   time.Time
}

func passkeyPurpose(person, id string) string { return "passkey:" + person + ":" + id }

// record reads what is kept of a passkey.
func (r *Registry) record(p store.Passkey) (webauthn.Credential, error) {
	var c webauthn.Credential
	plain, err := r.o.Keys.Unseal(passkeyPurpose(p.Person, p.ID), p.Sealed)
	if err == nil {
		err = json.Unmarshal(plain, &c)
	}
	if err != nil {
		return c, fmt.Errorf("unseal passkey of %s: %w", p.Person, err)
	}
	c.Authenticator.SignCount = p.Uses
	return c, nil
}

// BeginPasskey gives the options with which the person's browser makes a passkey, as JSON. The caller has proved the person afresh.
// Beginning again replaces it. Errors: *policy.Denied, *forms.Invalid passkeys-not-here.
func (r *Registry) BeginPasskey(ctx context.Context, origin string, by ledger.Actor) ([]byte, error) {
	w, err := r.relyingParty(origin)
	if err != nil {
		return nil, err
	}
	var who holder
	var now time.Time
	var have []protocol.CredentialDescriptor
	err = r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		now = s.Now
		if who.person, err = s.ActingPerson(by); err != nil {
			return err
		}
		if err := stillEnrolled(s, who.person.ID); err != nil {
			return err
		}
		keys, err := s.Passkeys(who.person.ID)
		for _, k := range keys {
			if id, wrong := base64.RawURLEncoding.DecodeString(k.ID); wrong == nil && k.Ended.IsZero() {
				have = append(have, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id})
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	options, session, err := w.BeginRegistration(who, webauthn.WithExclusions(have))
	if err != nil {
		return nil, fmt.Errorf("begin a passkey: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.adding, func(_ string, a adding) bool { return !now.Before(a.until) })
	r.adding[who.person.ID] = adding{*session, origin, now.Add(beginLife)}
	return json.Marshal(options.Response)
}

// longestPasskey bounds what a browser sends about a passkey.
const longestPasskey = 64 << 10

// FinishPasskey stores the passkey that the browser made, and gives its id. It ends no token: a further factor takes nothing away.
// Errors: *policy.Denied, *forms.Invalid enrolment-not-begun, bad-passkey, passkey-known.
func (r *Registry) FinishPasskey(ctx context.Context, response, label string, by ledger.Actor) (string, error) {
	label, err := cleanLabel(label)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	a, begun := r.adding[by.ID]
	delete(r.adding, by.ID) // a challenge is answered once
	r.mu.Unlock()
	p, err := r.Find(ctx, by.ID)
	if err != nil {
		return "", err
	}
	w, err := r.relyingParty(a.origin)
	if begun && err != nil {
		return "", err
	}
	var parsed *protocol.ParsedCredentialCreationData
	if len(response) <= longestPasskey {
		parsed, err = protocol.ParseCredentialCreationResponseBytes([]byte(response))
	}
	if !begun {
		return "", notBegun()
	}
	if err != nil || parsed == nil {
		return "", badPasskey()
	}
	made, err := w.CreateCredential(holder{person: p}, a.session, parsed)
	if err != nil {
		r.o.Log.Info("passkey_refused", "person", p.ID, "error", err)
		return "", badPasskey()
	}
	made.Attestation = webauthn.CredentialAttestation{} // the maker of the authenticator is not asked for
	plain, err := json.Marshal(made)
	if err != nil {
		return "", err
	}
	id := base64.RawURLEncoding.EncodeToString(made.ID)
	sealed, err := r.o.Keys.Seal(passkeyPurpose(p.ID, id), plain)
	if err != nil {
		return "", fmt.Errorf("seal passkey: %w", err)
	}
	err = r.o.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.ActingPerson(by); err != nil {
			return err
		}
		if !tx.Now.Before(a.until) {
			return notBegun()
		}
		if err := stillEnrolled(tx.Snap, p.ID); err != nil {
			return err
		}
		err := tx.AddPasskey(store.Passkey{ID: id, Person: p.ID, Label: label, Sealed: sealed, Uses: made.Authenticator.SignCount})
		switch {
		case errors.Is(err, store.ErrExists):
			return &forms.Invalid{Problems: []forms.Problem{{Field: "passkey", Code: "passkey-known",
				JA: "このパスキーはすでに登録されています。", EN: "this passkey is registered already"}}}
		case err != nil:
			return fmt.Errorf("store passkey: %w", err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "passkey.added", Actor: by, Subjects: []string{p.ID}, Payload: map[string]any{"person": p.ID, "passkey": id, "label": label}})
		return err
	})
	return id, err
}

func badPasskey() error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: "passkey", Code: "bad-passkey",
		JA: "パスキーを登録できませんでした。もう一度お試しください。", EN: "the passkey could not be registered: try again"}}}
}

// Passkeys lists a person's passkeys. AddKey says for which persons the actor may ask.
func (r *Registry) Passkeys(ctx context.Context, person string, by ledger.Actor) ([]store.Passkey, error) {
	var keys []store.Passkey
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		p, err := find(s, person)
		if err != nil {
			return err
		}
		if err := mayKeepCredentials(s, p.ID, by); err != nil {
			return err
		}
		keys, err = s.Passkeys(p.ID)
		return err
	})
	return keys, err
}

// EndPasskey takes a passkey away for good, at once, and ends the person's tokens, which it may have opened; token is the caller's own,
// which stays where the passkey is theirs. A person may end their own; an administrator or the information-systems section may end every
// person's. It needs no second person. Error: store.ErrNotFound.
func (r *Registry) EndPasskey(ctx context.Context, person, id, reason, token string, by ledger.Actor) error {
	reason, err := cleanText("reason", reason, longestReason)
	if err != nil {
		return err
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := find(tx.Snap, person)
		if err != nil {
			return err
		}
		if err := mayKeepCredentials(tx.Snap, p.ID, by); err != nil {
			return err
		}
		if err := tx.EndPasskey(p.ID, id); err != nil {
			return fmt.Errorf("passkey of %s: %w", p.ID, err)
		}
		if hash, err := tokenHash(token); p.ID == by.ID && err == nil {
			err = tx.RevokeOtherTokens(p.ID, hash)
			if err != nil {
				return fmt.Errorf("revoke tokens: %w", err)
			}
		} else if err := tx.RevokeTokens(p.ID); err != nil {
			return fmt.Errorf("revoke tokens: %w", err)
		}
		_, err = tx.Append(ledger.Draft{Kind: "passkey.ended", Actor: by, Subjects: []string{p.ID}, Payload: map[string]any{"person": p.ID, "passkey": id, "reason": reason}})
		return err
	})
}
