package api

import (
	"time"
)

// KeyBody registers a public key: one's own, or a named person's.
type KeyBody struct {
	Person string `json:"person,omitempty"` // id or login; empty: the caller
	Key    string `json:"key"`              // authorized_keys line, without options
	Fresh
}

// KeyAdded is the result of registering a key.
type KeyAdded struct {
	Fingerprint string `json:"fingerprint"`
	// Pending is the number under which the key awaits a second person; empty: it works.
	Pending string `json:"pending,omitempty"`
}

// KeyRevokeBody takes a key away for good.
type KeyRevokeBody struct {
	Person      string `json:"person,omitempty"`
	Fingerprint string `json:"fingerprint"`
	Reason      string `json:"reason"`
}

// Passkey is a passkey of a person. Passkeys are made in a browser.
type Passkey struct {
	ID       string    `json:"passkey"`
	Person   string    `json:"person"`
	Label    string    `json:"label,omitempty"`
	State    string    `json:"state"` // active | revoked
	Added    time.Time `json:"added_at"`
	LastUsed time.Time `json:"last_used_at,omitzero"`
	Ended    time.Time `json:"ended_at,omitzero"`
}

// PasskeyEndBody takes a passkey away for good.
type PasskeyEndBody struct {
	Person  string `json:"person,omitempty"` // id or login; empty: the caller
	Passkey string `json:"passkey"`
	Reason  string `json:"reason"`
}

// PasswordBody changes one's own password. Fresh holds the old one.
type PasswordBody struct {
	New string `json:"new_password"`
	Fresh
}

// FactorBody begins the renewal of one's own second factor. Fresh holds a code of the old one.
type FactorBody struct{ Fresh }

// FactorSecret is the secret for the authenticator. The old one is valid until this one is proved.
type FactorSecret struct {
	Secret  string    `json:"totp_secret"`
	URL     string    `json:"otpauth_url"`
	Expires time.Time `json:"expires_at"`
}

// FactorProof proves the new second factor.
type FactorProof struct {
	Code string `json:"code"`
}
