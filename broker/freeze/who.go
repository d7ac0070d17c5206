package freeze

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Who may do what. A nil list is every member of staff.
var (
	// anybody: one of them alone stops.
	anybody []policy.Role
	// releasers: those whose agreement counts towards the end of a freeze or a lock.
	releasers = []policy.Role{policy.Approver, policy.SecondApprover, policy.InformationSystems}
	// keepers hold recordings by hand.
	keepers = []policy.Role{policy.Auditor, policy.InformationSystems, policy.Approver}
	// archivists: those whose agreement counts towards the release of a recording.
	archivists = []policy.Role{policy.Auditor, policy.InformationSystems}
)

func holds(p policy.Person, roles []policy.Role) bool {
	return p.Kind == policy.Staff && (roles == nil || slices.ContainsFunc(roles, p.Has))
}

// act runs an act of somebody who may do it, as they stand in the transaction. Errors: *policy.Denied.
func (f *Freezer) act(ctx context.Context, by ledger.Actor, roles []policy.Role, fn func(*store.Tx, policy.Person) error) error {
	return f.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		if !holds(p, roles) {
			role := "staff"
			if roles != nil {
				role = string(roles[len(roles)-1])
			}
			return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": role}}
		}
		return fn(tx, p)
	})
}

// longest is how much a reason may say, in characters; what is added to it later counts too.
const longest = 1000

// said is a reason as it is kept. Where it is needed an empty one is *forms.Invalid.
func said(reason string, needed bool) (string, error) {
	reason = forms.Printable(strings.TrimSpace(reason))
	switch {
	case needed && policy.Blank(reason):
		return "", invalid("reason", "required", "理由を書いてください。", "say why")
	case !needed && utf8.RuneCountInString(reason) > longest: // of a stop, which must not fail over it
		return string([]rune(reason)[:longest]), nil
	case utf8.RuneCountInString(reason) > longest:
		return "", invalid("reason", "too-long", fmt.Sprintf("理由は%d字までです。", longest), fmt.Sprintf("a reason has at most %d characters", longest))
	}
	return reason, nil
}

// added puts more behind what was said before. Nothing said is taken away.
func added(before, more string) (string, error) {
	more, err := said(more, true)
	if err != nil {
		return "", err
	}
	if before != "" {
		more = before + " / " + more
	}
	return said(more, true)
}
