package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/recordings"
)

// say writes the result for people: what holds on standard output, what does not in two lines each
// on standard error.
func (p *program) say(r result) int {
	var page bytes.Buffer
	p.page(&page, r)
	if _, err := page.WriteTo(p.out); err != nil {
		p.sayFailure(*fileFailure("stdout", err), false)
		return exitError // a result that nobody could read is none
	}
	for _, f := range r.failures {
		p.sayFailure(f, false)
	}
	if !r.holds() {
		return exitError
	}
	return exitHolds
}

func (p *program) page(w io.Writer, r result) {
	row := func(heading, what text) { p.row(w, heading, what) }
	l := r.ledger
	row(text{"台帳", "ledger"}, text{r.export, r.export})
	switch {
	case r.ledgerErr == nil:
		row(text{}, text{fmt.Sprintf("記載 %d 件: 一件ずつ、順序、全体の値のすべてが合っています", l.Entries),
			fmt.Sprintf("%d entries: each of them, their order and their root hold", l.Entries)})
	case l.Entries > 0:
		row(text{}, text{fmt.Sprintf("記載 %d 件まで読みました", l.Entries), fmt.Sprintf("%d entries were read", l.Entries)})
	}
	if l.Entries > 0 {
		from, to := p.time(l.First), p.time(l.Last)
		row(text{}, text{from + " 〜 " + to, from + " to " + to})
	}
	if l.Disposed > 0 {
		row(text{}, text{
			fmt.Sprintf("うち %d 件は内容が廃棄済みです(最初は記載 %d)", l.Disposed, l.FirstDisposed),
			fmt.Sprintf("the payload of %d of them has been disposed of (first: entry %d)", l.Disposed, l.FirstDisposed),
		})
	}
	if l.Origin != "" {
		row(text{"確定点", "checkpoint"}, text{l.Origin, l.Origin})
		row(text{}, text{l.Root, l.Root})
		row(text{"署名者", "signer"}, signer(l))
	}
	for _, w := range l.Witnesses {
		row(text{"立会署名", "witness"}, text{w + " 検証しました", w + ", verified"})
	}
	if l.SignerVerified && len(l.Unverified) > 0 {
		names := strings.Join(l.Unverified, ", ")
		row(text{"他の署名", "others"}, text{names + "(鍵がないため検証していません)", names + " (not verified: no key given)"})
	}
	if l.SinceSize >= 0 && r.ledgerErr == nil {
		row(text{"以前の確定点", "since"}, text{
			fmt.Sprintf("記載 %d 件の確定点からの続きです", l.SinceSize),
			fmt.Sprintf("continues the checkpoint of %d entries", l.SinceSize),
		})
	}
	for _, rec := range r.recordings {
		row(text{"操作記録", "recording"}, text{rec.file, rec.file})
		if rec.failed == nil {
			row(text{}, text{
				fmt.Sprintf("接続 %s、%d バイト: 記載 %d の検証値と合っています", rec.session, rec.digest.Size, rec.entry),
				fmt.Sprintf("session %s, %d bytes: as in entry %d", rec.session, rec.digest.Size, rec.entry),
			})
		} else {
			row(text{}, text{"合いません(下記)", "does not hold (see below)"})
		}
	}
	row(text{"結果", "result"}, verdict(r))
}

func verdict(r result) text {
	switch {
	case r.holds():
		return text{"すべて合っています", "all holds"}
	case len(r.failures) == 1 && r.failures[0].code == unsigned().code:
		return text{"署名者が検証されていないため、確かとは言えません", "NOT SHOWN: the signer is not verified"}
	}
	return text{"合っていません", "DOES NOT HOLD"}
}

func signer(l ledger.Report) text {
	if l.SignerVerified {
		return text{l.Signer + " 検証しました", l.Signer + ", verified"}
	}
	return text{"検証されていません", "NOT VERIFIED"}
}

// row writes one line: a heading of equal width in either language, then what it says.
func (p *program) row(w io.Writer, heading, what text) {
	h := p.pick(heading)
	width := len(h)
	if p.lang == "ja" {
		width = 2 * len([]rune(h)) // all headings are full width
	}
	fmt.Fprintf(w, "%s%s %s\n", h, strings.Repeat(" ", max(0, 12-width)), plain(p.pick(what)))
}

func (p *program) time(t time.Time) string {
	return t.In(p.zone).Format("2006-01-02T15:04:05.000Z07:00")
}

type sentLedger struct {
	File string `json:"file"`
	OK   bool   `json:"ok"` // entries, order and root hold, and every signature that was asked for
	ledger.Report
	Problem *sentProblem `json:"problem,omitempty"`
}

type sentProblem struct {
	Line  int64       `json:"line"`  // 0: in the older checkpoint
	Index int64       `json:"index"` // -1: no entry concerned
	Code  ledger.Code `json:"code"`
	Text  string      `json:"text"`
}

type sentRecording struct {
	File    string `json:"file"`
	OK      bool   `json:"ok"`
	Session string `json:"session"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	Entry   int64  `json:"entry"` // the ledger entry that says the same, -1: none
}

// sayJSON writes the result as one JSON object on standard output.
func (p *program) sayJSON(r result) int {
	out := struct {
		OK         bool            `json:"ok"`
		Ledger     sentLedger      `json:"ledger"`
		Recordings []sentRecording `json:"recordings"`
		Errors     []said          `json:"errors"`
	}{
		OK:         r.holds(),
		Ledger:     sentLedger{File: r.export, OK: r.ledgerErr == nil, Report: r.ledger},
		Recordings: []sentRecording{},
		Errors:     []said{},
	}
	if pr, ok := r.ledgerErr.(*ledger.Problem); ok {
		out.Ledger.Problem = &sentProblem{Line: pr.Line, Index: pr.Index, Code: pr.Code, Text: pr.Text(p.lang)}
	}
	for _, rec := range r.recordings {
		out.Recordings = append(out.Recordings, sentRecording{
			File: rec.file, OK: rec.failed == nil, Session: rec.session,
			SHA256: rec.digest.SHA256.String(), Size: rec.digest.Size, Entry: rec.entry,
		})
	}
	for _, f := range r.failures {
		out.Errors = append(out.Errors, p.translate(f))
	}
	e := json.NewEncoder(recordings.EscapeJSON(p.out))
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil || !r.holds() {
		return exitError
	}
	return exitHolds
}
