package web

import (
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// The types of api_*.go are the JSON that commands and scripts rely on: field names are kept,
// times are RFC 3339 in the institution's zone, what is unknown is left out.

// Fresh is the password and one-time code given with an act that asks for them anew.
type Fresh struct {
	Password string `json:"password"`
	Code     string `json:"code"`
}

// EnrollCodeBody asks for an enrolment code; the proof is needed for a person who is enrolled already.
type EnrollCodeBody struct {
	Fresh
	ByTwo bool `json:"by_two,omitempty"` // it waits for a second person, whoever it is for
}

// LoginBody asks for a token.
type LoginBody struct {
	Login string `json:"login"` // login or id
	Fresh
	Label string `json:"label,omitempty"` // what the person calls the place of the token
	// Earlier is the token that the client had before, expired or not. It opens nothing: it tells who held it from those who guess.
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

// EnrollBegin shows an enrolment code for the first time.
type EnrollBegin struct {
	Code string `json:"code"`
}

// EnrollSecret is what the person puts into the authenticator.
type EnrollSecret struct {
	Person  Person    `json:"person"`
	Secret  string    `json:"totp_secret"`
	URL     string    `json:"otpauth_url"`
	Expires time.Time `json:"expires_at,omitzero"`
}

// EnrollFinish completes an enrolment.
type EnrollFinish struct {
	Code     string   `json:"code"` // of the enrolment
	Password string   `json:"password"`
	TOTP     string   `json:"totp_code"`
	Keys     []string `json:"keys,omitempty"` // authorized_keys lines
	Label    string   `json:"label,omitempty"`
}

// Lock tells who stopped whom, why and since when.
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
}

// LockBody locks or unlocks.
type LockBody struct {
	Reason string `json:"reason"`
	Fresh
}

func viewLock(l *policy.Lock, z *time.Location) *Lock {
	if l == nil {
		return nil
	}
	return &Lock{By: l.By, Reason: l.Reason, Since: at(l.Since, z)}
}

// at puts a time into the institution's zone and leaves "unknown" alone.
func at(t time.Time, z *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(z)
}

func viewPerson(p store.Person, z *time.Location) Person {
	out := Person{
		ID: p.ID, Login: p.Login, Kind: string(p.Kind), Name: p.Name, Title: p.Title, Section: p.Section, Vendor: p.Vendor,
		Language: p.Lang, Phone: p.Phone, Locked: viewLock(p.Locked, z), PledgeUntil: at(p.Pledge.Until, z),
	}
	for _, r := range p.Roles {
		out.Roles = append(out.Roles, string(r))
	}
	for _, s := range p.Sources {
		out.Sources = append(out.Sources, s.String())
	}
	return out
}

func viewKey(k store.Key, z *time.Location) Key {
	return Key{Fingerprint: k.Fingerprint, Label: k.Label, State: string(k.State), Added: at(k.Added, z)}
}

func viewVendor(v store.Vendor, z *time.Location) Vendor {
	return Vendor{
		ID: v.ID, Login: v.Login, Name: v.Name, Phone: v.Phone,
		ContractFrom: at(v.ContractFrom, z), ContractUntil: at(v.ContractUntil, z),
		Prime: v.Prime, PrimeApproved: v.PrimeApproved, Qualified: v.Qualified, Unmet: v.Unmet, Locked: viewLock(v.Locked, z),
	}
}
