package policy

import "time"

// Extension is what somebody asks for beyond the window's end.
type Extension struct {
	By      time.Duration
	Granted time.Duration // by attendants so far, on this window
	Limit   time.Duration // that attendants may grant in all: System.Delegated, or what a condition left of it
	AskedBy string        // person id
	// Deputations are those of the owning section's approvers.
	Deputations []Deputation
}

// CanExtend rules whether the person may grant the extension.
func CanExtend(p Person, w Window, s System, e Extension, now time.Time) Decision {
	return deny(Forbidden, nil)
}

// SecondNeeded lists the rules by which the request needs a second approver. Empty: one approval is enough.
func SecondNeeded(r Request) []SecondRule { return nil }
