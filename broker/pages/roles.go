package pages

import "sekimori/policy"

// ofVendor tells whether the person belongs to a vendor. Their pages are in the portal, and they are told less of why something was refused.
func ofVendor(p policy.Person) bool { return p.ID != "" && p.Kind != policy.Staff }
