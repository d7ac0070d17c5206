package policy

import (
	"slices"
	"time"
)

// CheckItem is one of the eleven items that an approver confirms (確認事項), as computed.
type CheckItem struct {
	No    int    // 1 to 11; the order never changes, so that readers learn it
	Code  string // Item… constants
	State ItemState
	Cause Text // what was found
	Fix   Text // what to do about it; empty when met
	// Reason and Args say why an unmet item stops a start; empty otherwise.
	Reason Reason
	Args   map[string]string
	// Overridable: the item is unmet, but an authorised person may go on with a reason, which is ledgered.
	Overridable bool
	// Overrides are the codes that such a reason puts on the window (Override… constants).
	Overrides []string

	cautioned bool // part of it calls for a reason of its own, beside the unmet part
}

// ItemState is the result of an item.
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

// The values of Window.Overrides.
const (
	OverrideBackup   = "backup"    // a backup that is missing, failed or too old
	OverrideFollowUp = "follow-up" // the follow-up of an emergency is missing
	OverrideReviews  = "reviews"   // reviews are overdue
)

// Check computes the eleven items in their order. The same code runs at submission, decision, opening and permission to start, and
// during the session. A missing fact counts against the application.
func Check(a Application, now time.Time) []CheckItem {
	rows := []struct {
		code string
		look func(*Application, *finding, time.Time)
	}{
		{ItemPledge, lookPledge},
		{ItemCertification, lookCertification},
		{ItemContract, lookContract},
		{ItemSubcontract, lookSubcontract},
		{ItemBackup, lookBackup},
		{ItemRights, lookRights},
		{ItemIndividualNumber, lookIndividualNumber},
		{ItemFiles, lookFiles},
		{ItemLine, lookLine},
		{ItemAttendant, lookAttendant},
		{ItemSchedule, lookSchedule},
	}
	items := make([]CheckItem, 0, len(rows))
	for i, row := range rows {
		var f finding
		row.look(&a, &f, now)
		items = append(items, f.item(i+1, row.code))
	}
	return items
}

// Blocks lists the items that stop an approval: unmet ones, unless they are overridable and have a reason; and cautions without a
// reason. because maps an item's code, or every one of its override codes, to the reason.
func Blocks(items []CheckItem, because map[string]string) []CheckItem {
	var stop []CheckItem
	for _, item := range items {
		switch {
		case item.State == ItemMet:
		case item.State == ItemCaution && clean(because[item.Code]) != "":
		case item.State == ItemUnmet && item.Overridable && item.answered(because):
		default:
			stop = append(stop, item)
		}
	}
	return stop
}

// Stops lists the items that stop the opening of a window, the permission to start, or work under way: unmet ones, unless the window
// holds every override that the item calls for. Cautions were answered at the approval.
func Stops(items []CheckItem, overrides []string) []CheckItem {
	var stop []CheckItem
	for _, item := range items {
		if item.State == ItemMet || item.State == ItemCaution || item.State == ItemUnmet && item.overridden(overrides) {
			continue
		}
		stop = append(stop, item)
	}
	return stop
}

// Overrides lists the codes that the reasons put on the window. opening: the reasons are given when the window opens or at the
// permission to start. A reason given at the approval does not override the backup, which is due only then.
func Overrides(items []CheckItem, because map[string]string, opening bool) []string {
	var codes []string
	for _, item := range items {
		if item.State != ItemUnmet || !item.Overridable || !item.answered(because) {
			continue
		}
		for _, code := range item.Overrides {
			if opening || code != OverrideBackup {
				codes = append(codes, code)
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Err is the refusal of an unmet item; nil for one that is met or only calls for a reason.
func (i CheckItem) Err() error {
	switch {
	case i.State == ItemMet, i.State == ItemCaution:
		return nil
	case i.Reason == "":
		return &Denied{Reason: Forbidden}
	}
	return &Denied{Reason: i.Reason, Args: i.Args}
}

// answered tells whether reasons cover an overridable item. One reason for the whole item does; so does one for each unmet part, if
// nothing else about the item calls for a reason.
func (i *CheckItem) answered(because map[string]string) bool {
	if clean(because[i.Code]) != "" {
		return true
	}
	return len(i.Overrides) > 0 && !i.cautioned &&
		!slices.ContainsFunc(i.Overrides, func(code string) bool { return clean(because[code]) == "" })
}

func (i *CheckItem) overridden(overrides []string) bool {
	return i.Overridable && len(i.Overrides) > 0 &&
		!slices.ContainsFunc(i.Overrides, func(code string) bool { return !slices.Contains(overrides, code) })
}

// finding collects the findings of one item. An empty one counts as met.
type finding struct {
	met, caution, unmet Text // sentences joined
	fix                 Text
	reason              Reason
	args                map[string]string
	hard                bool // something unmet cannot be overridden
	overrides           []string
}

// fine notes a fact that is in order.
func (f *finding) fine(what Text) { f.met = join(f.met, what) }

// careful notes a fact that calls for a reason.
func (f *finding) careful(what, fix Text) {
	f.caution, f.fix = join(f.caution, what), join(f.fix, fix)
}

// bad notes a fault that must be put right. The first one gives the reason.
func (f *finding) bad(r Reason, args map[string]string, what, fix Text) {
	f.unmet, f.fix = join(f.unmet, what), join(f.fix, fix)
	if !f.hard {
		f.reason, f.args, f.hard = r, args, true
	}
}

// soft notes a fault that must be put right or overridden with a reason.
func (f *finding) soft(r Reason, args map[string]string, override string, what, fix Text) {
	f.unmet, f.fix = join(f.unmet, what), join(f.fix, fix)
	if f.reason == "" {
		f.reason, f.args = r, args
	}
	f.overrides = append(f.overrides, override)
}

func (f *finding) item(no int, code string) CheckItem {
	i := CheckItem{No: no, Code: code, State: ItemMet, Cause: f.met}
	if f.caution.JA != "" {
		i.State, i.Cause, i.Fix = ItemCaution, f.caution, f.fix
	}
	if f.unmet.JA != "" {
		i.State, i.Cause, i.Fix, i.cautioned = ItemUnmet, join(f.unmet, f.caution), f.fix, f.caution.JA != ""
		i.Reason, i.Args, i.Overridable, i.Overrides = f.reason, f.args, !f.hard, f.overrides
	}
	return i
}
