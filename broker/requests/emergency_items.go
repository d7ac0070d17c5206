package requests

import (
	"strings"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// emergencyItems looks at everything that an approval would have looked at. Where an approval wants a reason, the emergency's
// is the reason; what no reason helps with, stops it. The backup is due at the opening, and no emergency speaks for it
// there. Errors: *Blocked.
func (d *Desk) emergencyItems(s *store.Snap, r store.Request, sys store.System) (because map[string]string, overrides []string, err error) {
	gathered, err := d.gathered(s, r, sys)
	if err != nil {
		return nil, nil, err
	}
	// As at an approval, which comes before the start: recorder and line are asked for when the post is taken and when the
	// engineer connects.
	items := policy.Check(gathered, r.Start.Add(-time.Millisecond))
	given := map[string]string{}
	for _, item := range items {
		if item.State == policy.ItemMet {
			continue
		}
		given[item.Code] = strings.TrimSpace(r.Body.Emergency.Reason)
		for _, code := range item.Overrides {
			given[code] = given[item.Code]
		}
	}
	return acceptable(r.No, items, given)
}
