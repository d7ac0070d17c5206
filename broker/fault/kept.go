package fault

import (
	"errors"
	"fmt"
	"net/http"
	"syscall"

	"sekimori/broker/api"
	"sekimori/broker/evidence"
	"sekimori/broker/papers"
	"sekimori/recordings/offline"
)

// kept gives the fault of a damaged or missing recording or paper copy; nil where the error concerns neither.
func kept(err error) *api.Fault {
	var bad *evidence.BadError
	var broken *papers.BrokenOffError
	var full *papers.NoSpaceError
	var damaged *papers.DamagedError
	switch {
	case errors.Is(err, evidence.ErrNotSealed):
		return NotSealed()
	case errors.Is(err, offline.ErrTooLarge):
		return &api.Fault{
			Status: http.StatusConflict, Code: "too-large", Exit: api.ExitError, JA: "一つのHTMLにするには操作記録が大きすぎます(64 MiBまで)", EN: "the recording is too large for one HTML file (64 MiB at most)",
			HintJA: "形式を text か asciicast にしてください。大きさの限りはありません", HintEN: "use the format text or asciicast, which have no bound", Cause: err,
		}
	case errors.Is(err, evidence.ErrNone):
		return &api.Fault{
			Status: http.StatusNotFound, Code: api.CodeNotFound, Exit: api.ExitError,
			JA: "この接続に操作記録はありません", EN: "this session has no recording",
			HintJA: "接続先に届く前に終わった接続です", HintEN: "it ended before the target was reached",
		}
	case errors.As(err, &bad):
		return Damaged(bad)
	case errors.As(err, &broken):
		return &api.Fault{
			Status: http.StatusBadRequest, Code: "broken-off", Exit: api.ExitError, Cause: err,
			JA: fmt.Sprintf("ファイルの送信が途中で切れました(%d バイトまで)。何も保存していません", broken.Got),
			EN: fmt.Sprintf("the file broke off after %d bytes; nothing was kept", broken.Got), HintJA: "もう一度送ってください", HintEN: "send it again",
		}
	case errors.As(err, &full):
		return &api.Fault{
			Status: http.StatusInsufficientStorage, Code: "no-space", Exit: api.ExitError, Cause: err,
			JA: "保存先の空きが足りません。何も保存していません", EN: "there is not enough room on the broker's disk; nothing was kept",
			HintJA: "情報システム課へ。操作記録のための空きには手を付けません", HintEN: "call the information-systems section; the recordings' reserve is not touched",
		}
	case errors.As(err, &damaged):
		return paperDamaged(damaged)
	case errors.Is(err, papers.ErrNoCopy):
		return &api.Fault{
			Status: http.StatusNotFound, Code: "no-copy", Exit: api.ExitError, JA: "写しはありません", EN: "no copy is on file",
			HintJA: "保守事業者に提出を依頼してください", HintEN: "ask the vendor for it",
		}
	}
	return nil
}

// SearchWords is the fault of words that cannot be searched for.
func SearchWords(err error) *api.Fault {
	f := BadRequest("探す言葉は、1〜200文字で、表示できる文字だけです", "words to search for are 1 to 200 characters that can be shown", err)
	f.HintJA, f.HintEN = "一行の中に続けて現れる言葉を書きます。全角・半角、大文字・小文字は区別しません", "write words as they follow each other within one line; width and case do not matter"
	return f
}

// NoSpace adds to an error of receiving a file that the disk is full, where the system says so.
func NoSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.Join(&papers.NoSpaceError{}, err)
	}
	return err
}

// Damaged is the fault of a recording that does not hold.
func Damaged(bad *evidence.BadError) *api.Fault {
	t := bad.Text()
	f := &api.Fault{
		Status: http.StatusConflict, Code: "recording-" + string(bad.Finding), Exit: api.ExitError, JA: t.JA, EN: t.EN, Cause: bad,
		HintJA: "警報を出しました。ファイルに触れず、情報システム課と点検担当へ。点検担当は --damaged で開けます",
		HintEN: "an alarm was raised; leave the file as it is and tell the information-systems section and the auditors; an auditor may open it with --damaged",
	}
	if bad.Finding == evidence.Missing {
		f.HintJA = "警報を出しました。台帳は残っています。バックアップを探し、情報システム課と点検担当へ"
		f.HintEN = "an alarm was raised; the ledger's entry remains; look for a backup and tell the information-systems section and the auditors"
	}
	return f
}

func paperDamaged(d *papers.DamagedError) *api.Fault {
	f := &api.Fault{
		Status: http.StatusConflict, Code: "paper-" + string(d.What), Exit: api.ExitError, Cause: d,
		HintJA: "ファイルに触れず、点検担当と情報システム課へ", HintEN: "leave the file as it is; call the auditor and the information-systems section",
	}
	switch d.What {
	case papers.DamageMissing:
		f.JA, f.EN = d.Paper+" の写しのファイルがありません", "the file of "+d.Paper+" is missing"
	default:
		f.JA, f.EN = d.Paper+" の写しは台帳と合いません", "the copy of "+d.Paper+" does not hold against the ledger"
	}
	return f
}

// NotSealed is the fault of an act that needs a recording's digest while the session goes on.
func NotSealed() *api.Fault {
	return &api.Fault{
		Status: http.StatusConflict, Code: "not-sealed", Exit: api.ExitError, JA: "操作記録はまだ封印されていません", EN: "the recording is not sealed yet",
		HintJA: "接続が終わってからやり直してください", HintEN: "try again when the session is over",
	}
}
