package api

import (
	"time"

	"sekimori/policy/text"
)

// Timeline is what happened in a session, for the page that plays its recording.
type Timeline struct {
	Session  string    `json:"session_id"`
	Started  time.Time `json:"started_at"`
	LengthMS int64     `json:"length_ms"`       // of the session
	PlayMS   int64     `json:"play_ms"`         // of its picture, where quiet stretches may be shortened
	Marks    []Mark    `json:"marks"`           // in order
	Bytes    int64     `json:"bytes"`           // of its picture
	Left     int       `json:"left"`            // marks and typed lines that a timeline has no room for; the text has all
	Typed    []Mark    `json:"typed,omitempty"` // lines that were typed, as the terminal showed them, in order

	Density []DensityBar `json:"density,omitempty"` // of the output; absent: the recording has no index
}

// Mark is one moment of it.
type Mark struct {
	At       time.Time `json:"at"`
	AtMS     int64     `json:"at_ms"`               // since the start of the session
	PlayMS   int64     `json:"play_ms"`             // place in the picture
	LengthMS int64     `json:"length_ms,omitempty"` // of a quiet stretch, which ends here
	Group    MarkGroup `json:"group"`
	By       string    `json:"by,omitempty"` // the attendant who made a bookmark
	JA       string    `json:"text_ja"`
	EN       string    `json:"text_en"`
}

// MarkGroup tells what kind of moment a mark is.
type MarkGroup string

// The groups.
const (
	MarkBookmark  MarkGroup = "bookmark"
	MarkCommand   MarkGroup = "command"
	MarkFile      MarkGroup = "file"
	MarkPause     MarkGroup = "pause"
	MarkRefused   MarkGroup = "refused"
	MarkExtension MarkGroup = "extension"
	MarkQuiet     MarkGroup = "quiet"
	MarkEnd       MarkGroup = "end"
	MarkNotice    MarkGroup = "notice" // text that the broker showed to the engineer
	MarkRule      MarkGroup = "rule"   // a live rule had an effect on a command
	MarkTyped     MarkGroup = "typed"  // a line that was typed, as the terminal showed it
	MarkGap       MarkGroup = "gap"    // from here to the end of the session nothing is recorded, or it does not hold
	MarkOther     MarkGroup = "other"
)

var markGroups = map[MarkGroup]text.Text{
	MarkBookmark: text.Of("しおり", "Bookmark"), MarkCommand: text.Of("コマンド", "Command"), MarkFile: text.Of("ファイル", "File"),
	MarkPause: text.Of("一時停止", "Pause"), MarkRefused: text.Of("拒否", "Refused"), MarkExtension: text.Of("延長", "Extension"),
	MarkRule: text.Of("命令の決まり", "Live rule"), MarkTyped: text.Of("打ち込んだ行(端末の表示)", "Line typed, as shown"),
	MarkQuiet: text.Of("無操作", "Idle"), MarkEnd: text.Of("終了", "End"), MarkNotice: text.Of("端末への通知", "Notice on the terminal"), MarkOther: text.Of("その他", "Other"),
	MarkGap: text.Of("記録に欠け", "Gap"),
}

// Label is what the group is called.
func (g MarkGroup) Label() text.Text { return text.Label(markGroups, g) }

// TextPage is a part of a recording as lines of text.
type TextPage struct {
	Items []TextLine `json:"items"`
	From  int        `json:"from"`  // number of the first line of the part, from 0
	Total int        `json:"total"` // lines in all; of a search: lines that match
}

// TextLine is one line of a recording.
type TextLine struct {
	No    int       `json:"no"` // from 0
	At    time.Time `json:"at"`
	AtMS  int64     `json:"at_ms"`
	Group MarkGroup `json:"group,omitempty"` // of an operation; empty: output
	JA    string    `json:"text_ja"`
	EN    string    `json:"text_en"` // the same for output
}

// LivePiece is one message of a live picture. Its text holds only sequences that make the picture of a terminal.
type LivePiece struct {
	Kind string `json:"k"` // one of the Live… kinds
	Text string `json:"d,omitempty"`
	Cols uint32 `json:"c,omitempty"`
	Rows uint32 `json:"r,omitempty"`
}

// The kinds of pieces.
const (
	LiveOutput = "o" // to be written to the terminal
	LiveSize   = "r" // the terminal has a new size
	LiveMark   = "m" // an operation, in the viewer's language; the output shows it too
	LiveEnd    = "x" // the session is over
)
