package policy

import "time"

// LongestEmergency is how long an emergency window may be, extensions included.
const LongestEmergency = 2 * time.Hour

// CanOpenEmergency rules whether the person may be one of the two who open an emergency window. first is the person id of
// who opened it first, empty for the first of the two.
func CanOpenEmergency(p Person, r Request, first string, now time.Time) Decision {
	return deny(Forbidden, nil)
}

// CanApproveAfter rules whether the person may give the later approval of an emergency (事後承認).
func CanApproveAfter(p Person, r Request, now time.Time) Decision { return deny(Forbidden, nil) }
