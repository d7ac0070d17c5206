package policy

import "time"

// CheckItem is one of the eleven items that an approver confirms (確認事項), as computed.
type CheckItem struct {
	No    int    // 1 to 11; the order never changes, so that the eye learns it
	Code  string // Item… constants
	State ItemState
	Cause Text // what was found
	Fix   Text // what to do about it; empty when met
	// Reason and Args are what stops a start while the item is unmet; empty otherwise.
	Reason Reason
	Args   map[string]string
	// Overridable: unmet, but somebody may go on with a reason, which is ledgered.
	Overridable bool
	// Overrides are the codes that such a reason puts on the window (Override… constants).
	Overrides []string
}

// ItemState is how an item came out.
type ItemState string

// The states. The zero value is none of them and counts as unmet.
const (
	ItemMet     ItemState = "met"
	ItemCaution ItemState = "caution" // goes on with a reason
	ItemUnmet   ItemState = "unmet"
)

// The codes of the items, in their order.
const (
	ItemPledge           = "pledge"
	ItemCertification    = "certification"
	ItemContract         = "contract"
	ItemSubcontract      = "subcontract"
	ItemBackup           = "backup"
	ItemRights           = "rights"
	ItemIndividualNumber = "individual-number"
	ItemFiles            = "files"
	ItemLine             = "line"
	ItemAttendant        = "attendant"
	ItemSchedule         = "schedule"
)

// What Window.Overrides may hold.
const (
	OverrideBackup   = "backup"    // a backup that is missing, failed or too old
	OverrideFollowUp = "follow-up" // the follow-up of an emergency is missing
	OverrideReviews  = "reviews"   // reviews are overdue
)

// Check computes the eleven items in their order. It is the same code at submission, at decision, at the opening, at the
// permission to start and during the session.
func Check(a Application, now time.Time) []CheckItem { return nil }

// Blocks lists the items that stop an approval: those unmet, unless overridable and with a reason, and cautions
// without a reason. because maps the item's code, or every one of its override codes, to the reason.
func Blocks(items []CheckItem, because map[string]string) []CheckItem { return items }

// Overrides lists the codes that the reasons put on the window. opening: given when the window opens or at the permission
// to start; a reason given at the approval does not speak for the backup that is due only then.
func Overrides(items []CheckItem, because map[string]string, opening bool) []string { return nil }

// ItemName is the name of a check item.
func ItemName(code string) Text { return Text{} }
