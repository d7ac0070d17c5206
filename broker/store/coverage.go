package store

import "sekimori/broker/ledger"

// Covered says how much of a session's recording each person was sent, from the entries about looks at it.
func (s *Snap) Covered(session string) (ledger.Coverage, error) {
	return ledger.Cover(session, s.Entries(EntryFilter{Kind: "recording.*", Subject: session}))
}
