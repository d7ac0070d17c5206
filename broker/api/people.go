package api

import (
	"time"
)

// Fresh is the password and one-time code of an act that requires them anew.
type Fresh struct {
	Password string `json:"password"`
	Code     string `json:"code"`
}

// EnrollCodeBody asks for an enrolment code; the proof is needed for a person who is enrolled already.
type EnrollCodeBody struct {
	Fresh
	ByTwo bool `json:"by_two,omitempty"` // a second person must confirm it, whoever it is for
}

// LoginBody asks for a token.
type LoginBody struct {
	Login string `json:"login"` // login or id
	Fresh
	Label string `json:"label,omitempty"` // the person's name for the place of the token
	// Earlier is the client's previous token, expired or not. It gives no right: it tells its holder from people who guess.
	Earlier string `json:"earlier_token,omitempty"`
}

// TokenReply hands out a token, once.
type TokenReply struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires_at"`
	Person  Person    `json:"person"`
	// KeysPending is the number under which keys given at enrolment await a second person.
	KeysPending string `json:"keys_pending,omitempty"`
}

// EnrollBegin uses an enrolment code for the first time.
type EnrollBegin struct {
	Code string `json:"code"`
}

// EnrollSecret is the secret for the authenticator.
type EnrollSecret struct {
	Person  Person    `json:"person"`
	Secret  string    `json:"totp_secret"`
	URL     string    `json:"otpauth_url"`
	Expires time.Time `json:"expires_at,omitzero"`
	// Directory: the person signs in through the institution's directory. EnrollFinish takes the directory's password where it is
	// "ldap", and none where it is "oidc".
	Directory string `json:"directory,omitempty"`
}

// EnrollFinish completes an enrolment.
type EnrollFinish struct {
	Code     string   `json:"code"` // of the enrolment
	Password string   `json:"password"`
	TOTP     string   `json:"totp_code"`
	Keys     []string `json:"keys,omitempty"` // authorized_keys lines
	Label    string   `json:"label,omitempty"`
}

// Lock is a lock in force, with its author, reason and time.
type Lock struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	State  string    `json:"state,omitempty"` // locked | lift-one
	Lifts  []Lift    `json:"lifts,omitempty"` // agreements to lift it; two are needed
}

// Person is a named human being.
type Person struct {
	ID          string    `json:"id"`
	Login       string    `json:"login"`
	Kind        string    `json:"kind"`
	Name        string    `json:"name"`
	Title       string    `json:"title,omitempty"`
	Section     string    `json:"section,omitempty"`
	Vendor      string    `json:"vendor,omitempty"`
	Roles       []string  `json:"roles,omitempty"`
	Language    string    `json:"language,omitempty"`
	Phone       string    `json:"phone,omitempty"`
	Sources     []string  `json:"sources,omitempty"`
	Locked      *Lock     `json:"locked,omitempty"`
	PledgeUntil time.Time `json:"pledge_until,omitzero"`
	Keys        []Key     `json:"keys,omitempty"`
	Offers      []Offer   `json:"offers,omitempty"` // on a single person: which acts are open to the caller
}

// Key is a registered public key.
type Key struct {
	Fingerprint string    `json:"fingerprint"`
	Label       string    `json:"label,omitempty"`
	State       string    `json:"state"`
	Added       time.Time `json:"added_at"`
}

// Vendor is a company under contract.
type Vendor struct {
	ID            string    `json:"id"`
	Login         string    `json:"login,omitempty"`
	Name          string    `json:"name"`
	Phone         string    `json:"phone,omitempty"`
	ContractFrom  time.Time `json:"contract_from,omitzero"`
	ContractUntil time.Time `json:"contract_until,omitzero"`
	Prime         string    `json:"prime,omitempty"`
	PrimeApproved bool      `json:"prime_approved,omitempty"`
	Qualified     bool      `json:"qualified"`
	Unmet         string    `json:"unmet,omitempty"`
	Locked        *Lock     `json:"locked,omitempty"`
	Offers        []Offer   `json:"offers,omitempty"` // on a single vendor: which acts are open to the caller
}

// LockBody locks or unlocks.
type LockBody struct {
	Reason string `json:"reason"`
	Fresh
}

// Done is the answer to an act that leaves nothing to show.
type Done struct {
	OK bool `json:"ok"`
}

// Name is what a person is called.
type Name struct {
	ID   string `json:"id"`
	Name string `json:"name"` // with the title
}
