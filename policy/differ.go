package policy

// Difference is one row of 前回との違い: what a request asks for beside what was granted last time.
type Difference struct {
	Field    string // Field… constants
	Kind     DiffKind
	Name     Text // of the field
	From, To Text // empty where there is nothing on that side
}

// DiffKind is what became of a field.
type DiffKind string

// The kinds (追加, 削減, 変更, 同じ).
const (
	DiffAdded   DiffKind = "added"
	DiffRemoved DiffKind = "removed"
	DiffChanged DiffKind = "changed"
	DiffSame    DiffKind = "same"
)

// The fields that are compared, in their order.
const (
	FieldTime        = "time"
	FieldAccounts    = "accounts"
	FieldRights      = "rights"
	FieldRoot        = "root"
	FieldSource      = "source"
	FieldEngineers   = "engineers"
	FieldTargets     = "targets"
	FieldFiles       = "files"
	FieldSubcontract = "subcontract"
)

// Differences compares a request with the last work of the same vendor on the same target. No last work: nil.
func Differences(last *Past, a Application) []Difference { return nil }
