package policy

import "time"

// NoticeAhead is how long before it takes effect a widening of the notice is announced (R17).
const NoticeAhead = 14 * 24 * time.Hour

// NoticeNeeds is how many people agree to a change of what is kept.
const NoticeNeeds = 2

// Kept is for how long what is collected is kept, in days; 0: for ever.
type Kept struct {
	Recordings int
	Ledger     int // payloads of entries
	Looks      int // payloads of the entries about looks
}

// KeepingChange is a proposed change of how long something is kept. The zero value does not take effect.
type KeepingChange struct {
	From, To  Kept
	Announced time.Time // when the public notice began to tell of it
	Agreed    int       // different people who agreed
}

// Widens tells whether anything is kept longer after the change than before.
func (k KeepingChange) Widens() bool {
	return longer(k.From.Recordings, k.To.Recordings) || longer(k.From.Ledger, k.To.Ledger) || longer(k.From.Looks, k.To.Looks)
}

func longer(from, to int) bool { return from != 0 && (to == 0 || to > from) }

// Earliest is the first instant at which it may take effect, once people have agreed: a widening waits, a shortening does not.
func (k KeepingChange) Earliest() time.Time {
	if k.Widens() {
		return k.Announced.Add(NoticeAhead)
	}
	return k.Announced
}

// TakesEffect tells whether it takes effect now.
func (k KeepingChange) TakesEffect(now time.Time) bool {
	return !k.Announced.IsZero() && k.Agreed >= NoticeNeeds && !now.Before(k.Earliest())
}

// MayAgreeToNotice rules whose agreement counts for a change of what is kept: auditors and the information-systems section. before are the
// people who agreed already.
func MayAgreeToNotice(p Person, before []string) Decision {
	if d := oneOf(p, Auditor, InformationSystems); !d.Allow {
		return d
	}
	for _, b := range before {
		if b == p.ID {
			return Decision{Reason: AlreadyDecided, Args: map[string]string{"request": "notice"}}
		}
	}
	return allow()
}
