package policy

import "time"

// Patience tells how long the attendant may not be heard of before the engineer's input is held back, and before
// the session is cut (R4).
func (s System) Patience() (pause, cut time.Duration) { return patience(&s) }
