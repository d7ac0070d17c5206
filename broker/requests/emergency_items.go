package requests

import (
	"strings"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// emergencyItems checks everything an approval checks. The emergency's reason stands for each reason that an approval needs; an item
// that no reason can clear stops it. The backup is due at the opening, and an emergency does not override it there. Errors: *Blocked.
func (d *Desk) emergencyItems(s *store.Snap, r store.Request, sys store.System) (because map[string]string, overrides []string, err error) {
	gathered, err := d.gathered(s, r, sys)
	if err != nil {
		return nil, nil, err
	}
	// As at an approval, which comes before the start: recorder and line are checked when the post is taken and when the engineer
	// connects.
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
