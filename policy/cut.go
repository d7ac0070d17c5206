package policy

import "sekimori/policy/text"

// CutWhy is why a person cut a session. It is asked after the cut, never before (screens §3.4).
type CutWhy string

// The causes, in the order of the menu.
const (
	CutUnexpected  CutWhy = "unexpected-operation"
	CutUnreachable CutWhy = "unreachable"
	CutWorkDone    CutWhy = "work-done"
	CutFault       CutWhy = "fault"
	CutMistake     CutWhy = "mistake"
	CutOther       CutWhy = "other"
)

// CutWhys lists them.
func CutWhys() []CutWhy {
	return []CutWhy{CutUnexpected, CutUnreachable, CutWorkDone, CutFault, CutMistake, CutOther}
}

var cutWhys = map[CutWhy]Text{
	CutUnexpected:  text.Of("予定外の操作", "Unplanned operation"),
	CutUnreachable: text.Of("連絡が取れない", "Cannot be reached"),
	CutWorkDone:    text.Of("作業終了を確認した", "Work seen to be finished"),
	CutFault:       text.Of("機器・回線の異常", "Fault of equipment or line"),
	CutMistake:     text.Of("誤って押した", "Pressed by mistake"),
	CutOther:       text.Of("その他", "Other"),
}

// Label is what the cause is called.
func (w CutWhy) Label() Text { return text.Label(cutWhys, w) }
