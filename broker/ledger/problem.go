package ledger

import (
	"fmt"
	"strings"
)

// Code names a fault of an export. Codes are stable.
type Code string

// All faults that Verify can find.
const (
	NotAnExport          Code = "not-an-export"
	LineTooLong          Code = "line-too-long"
	CutShort             Code = "cut-short"
	TrailingData         Code = "trailing-data"
	LineNotExact         Code = "line-not-exact"
	PayloadDiffers       Code = "payload-differs"
	LeafDiffers          Code = "leaf-differs"
	EntryMissing         Code = "entry-missing"
	EntryOutOfOrder      Code = "entry-out-of-order"
	TimeBackwards        Code = "time-backwards"
	ClockDiffers         Code = "clock-differs"
	CheckpointDamaged    Code = "checkpoint-damaged"
	SizeDiffers          Code = "size-differs"
	RootDiffers          Code = "root-differs"
	SignatureInvalid     Code = "signature-invalid"
	WitnessMissing       Code = "witness-missing"
	QuorumMissing        Code = "quorum-missing"
	ProofDamaged         Code = "proof-damaged"
	ProofPath            Code = "proof-path"
	TextDiffers          Code = "text-differs"
	DisposedWithoutEntry Code = "disposed-without-entry"
	SinceUnreadable      Code = "since-unreadable"
	SinceSignature       Code = "since-signature"
	SinceOrigin          Code = "since-origin"
	SinceLonger          Code = "since-longer"
	SinceDiffers         Code = "since-differs"
)

// Problem is the first fault of an export. It has a type of its own: reading succeeded, but the export is not what it claims
// to be.
type Problem struct {
	Line      int64 // line of the export, from 1; 0 if the fault is in the older checkpoint
	Index     int64 // entry concerned; -1: none
	Code      Code
	Due, Have string // the expected and the found value; either may be empty
}

func (p *Problem) Error() string { return p.Text("en") }

// Text describes the problem in a sentence, in Japanese for "ja", else in English, with its place.
func (p *Problem) Text(lang string) string {
	t, ok := problemTexts[p.Code]
	if !ok {
		t = problemText{string(p.Code), string(p.Code)}
	}
	place, entry, said := "line %d", " (entry %d)", t.en
	if lang == "ja" {
		place, entry, said = "%d行目", "(記載 %d)", t.ja
	}
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, place, p.Line)
		if p.Index >= 0 {
			fmt.Fprintf(&b, entry, p.Index)
		}
		b.WriteString(": ")
	}
	b.WriteString(said)
	b.WriteString(p.particulars(lang))
	return b.String()
}

func (p *Problem) particulars(lang string) string {
	due, have := "due", "found"
	if lang == "ja" {
		due, have = "本来", "実際"
	}
	switch {
	case p.Due != "" && p.Have != "":
		return fmt.Sprintf(" [%s: %s / %s: %s]", due, p.Due, have, p.Have)
	case p.Have != "":
		return fmt.Sprintf(" [%s]", p.Have)
	case p.Due != "":
		return fmt.Sprintf(" [%s: %s]", due, p.Due)
	}
	return ""
}

type problemText struct{ ja, en string }

var problemTexts = map[Code]problemText{
	NotAnExport:          {"台帳の書き出しではありません(最初の行が違います)", "this is no ledger export (its first line differs)"},
	LineTooLong:          {"行が長すぎます", "the line is too long"},
	CutShort:             {"途中で終わっています", "the export is cut short here"},
	TrailingData:         {"確定点の後にまだ何かあります", "something follows the checkpoint"},
	LineNotExact:         {"行が定められた形ではありません", "the line is not in the one form that the format allows"},
	PayloadDiffers:       {"内容が、見出しにある検証値と合いません", "the payload does not give the digest in its header"},
	LeafDiffers:          {"見出しが、その行の検証値と合いません", "the header does not give the leaf hash of its line"},
	EntryMissing:         {"記載が抜けています", "entries are missing before this one"},
	EntryOutOfOrder:      {"記載の順序が違います", "the entry is out of order"},
	TimeBackwards:        {"時刻が前の記載より戻っています", "the time is before that of the entry before"},
	ClockDiffers:         {"時計が戻ったとありますが、時刻が前の記載の時刻ではありません", "it says that the clock had run back, and its time is not that of the entry before"},
	CheckpointDamaged:    {"確定点が壊れています", "the checkpoint is damaged"},
	SizeDiffers:          {"記載の数が確定点と合いません", "the number of entries is not that of the checkpoint"},
	RootDiffers:          {"記載の全体が、署名された確定点の値と合いません(どれかが書き換えられています)", "the entries do not give the root of the checkpoint (some entry is not what was signed)"},
	SignatureInvalid:     {"確定点に、この鍵の正しい署名がありません", "the checkpoint carries no valid signature of the given key"},
	WitnessMissing:       {"確定点に、立会署名者の正しい署名がありません", "the checkpoint carries no valid signature of the witness"},
	QuorumMissing:        {"確定点に、方針が求めるだけの立会署名がありません", "the checkpoint lacks cosignatures that the policy asks for"},
	ProofDamaged:         {"証明が定められた形ではありません", "the proof is not in the one form that the format allows"},
	ProofPath:            {"証明の経路が、確定点の値につながりません", "the path of the proof does not lead to the root of its checkpoint"},
	TextDiffers:          {"紙に控えた確定点になる記載がありません(書き換えられたか、古い写しです)", "no number of entries gives the checkpoint on paper (rewritten, or an older copy)"},
	DisposedWithoutEntry: {"内容がありませんが、その廃棄を認める記載(ledger.disposed)がありません", "the payload is missing, and no entry ledger.disposed authorises that"},
	SinceUnreadable:      {"以前の確定点が読めません", "the older checkpoint cannot be read"},
	SinceSignature:       {"以前の確定点に、この鍵の正しい署名がありません", "the older checkpoint carries no valid signature of the given key"},
	SinceOrigin:          {"以前の確定点は別の台帳のものです", "the older checkpoint is that of another ledger"},
	SinceLonger:          {"台帳の終わりが切り取られています(以前の確定点のほうが長い)", "the ledger is cut at its end (the older checkpoint is longer)"},
	SinceDiffers:         {"以前の確定点までの記載が、そのときと違います", "the entries up to the older checkpoint are not those of then"},
}
