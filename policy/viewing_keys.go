package policy

import (
	"time"

	"sekimori/policy/text"
)

// ViewingKeyState is the state of one of the broker's viewing keys, which open the output of recordings.
type ViewingKeyState string

// The states. A change takes two people: one begins it, another confirms it or takes it back.
const (
	ViewingKeyNext      ViewingKeyState = "next"      // new recordings are sealed to it and to the current one
	ViewingKeyCurrent   ViewingKeyState = "current"   // new recordings are sealed to it
	ViewingKeyFormer    ViewingKeyState = "former"    // it opens older recordings only
	ViewingKeyWithdrawn ViewingKeyState = "withdrawn" // taken back before it was confirmed
	ViewingKeyDestroyed ViewingKeyState = "destroyed"
)

var viewingKeyStates = map[ViewingKeyState]Text{
	ViewingKeyNext: text.Of("交代中(新旧の両方で封じる)", "next (new recordings are sealed to both)"), ViewingKeyCurrent: text.Of("使用中", "in use"),
	ViewingKeyFormer: text.Of("以前の操作記録だけ", "for older recordings only"), ViewingKeyWithdrawn: text.Of("取りやめ", "withdrawn"),
	ViewingKeyDestroyed: text.Of("破棄済み", "destroyed"),
}

// Label is the state as people read it.
func (s ViewingKeyState) Label() Text { return text.Label(viewingKeyStates, s) }

// ViewingKeyFacts are what rules about a viewing key look at. The zero value denies.
type ViewingKeyFacts struct {
	Number  string
	State   ViewingKeyState
	BegunBy string // the person who began the change to this key
	Another bool   // a change to another key is under way
}

// MayReplaceViewingKey rules who may begin to replace the viewing key in use: the administrator. Until another person confirms it the
// key in use still opens every new recording.
func MayReplaceViewingKey(p Person, f ViewingKeyFacts, _ time.Time) Decision {
	if d := oneOf(p, Administrator); !d.Allow {
		return d
	}
	if f.State != ViewingKeyCurrent || f.Another {
		return deny(AlreadyDecided, map[string]string{"request": f.Number})
	}
	return allow()
}

// MayConfirmViewingKey rules who may make the next key the only one for new recordings: the information-systems section, another
// person than the one who began.
func MayConfirmViewingKey(p Person, f ViewingKeyFacts, _ time.Time) Decision {
	d := oneOf(p, InformationSystems)
	switch {
	case !d.Allow:
		return d
	case f.State != ViewingKeyNext:
		return deny(AlreadyDecided, map[string]string{"request": f.Number})
	case f.BegunBy == "" || p.ID == f.BegunBy:
		return deny(SelfApproval, map[string]string{"request": f.Number})
	}
	return allow()
}

// MayRollBackViewingKey rules who may take a change back before it is confirmed: the administrator, and the information-systems section.
func MayRollBackViewingKey(p Person, f ViewingKeyFacts, _ time.Time) Decision {
	if d := oneOf(p, Administrator, InformationSystems); !d.Allow {
		return d
	}
	if f.State != ViewingKeyNext {
		return deny(AlreadyDecided, map[string]string{"request": f.Number})
	}
	return allow()
}

// SeesViewingKeys rules who sees the viewing keys and the further recipients of recordings.
func SeesViewingKeys(p Person) Decision {
	return oneOf(p, Administrator, Auditor, InformationSystems)
}

// AccessState is the state of a further recipient's access to recordings that were made before.
type AccessState string

// The states of an access.
const (
	AccessAsked   AccessState = "asked"
	AccessGiven   AccessState = "given"
	AccessRefused AccessState = "refused"
	AccessEnded   AccessState = "ended"
)

var accessStates = map[AccessState]Text{
	AccessAsked: text.Of("確認待ち", "awaits a second person"), AccessGiven: text.Of("有効", "given"), AccessRefused: text.Of("不許可", "refused"), AccessEnded: text.Of("終了", "ended"),
}

// Label is the state as people read it.
func (s AccessState) Label() Text { return text.Label(accessStates, s) }

// AccessFacts are what rules about an access look at. The zero value denies.
type AccessFacts struct {
	ID      string
	State   AccessState
	AskedBy string
}

// MayAskAccess rules who may ask that an auditor's new key opens recordings: auditors, the administrator, the information-systems section.
func MayAskAccess(p Person) Decision { return oneOf(p, Administrator, InformationSystems, Auditor) }

// MayGiveAccess rules who may give it: the information-systems section, another person than the one who asked.
func MayGiveAccess(p Person, f AccessFacts, _ time.Time) Decision {
	d := oneOf(p, InformationSystems)
	switch {
	case !d.Allow:
		return d
	case f.State != AccessAsked:
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	case f.AskedBy == "" || p.ID == f.AskedBy:
		return deny(SelfApproval, map[string]string{"request": f.ID})
	}
	return allow()
}

// MayRefuseAccess rules who may drop what was asked: the person who asked, and the information-systems section.
func MayRefuseAccess(p Person, f AccessFacts, _ time.Time) Decision {
	if d := oneOf(p, InformationSystems); !d.Allow && (p.ID == "" || p.ID != f.AskedBy) {
		return d
	}
	if f.State != AccessAsked {
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	}
	return allow()
}

// MayEndAccess rules who may take an access away: auditors, the administrator, the information-systems section. One person is enough.
func MayEndAccess(p Person, f AccessFacts, _ time.Time) Decision {
	if d := oneOf(p, Administrator, Auditor, InformationSystems); !d.Allow {
		return d
	}
	if f.State != AccessGiven {
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	}
	return allow()
}
