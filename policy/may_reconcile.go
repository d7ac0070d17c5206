package policy

import (
	"time"

	"sekimori/policy/text"
)

// LoginDoubt says why the ledger does not know a login of a target.
type LoginDoubt string

// The doubts.
const (
	LoginNoSession LoginDoubt = "no-session"    // no session and no work of the broker used the account then
	LoginElsewhere LoginDoubt = "other-address" // the account was in use then, but the login did not come from the broker
	LoginTooMany   LoginDoubt = "more-than-one" // it came from the broker's address, but the broker made fewer logins
)

var loginDoubts = map[LoginDoubt]Text{
	LoginNoSession: text.Of("その時刻の接続が台帳にない", "no session at that time"),
	LoginElsewhere: text.Of("関守と違うアドレスから", "not from the broker's address"),
	LoginTooMany:   text.Of("関守がした数より多い", "more than the broker made"),
}

// Label is the doubt as people read it.
func (d LoginDoubt) Label() Text { return text.Label(loginDoubts, d) }

// MayReconcile rules who may compare a target's record of logins with the ledger: auditors, the administrator, the information-systems
// section, and staff of the section that owns the system.
func MayReconcile(p Person, s System) Decision {
	switch {
	case p.Kind != Staff || p.Locked != nil:
		return forbid(Auditor)
	case p.Has(Auditor) || p.Has(Administrator) || p.Has(InformationSystems):
		return allow()
	case OfSection(p, s) && (p.Has(Requester) || p.Has(Approver)):
		return allow()
	}
	return forbid(Auditor)
}

// SeeLogins gives a person's sight of what these comparisons found.
func SeeLogins(p Person) Sight {
	if p.Kind == Staff && p.Locked == nil && p.Has(Administrator) {
		return Sight{All: true}
	}
	return SeeRecords(p)
}

// LoginFacts are the facts that rules on an unknown login look at.
type LoginFacts struct {
	ID        string
	Explained bool
}

// MayExplainLogin rules who may mark an unknown login as explained: an auditor. People who log in to targets do not explain their own logins.
func MayExplainLogin(p Person, f LoginFacts, _ time.Time) Decision {
	switch {
	case p.Kind != Staff || !p.Has(Auditor):
		return forbid(Auditor)
	case f.Explained:
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	}
	return allow()
}
