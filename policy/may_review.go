package policy

import (
	"slices"
	"strings"
	"time"
)

// AuditorLoad counts the reviews of an auditor.
type AuditorLoad struct {
	Open int // not signed for good
	All  int // of the last year
}

// NameAuditor chooses the auditor of a new review: of the auditors who had no part in the work and are not locked, the one with the fewest
// open reviews, then with the fewest reviews of the last year, then with the lowest id. The same facts always give the same person. Empty:
// no auditor may review the work.
func NameAuditor(people []Person, s Subject, loads map[string]AuditorLoad, now time.Time) string {
	var may []string
	for _, p := range people {
		if MaySignReview(p, s, "", now).Allow {
			may = append(may, p.ID)
		}
	}
	if len(may) == 0 {
		return ""
	}
	return slices.MinFunc(may, func(a, b string) int {
		x, y := loads[a], loads[b]
		switch {
		case x.Open != y.Open:
			return x.Open - y.Open
		case x.All != y.All:
			return x.All - y.All
		}
		return strings.Compare(a, b)
	})
}

// MayHandOverReview rules who may hand a review over to another auditor: the auditor whose name stands on it, until it is signed for good. A
// part in the work is no obstacle: it is a cause to hand the review over.
func MayHandOverReview(p Person, s Subject, auditor string, signed bool, _ time.Time) Decision {
	switch {
	case p.Kind != Staff || p.Locked != nil || !p.Has(Auditor), p.ID == "" || auditor != p.ID:
		return forbid(Auditor)
	case signed:
		return deny(AlreadyDecided, map[string]string{"request": s.Session})
	}
	return allow()
}
