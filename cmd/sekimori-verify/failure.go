package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"sekimori/broker/ledger"
	"sekimori/recordings"
)

// failure is one reason why the result is not valid, with the next step.
type failure struct {
	code    string
	message text
	hint    text
}

// said is a failure in one language, as JSON carries it.
type said struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

func (p *program) translate(f failure) said {
	return said{Code: f.code, Message: plain(p.pick(f.message)), Hint: plain(p.pick(f.hint))}
}

// sayFailure writes the two lines of an error, or one JSON object.
func (p *program) sayFailure(f failure, asJSON bool) {
	s := p.translate(f)
	if asJSON {
		e := json.NewEncoder(recordings.EscapeJSON(p.err))
		e.SetEscapeHTML(false)
		_ = e.Encode(map[string]said{"error": s}) // standard error is the last resort
		return
	}
	fmt.Fprintf(p.err, "sekimori-verify: error: %s\nsekimori-verify: hint: %s\n", s.Message, s.Hint)
}

// fileFailure says that a file could not be read.
func fileFailure(name string, err error) *failure {
	ja, en := "読めません: "+err.Error(), "cannot be read: "+err.Error()
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		ja, en = "ファイルがありません", "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		ja, en = "読む権限がありません", "no permission to read it"
	case errors.As(err, &path):
		ja, en = "読めません: "+path.Err.Error(), "cannot be read: "+path.Err.Error()
	}
	return &failure{
		code:    "unreadable",
		message: text{name + ": " + ja, name + ": " + en},
		hint:    text{"ファイルの名前と、読む権限を確かめてください", "check the name of the file and the permission to read it"},
	}
}

var (
	hintDamaged = text{
		"もう一度写しを取り、同じ箇所で止まるなら両方を証拠として保管し、情報システム課と監査へ知らせてください",
		"fetch the file again; if the same place fails, keep both as evidence and tell the information-systems section and the auditor",
	}
	hintReplaced = text{
		"ファイルを証拠として保管し、情報システム課と監査へ知らせてください",
		"keep the files as evidence and tell the information-systems section and the auditor",
	}
)

// hintFor is the next step after a fault of the ledger.
func hintFor(c ledger.Code) text {
	switch c {
	case ledger.NotAnExport:
		return text{
			"sekimori ledger export --format jsonl の出力を指定してください",
			"give the output of `sekimori ledger export --format jsonl`",
		}
	case ledger.ProofDamaged:
		return text{
			"sekimori session proof が書き出したファイル(.tlog-proof)を、そのまま渡してください。そのはずであれば証拠として保管し、情報システム課と監査へ知らせてください",
			"give the file that `sekimori session proof` wrote (.tlog-proof), as it is; if it should be that, keep it as evidence and tell the information-systems section and the auditor",
		}
	case ledger.SignatureInvalid, ledger.SinceSignature:
		return text{
			"公開鍵がこの台帳のものかを別の経路で確かめ、そうであれば書き出しを証拠として保管してください",
			"confirm by another way that the key is this ledger's; if it is, keep the export as evidence",
		}
	case ledger.WitnessMissing:
		return text{
			"立会署名者の公開鍵を確かめ、署名の付いた確定点で書き出し直してもらってください",
			"confirm the witness's key, and ask for an export whose checkpoint the witness has signed",
		}
	case ledger.QuorumMissing:
		return text{
			"立会署名者が署名した後の確定点で書き出し直してもらってください。署名者が応じていなければ、情報システム課へ",
			"ask for an export or proof with a checkpoint that the witnesses have cosigned; if they do not answer, tell the information-systems section",
		}
	case ledger.ProofPath, ledger.TextDiffers:
		return hintReplaced
	case ledger.SinceUnreadable:
		return text{
			"--since には、署名された確定点をそのまま保存したファイルを渡してください",
			"--since takes a file that holds a signed checkpoint exactly as it was written",
		}
	case ledger.SinceOrigin:
		return text{
			"同じ台帳の確定点かを確かめてください",
			"check that the checkpoint is of the same ledger",
		}
	case ledger.SinceLonger, ledger.SinceDiffers, ledger.RootDiffers, ledger.SizeDiffers, ledger.EntryMissing, ledger.EntryOutOfOrder, ledger.TimeBackwards, ledger.ClockDiffers, ledger.DisposedWithoutEntry:
		return hintReplaced
	}
	return hintDamaged
}
