package policy

import (
	"slices"
	"time"
)

// EntryFacts are the facts that the rule about corrections of the ledger looks at.
type EntryFacts struct {
	Sections []string // that own the systems which the entry is about
}

// MayCorrectEntry rules who appends a correction to an entry of the ledger: the information-systems section and second approvers to any
// entry, a head to entries about systems of the head's own section. An auditor examines the record and an administrator keeps the machine:
// neither adds to it.
func MayCorrectEntry(p Person, f EntryFacts, _ time.Time) Decision {
	switch {
	case p.Kind != Staff || p.Locked != nil:
	case p.Has(InformationSystems) || p.Has(SecondApprover):
		return allow()
	case p.Has(Approver) && p.Section != "" && slices.Contains(f.Sections, p.Section):
		return allow()
	}
	return forbid(Approver)
}
