package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/recordings"
	"sekimori/recordings/exactjson"
)

// recording is one file and its findings.
type recording struct {
	file    string
	session string // from its header
	digest  recordings.Digest
	entry   int64    // the ledger entry that it matches; -1: none
	live    bool     // its session was under way at the export, so the ledger has no digest yet
	cut     bool     // it stops without an end, like that of a session under way
	failed  *failure // nil: valid, unless it is live
}

// ended is a session.ended entry's statement about its session's recording.
type ended struct {
	index    int64
	at       time.Time
	disposed bool
	digest   *recordings.Digest // nil: the entry names no recording; else SHA256, Size and File are set
}

// known is the ledger's statement about all sessions; all are needed to find recordings that were not shown.
type known struct {
	ends map[string][]ended
	live map[string]bool // opened, and not ended at the export
	bad  []unread        // ends with an invalid payload
	gone int             // ends whose payload, and so their statement about a recording, was disposed of

	receipts map[string]receipt // of disposed recordings, by session

	draws    *draws
	exported *exported // the last export of an incident; nil: there is none
}

func newKnown() *known {
	return &known{ends: map[string][]ended{}, live: map[string]bool{}, receipts: map[string]receipt{}, draws: newDraws()}
}

// unread is an entry with an invalid payload.
type unread struct {
	entry int64
	kind  string
	why   error
}

// remember stores an entry's statement about a session.
func (k *known) remember(e ledger.Entry) {
	k.draws.add(e)
	switch e.Kind {
	case "session.opening":
		if len(e.Subjects) > 0 {
			k.live[e.Subjects[0]] = true
		}
		return
	case "session.ended":
	case "recording.disposed":
		k.rememberReceipt(e)
		return
	case "incident.exported":
		k.rememberExport(e)
		return
	default:
		return
	}
	said := ended{index: e.Index, at: e.Time, disposed: e.Disposed()}
	var payload struct {
		Session   string             `json:"session_id"`
		Recording *recordings.Digest `json:"recording"`
	}
	if said.disposed {
		k.gone++
	} else {
		err := exactjson.Decode(e.Payload, &payload)
		if err == nil && (len(e.Subjects) == 0 || e.Subjects[0] != payload.Session) {
			err = fmt.Errorf("its first subject is not the session %q", payload.Session)
		}
		if err != nil {
			k.bad = append(k.bad, unread{e.Index, e.Kind, err})
			return
		}
		said.digest = payload.Recording
	}
	// The header's first subject identifies the session, because it stays when the payload is disposed of.
	if len(e.Subjects) > 0 {
		session := e.Subjects[0]
		delete(k.live, session)
		k.ends[session] = append(k.ends[session], said)
	}
}

// due is a recording named in the ledger.
type due struct {
	session string
	entry   int64
	digest  recordings.Digest
	at      time.Time // of the end of the session
}

// recordings lists the expected recordings, in the order of the ledger.
func (k *known) recordings() []due {
	var all []due
	for session, ends := range k.ends {
		for _, e := range ends {
			if e.digest != nil {
				all = append(all, due{session, e.index, *e.digest, e.at})
				break
			}
		}
	}
	slices.SortFunc(all, func(a, b due) int { return cmp.Compare(a.entry, b.entry) })
	return all
}

// owner is the session whose recording has this file name in the ledger; empty: none.
func owner(all []due, file string) string {
	name := filepath.Base(file)
	for _, d := range all {
		if d.digest.File != "" && path.Base(d.digest.File) == name {
			return d.session
		}
	}
	return ""
}

// readRecording checks a recording by itself.
func readRecording(file string) recording {
	report, err := recordings.Verify(file)
	return found(file, report, err)
}

// found is what a check of a recording by itself has shown.
func found(file string, report recordings.Report, err error) recording {
	r := recording{file: file, session: report.Header.Session, digest: report.Digest, entry: -1}
	if err == nil {
		return r
	}
	var corrupt *recordings.CorruptError
	var truncated *recordings.TruncatedError
	switch {
	case errors.As(err, &corrupt) && corrupt.NoRecording():
		r.fail("no-recording", "操作記録のファイルではありません", "is no recording", text{
			"接続番号.skr のファイルを渡してください。操作記録のはずであれば証拠として保管し、情報システム課と監査へ知らせてください",
			"give the file of a recording, as S-20261124-01.skr; if it should be one, keep it as evidence and tell the information-systems section and the auditor",
		})
	case errors.As(err, &corrupt):
		r.fail("recording-damaged",
			fmt.Sprintf("%dバイト目、区分 %d が記録されたときのままではありません [%s]", corrupt.Offset, corrupt.Segment, corrupt.What),
			corrupt.Error(), hintDamaged)
	case errors.As(err, &truncated):
		r.cut = true
		r.fail("recording-cut-short",
			fmt.Sprintf("途中で終わっています(完全な区分は %d 個、%dバイト目まで)", truncated.Segment, truncated.Offset),
			truncated.Error(), hintDamaged)
	default:
		r.failed = fileFailure(file, err)
	}
	return r
}

// keysBeside checks the keys file beside the recording, if there is one. It is no evidence, but with a false one an auditor would take a
// sound recording for a damaged one.
func (r *recording) keysBeside() {
	if r.failed != nil { // a fault of the recording itself comes first
		return
	}
	keys, err := os.Open(r.file + recordings.KeysSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = errors.Join(checkKeys(r.file, keys), keys.Close())
	}
	r.keysFail(err)
}

// keysFail says that the keys file of the recording does not hold, and why; nil: it does.
func (r *recording) keysFail(err error) {
	if err != nil {
		name := filepath.Base(r.file) + recordings.KeysSuffix
		r.fail("recording-keys-damaged",
			"そばの鍵ファイル "+name+" が壊れているか、別の操作記録のものです: "+err.Error(),
			"the keys file "+name+" beside it is damaged or belongs to another recording: "+err.Error(),
			text{"操作記録そのものは別です。鍵ファイルを外してもう一度検証し、関守の管理者に作り直しを求めてください", "the recording itself is another matter: verify again without that file, and ask the broker's administrator to make it anew"})
	}
}

func checkKeys(file string, keys io.Reader) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() // read only: closing loses nothing
	return checkKeysOf(f, keys)
}

// checkKeysOf checks that a keys file has its form and belongs to a recording. Only a holder of the recording's key can tell whether its entries open.
func checkKeysOf(recording, keys io.Reader) error {
	of, err := recordings.HeaderDigest(recording)
	if err != nil {
		return err
	}
	_, err = recordings.ReadKeys(keys, of)
	return err
}

func (r *recording) fail(code, ja, en string, hint text) {
	r.failed = &failure{code: code, message: text{r.file + ": " + ja, r.file + ": " + en}, hint: hint}
}

// named refuses a file under another recording's name: a person looking for that one would use this file.
func (r *recording) named(all []due) {
	if r.failed != nil {
		return
	}
	if session := owner(all, r.file); session != "" && session != r.session {
		r.fail("recording-misnamed",
			fmt.Sprintf("名前は接続 %s の操作記録ですが、中身は接続 %s のものです", session, r.session),
			fmt.Sprintf("it has the name of the recording of session %s, but is that of session %s", session, r.session), hintReplaced)
	}
}

// underWay excuses the recording of a session under way at the export: it may stop anywhere, and has no digest yet. Changed
// bytes are still a failure. Only a valid ledger can show that a session is live.
func (r *recording) underWay(k *known, ledgerHolds bool) {
	if !ledgerHolds || !k.live[r.session] || r.failed != nil && !r.cut {
		return
	}
	r.live, r.failed = true, nil
}

// compare compares an internally valid recording with the ledger's statements about its session.
func (r *recording) compare(said []ended, ledgerHolds, proof bool) {
	if !ledgerHolds {
		r.fail("recording-not-compared",
			"台帳が合わないため、検証値と照らし合わせていません",
			"not held against its digest, because the ledger does not hold",
			text{"まず台帳の合わない箇所を調べてください", "look into the ledger first"})
		return
	}
	if len(said) == 0 && proof {
		r.fail("recording-unknown",
			fmt.Sprintf("接続 %s の操作記録ですが、証明はこの接続のものではありません", r.session),
			fmt.Sprintf("it is the recording of session %s, and the proof is not of that session", r.session),
			text{
				"その接続の証明(sekimori session proof)と組にして渡してください",
				"give it together with the proof of its own session (sekimori session proof)",
			})
		return
	}
	if len(said) == 0 {
		r.fail("recording-unknown",
			fmt.Sprintf("接続 %s の終了(session.ended)が台帳にありません", r.session),
			fmt.Sprintf("the ledger has no session.ended entry for session %s", r.session),
			text{
				"書き出しがこの接続の終了より後のものか、この関守の操作記録かを確かめてください",
				"check that the export is later than the end of this session, and that the recording is of this broker",
			})
		return
	}
	for _, e := range said {
		if !r.compareWith(e) {
			return
		}
		r.entry = e.index
	}
}

func (r *recording) compareWith(e ended) bool {
	switch {
	case e.disposed:
		r.fail("recording-digest-disposed",
			fmt.Sprintf("接続 %s の終了(記載 %d)の内容は廃棄済みで、検証値が残っていません", r.session, e.index),
			fmt.Sprintf("the payload of entry %d, the end of session %s, has been disposed of, and the digest with it", e.index, r.session),
			text{"廃棄前の書き出しがあれば、それで検証してください", "verify with an export from before the disposal, if there is one"})
	case e.digest == nil:
		r.fail("recording-not-in-ledger",
			fmt.Sprintf("接続 %s の終了(記載 %d)に操作記録の検証値がありません", r.session, e.index),
			fmt.Sprintf("entry %d, the end of session %s, names no recording", e.index, r.session), hintReplaced)
	case e.digest.Size != r.digest.Size:
		r.fail("recording-differs",
			fmt.Sprintf("大きさが台帳と違います(記載 %d) [本来: %d / 実際: %d]", e.index, e.digest.Size, r.digest.Size),
			fmt.Sprintf("its size is not that in entry %d of the ledger [due: %d / found: %d]", e.index, e.digest.Size, r.digest.Size), hintReplaced)
	case e.digest.SHA256 != r.digest.SHA256:
		r.fail("recording-differs",
			fmt.Sprintf("検証値が台帳と違います(記載 %d) [本来: %s / 実際: %s]", e.index, e.digest.SHA256, r.digest.SHA256),
			fmt.Sprintf("its digest is not that in entry %d of the ledger [due: %s / found: %s]", e.index, e.digest.SHA256, r.digest.SHA256), hintReplaced)
	default:
		return true
	}
	return false
}
