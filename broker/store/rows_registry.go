package store

import (
	"encoding/json"
	"time"

	"sekimori/broker/rules"
	"sekimori/policy"
)

// Section is an organisational unit that owns systems (所管課).
type Section struct {
	ID    string
	Name  string
	Phone string // for callers of other organisations
	Head  string // person id of the head, who approves; empty: by role alone
	Email string // mailbox of the section's desk, which alarms go to; empty: to its people
}

// Person is a named human being as the registry declares it. Locked and the pledges come from
// tables of their own: PutPerson ignores them.
type Person struct {
	policy.Person
	Title  string // 職名, as the institution writes it
	Email  string
	SignIn SignIn // who checks the person's first factor
	// DirectoryName is the person's name at the institution's directory; empty: the login.
	DirectoryName string
	Declared      policy.Pledge // as the registry file declares it
	Filed         policy.Pledge // with its copy; Person.Pledge is whichever of the two counts
}

// SignIn says who checks a person's first factor.
type SignIn string

// The ways. A person of the directory has no password here.
const (
	SignInLocal     SignIn = ""          // the broker, by a password of its own
	SignInDirectory SignIn = "directory" // the institution's directory
)

// NameAtDirectory is the name under which the directory is asked for the person.
func (p Person) NameAtDirectory() string {
	if p.DirectoryName != "" {
		return p.DirectoryName
	}
	return p.Login
}

// Vendor is a company under contract. Locked and the papers on file come from tables of their own:
// PutVendor ignores them, and writes PrimeApproved as the registry file declares it.
type Vendor struct {
	policy.Vendor
	Phone         string
	Email         string
	PrimeDeclared bool // PrimeApproved as the registry file declares it; an approval on file may differ
}

// A system with its rules, as broker/rules defines them.
type (
	System    = rules.System
	Checklist = rules.Checklist
	Step      = rules.Step
	Phase     = rules.Phase
)

// The phases of a checklist, as broker/rules defines them.
const (
	PhaseOpen  = rules.PhaseOpen
	PhaseClose = rules.PhaseClose
)

// Target is one host:port of a system.
type Target struct {
	policy.Target
	Note     string
	Encoding string // of its output, for display: cp932, euc-jp; empty: utf-8
	// Steward is how the broker looks after accounts there: the absolute path of a program on the broker's host, or the login of the
	// administrative connection. Empty: it does not.
	Steward string
	// Egress lists where the target may connect to during a window, as host:port or prefix:port; port * is any.
	Egress []string
}

// CredentialKind says how the broker proves itself to a target.
type CredentialKind string

// The kinds of credential. The zero value is not one.
const (
	CredentialCertificate CredentialKind = "certificate" // of the broker's CA, one per session
	CredentialKey         CredentialKind = "key"         // stored private key, sealed in secrets
	CredentialPassword    CredentialKind = "password"    // stored password, sealed in secrets
	// CredentialRole is the password of a database role, sealed in secrets. The target's program uses it; no login of the broker does.
	CredentialRole CredentialKind = "role-password"
)

// Account is a least-privilege login on a target, with the credential that opens it.
type Account struct {
	policy.Account
	Credential CredentialKind
	Secret     string   // name in secrets; empty for a certificate
	Groups     []string // that the target's steward gives it for a session
	Probe      []string // things that it must not be able to read, as the target's steward knows them (R7)
	// RolePassword: the broker keeps the password of the database role that has the account's login as its name, and changes it by rule.
	RolePassword bool
}

// KeyState is the state of a registered public key.
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

// Valid reports whether the token may still be used at now.
func (t Token) Valid(now time.Time) bool { return t.Revoked.IsZero() && now.Before(t.Expires) }

// Enrolment is a one-time code by which a person sets password, second factor and keys.
type Enrolment struct {
	Hash    [32]byte // SHA-256 of the code
	Person  string
	By      string // the issuer
	Created time.Time
	Expires time.Time
	Tries   int       // left
	Used    time.Time // zero: not used
}

// Valid reports whether the code may still be used at now.
func (e Enrolment) Valid(now time.Time) bool {
	return e.Used.IsZero() && e.Tries > 0 && now.Before(e.Expires)
}

// ChangeState is the state of a change that needs a second person.
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
	Body      json.RawMessage // its form belongs to the package that proposed it
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
