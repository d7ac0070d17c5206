package api

import (
	"slices"

	"sekimori/policy/text"
)

// Pick is a reason why the work of a window stands out in the queue of reviews (screens §3.7).
type Pick string

// The reasons. Those at the end come from the recording, some minutes after the session.
const (
	PickFirst      Pick = "rv-first-visit"
	PickWider      Pick = "rv-wider-rights"
	PickNumber     Pick = "rv-individual-number"
	PickFiles      Pick = "rv-file-exchange"
	PickOffHours   Pick = "rv-off-hours"
	PickExtended   Pick = "rv-extended"
	PickCut        Pick = "rv-cut"
	PickGap        Pick = "rv-recording-gap"
	PickUrgent     Pick = "rv-urgent"
	PickEmergency  Pick = "rv-emergency"
	PickDeputy     Pick = "rv-deputy"
	PickLateReport Pick = "rv-late-report"
	PickFollowUp   Pick = "rv-follow-up"
	PickMasked     Pick = "rv-number-masked"
	PickRuled      Pick = "rv-live-rule"
	PickReconcile  Pick = "rv-reconcile"
	PickRandom     Pick = "rv-random"

	// From recordings:
	PickNewCommand Pick = "rv-new-command"
	PickMoreOutput Pick = "rv-more-output"
	PickOffScope   Pick = "rv-off-scope-table"
	PickIdleBurst  Pick = "rv-idle-burst"
	PickCopied     Pick = "rv-copied-file"
)

var picks = map[Pick]text.Text{
	PickFirst:      text.Of("初めての保守要員", "first visit of the engineer"),
	PickWider:      text.Of("権限が前回より広い", "wider rights than last time"),
	PickNumber:     text.Of("個人番号が見える権限", "rights that show individual numbers"),
	PickFiles:      text.Of("ファイル授受あり", "files exchanged"),
	PickOffHours:   text.Of("時間外", "outside office hours"),
	PickExtended:   text.Of("延長あり", "extended"),
	PickCut:        text.Of("強制切断・異常終了", "cut or abnormal end"),
	PickGap:        text.Of("記録に欠け", "gap in the recording"),
	PickUrgent:     text.Of("至急の申請", "urgent request"),
	PickEmergency:  text.Of("緊急利用", "emergency"),
	PickDeputy:     text.Of("代決", "decided by a deputy"),
	PickLateReport: text.Of("作業報告の遅れ", "late work report"),
	PickMasked:     text.Of("番号を伏せた", "numbers were masked"),
	PickRuled:      text.Of("命令の決まりに当たった", "a live rule had an effect"),
	PickReconcile:  text.Of("突合の相違", "a login that the ledger does not know"),
	PickRandom:     text.Of("無作為抽出", "chosen at random"),
	PickNewCommand: text.Of("この事業者がこのシステムで初めて使う命令", "a command that the vendor never used on this system"),
	PickMoreOutput: text.Of("出力がいつもより大幅に多い", "far more output than usual"),
	PickOffScope:   text.Of("今回の申請にも以前の申請にもない表の名称", "a table that neither this request nor an earlier one names"),
	PickIdleBurst:  text.Of("長い無操作のあとの集中した出力", "a burst of output after a long silence"),
	PickCopied:     text.Of("ファイルや表の複写", "files or tables copied"),
	PickFollowUp:   text.Of("前回の指摘の確認", "follow-up of the last finding"),
}

// Picks lists them in the order in which they are shown.
func Picks() []Pick {
	return slices.Clone([]Pick{PickFirst, PickWider, PickNumber, PickFiles, PickOffHours, PickExtended, PickCut, PickGap, PickUrgent, PickEmergency,
		PickMasked, PickRuled, PickReconcile, PickOffScope, PickMoreOutput, PickCopied, PickNewCommand, PickIdleBurst, PickDeputy, PickLateReport, PickRandom, PickFollowUp})
}

// Label is the reason as people read it.
func (p Pick) Label() text.Text { return text.Label(picks, p) }

// Comparison is one line of what was approved and what was done.
type Comparison struct {
	What        Compared  `json:"what"`
	Approved    text.Text `json:"approved"`
	Actual      text.Text `json:"actual"`
	ApprovedIDs []string  `json:"approved_ids,omitempty"`
	ActualIDs   []string  `json:"actual_ids,omitempty"`
	Within      bool      `json:"within"`
}

// Compared is what a comparison is about.
type Compared string

// The things that are compared.
const (
	CompareTime      Compared = "time"
	CompareEngineers Compared = "engineers"
	CompareAccounts  Compared = "accounts"
	CompareTargets   Compared = "targets"
	CompareCommands  Compared = "commands"
	CompareFiles     Compared = "files"
)

var compared = map[Compared]text.Text{
	CompareTime:      text.Of("時間", "Time"),
	CompareEngineers: text.Of("作業する人", "Engineers"),
	CompareAccounts:  text.Of("権限(作業用アカウント)", "Rights (accounts)"),
	CompareTargets:   text.Of("接続先", "Targets"),
	CompareCommands:  text.Of("命令", "Commands"),
	CompareFiles:     text.Of("ファイル授受", "File exchange"),
}

// Label is the thing as people read it.
func (c Compared) Label() text.Text { return text.Label(compared, c) }
