package store

import (
	"encoding/json"
	"time"

	"sekimori/policy"
)

// Section is an organisational unit that owns systems (所管課).
type Section struct {
	ID    string
	Name  string
	Phone string // whom people of other sides call
	Head  string // person id of the head, who approves; empty: by role alone
}

// Person is a named human being as the registry declares it. Locked and the pledges are read from
// tables of their own: PutPerson ignores them.
type Person struct {
	policy.Person
	Title    string // 職名, as the institution writes it
	Email    string
	Declared policy.Pledge // as the registry file has it
	Filed    policy.Pledge // with its copy; Person.Pledge is the one of the two that counts
}

// Vendor is a company under contract. Locked and what is on file are read from tables of their own:
// PutVendor ignores them, and writes PrimeApproved as the registry file declares it.
type Vendor struct {
	policy.Vendor
	Phone         string
	Email         string
	PrimeDeclared bool // PrimeApproved as the registry file has it; an approval on file may say otherwise
}

// System is what is maintained, with its rules.
type System struct {
	policy.System
	Note      string    // for people
	Checklist Checklist // 手順書; the zero value asks for nothing to be ticked
}

// Checklist is a system's versioned procedure that the attendant ticks by name (R10). Its order is
// compulsory: a step may be ticked once every mandatory one before it is.
type Checklist struct {
	Version int    `json:"version"` // from 1; a tick counts for the version it was made on
	Title   string `json:"title"`
	Steps   []Step `json:"steps"`
}

// Phase says when a step of a checklist is done.
type Phase string

// The phases of a checklist.
const (
	PhaseOpen  Phase = "open"  // before the start is permitted
	PhaseClose Phase = "close" // after the window's end
)

// Step is one step of a checklist.
type Step struct {
	ID        string `json:"id"` // what people type to tick it, unique in the list
	JA        string `json:"ja"`
	EN        string `json:"en"`
	Mandatory bool   `json:"mandatory"`
	Phase     Phase  `json:"phase"`
}

// Target is one host:port of a system.
type Target struct {
	policy.Target
	Note     string
	Encoding string // of its output, for who reads it: cp932, euc-jp; empty: utf-8
}

// CredentialKind says how the broker proves itself to a target.
type CredentialKind string

// The kinds of credential. The zero value is not one.
const (
	CredentialCertificate CredentialKind = "certificate" // of the broker's CA, one per session
	CredentialKey         CredentialKind = "key"         // stored private key, sealed in secrets
	CredentialPassword    CredentialKind = "password"    // stored password, sealed in secrets
)

// Account is a least-privilege login on a target, and what opens it.
type Account struct {
	policy.Account
	Credential CredentialKind
	Secret     string // name in secrets; empty for a certificate
}

// KeyState is where a registered public key stands.
type KeyState string

// The states of a key.
const (
	KeyActive    KeyState = "active"
	KeySuspended KeyState = "suspended" // re-enrolment under way
	KeyRevoked   KeyState = "revoked"
)

// Key is a public key of a person. A fingerprint is active for one person at most.
type Key struct {
	ID          int64
	Person      string
	Fingerprint string // "SHA256:…" as OpenSSH prints it
	Public      string // authorized_keys form
	Label       string
	State       KeyState
	Added       time.Time
	Changed     time.Time // last change of state
}

// TOTP is a person's second factor.
type TOTP struct {
	Person   string
	Sealed   []byte // secret, sealed by keys.Ring
	LastStep int64  // last step that was accepted; a code at or below it is a replay
}

// Token is a personal token. Only its hash is stored.
type Token struct {
	Hash     [32]byte // SHA-256 of the token
	Person   string
	Label    string
	Created  time.Time
	Expires  time.Time
	Revoked  time.Time // zero: not revoked
	LastUsed time.Time // zero: never; to the minute
}

// Valid reports whether the token opens anything at now.
func (t Token) Valid(now time.Time) bool { return t.Revoked.IsZero() && now.Before(t.Expires) }

// Enrolment is a one-time code by which a person sets password, second factor and keys.
type Enrolment struct {
	Hash    [32]byte // SHA-256 of the code
	Person  string
	By      string // who issued it
	Created time.Time
	Expires time.Time
	Tries   int       // left
	Used    time.Time // zero: not used
}

// Valid reports whether the code may still be used at now.
func (e Enrolment) Valid(now time.Time) bool {
	return e.Used.IsZero() && e.Tries > 0 && now.Before(e.Expires)
}

// ChangeState is where a change that needs a second person stands.
type ChangeState string

// The states of a pending change.
const (
	ChangePending   ChangeState = "pending"
	ChangeConfirmed ChangeState = "confirmed"
	ChangeDropped   ChangeState = "dropped"
)

// PendingChange is a change of the registry that waits for a second person to confirm it.
type PendingChange struct {
	No        int64 // allotted by AddPendingChange
	Kind      string
	Body      json.RawMessage // of whoever proposed it
	By        string
	At        time.Time
	State     ChangeState
	SettledBy string
	SettledAt time.Time
}

// Pledge is an engineer's undertaking as filed (R9).
type Pledge struct {
	policy.Pledge
	Person  string
	FiledBy string
	SHA256  string // hex, of the copy; empty: none kept
}
