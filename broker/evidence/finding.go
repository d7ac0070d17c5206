package evidence

import (
	"errors"
	"fmt"
	"time"

	"sekimori/policy"
)

// Finding is one way in which a recording differs from the ledger.
type Finding string

// The findings. Codes are stable, because alarms store them.
const (
	Missing      Finding = "missing"       // there is no file
	Differs      Finding = "differs"       // internally valid, but not the file with the ledger's digest
	Corrupt      Finding = "corrupt"       // its own chain is invalid
	CutShort     Finding = "cut-short"     // it stops before its end
	OtherSession Finding = "other-session" // its header names another session
	Unledgered   Finding = "unledgered"    // the ledger has no digest, although the session is over
	DigestGone   Finding = "digest-gone"   // the entry's payload is gone, and the digest with it
	Unproved     Finding = "unproved"      // the entry that names the digest is not in the signed tree
	Unreadable   Finding = "unreadable"    // the file cannot be read
	RowDiffers   Finding = "row-differs"   // the session's row or the index of subjects contradicts the ledger; this alone does not block the recording
)

// text is a finding's text for people.
func (f Finding) text() policy.Text {
	switch f {
	case Missing:
		return policy.Text{JA: "操作記録のファイルがありません", EN: "the recording's file is missing"}
	case Differs:
		return policy.Text{JA: "操作記録が、台帳の検証値のものではありません", EN: "the recording is not the one whose digest the ledger has"}
	case Corrupt:
		return policy.Text{JA: "操作記録が壊れているか、書き換えられています", EN: "the recording is damaged or was changed"}
	case CutShort:
		return policy.Text{JA: "操作記録が途中で終わっています", EN: "the recording stops before its end"}
	case OtherSession:
		return policy.Text{JA: "別の接続の操作記録が置かれています", EN: "the file is the recording of another session"}
	case Unledgered:
		return policy.Text{JA: "接続は終わっていますが、台帳に操作記録の検証値がありません", EN: "the session is over, and the ledger has no digest of its recording"}
	case DigestGone:
		return policy.Text{JA: "台帳の記載の内容が廃棄され、操作記録の検証値が残っていません", EN: "the payload of the entry that named the recording's digest has been disposed of"}
	case Unproved:
		return policy.Text{JA: "検証値を示す台帳の記載が、署名された確定点に含まれていません", EN: "the entry that names the digest is not part of the signed ledger"}
	case RowDiffers:
		return policy.Text{JA: "接続の行か対象の索引が、台帳の記載と食い違っています(手で書き換えられています)", EN: "the session's row or the index of subjects contradicts the ledger: it was edited by hand"}
	}
	return policy.Text{JA: "操作記録を読めません", EN: "the recording cannot be read"}
}

// BadError says that a recording is invalid, and why.
type BadError struct {
	Session string
	Finding Finding
	Entry   int64 // the entry that pins it; -1: none
	Place   error // the reader's error: place and expected value; nil: none
}

// Text is the finding in both languages, without the place, which is in English.
func (e *BadError) Text() policy.Text { return e.Finding.text() }

func (e *BadError) Error() string {
	said := fmt.Sprintf("recording of %s: %s", e.Session, e.Finding.text().EN)
	if e.Place != nil {
		said += ": " + e.Place.Error()
	}
	return said
}

func (e *BadError) Unwrap() error { return e.Place }

// ErrNone says that a session has no recording: it ended before the target was reached.
var ErrNone = errors.New("the session has no recording")

// DisposedError says that a recording was disposed of, as an entry of the signed ledger shows.
type DisposedError struct {
	Session string
	At      time.Time // when it was ordered, in the zone of the Keeper
}

func (e *DisposedError) Error() string {
	return fmt.Sprintf("the recording of %s was disposed of on %s", e.Session, e.At.Format(time.DateOnly))
}

// Unwrap is the refusal that people are told.
func (e *DisposedError) Unwrap() error {
	return &policy.Denied{Reason: policy.RecordingDisposed, Args: map[string]string{"date": e.At.Format(time.DateOnly)}}
}

// ErrNotSealed says that a recording has no digest in the ledger yet.
var ErrNotSealed = errors.New("the recording is not sealed yet")
