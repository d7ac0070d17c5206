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

// say writes the result for people: valid parts on standard output, failures in two lines each on standard error.
func (p *program) say(r result) int {
	var page bytes.Buffer
	p.page(&page, r)
	if _, err := page.WriteTo(p.out); err != nil {
		p.sayFailure(*fileFailure("stdout", err), false)
		return exitError // an unreadable result counts as an error
	}
	for _, f := range r.failures {
		p.sayFailure(f, false)
	}
	if r.status() == exitIncomplete {
		p.sayFailure(notShown(r), false)
	}
	return r.status()
}

// notShown says that recordings were not shown.
func notShown(r result) failure {
	return failure{
		code: "recordings-not-shown",
		message: text{
			fmt.Sprintf("台帳の知る操作記録 %d 件のうち %d 件が示されていません", r.due, len(r.missing)),
			notShownOf(len(r.missing), r.due),
		},
		hint: text{
			"残りの操作記録も --recording に渡すか、なくなったのであれば情報システム課と監査へ知らせてください。一部だけを確かめるなら --partial",
			"give them with --recording too, or, if they are gone, tell the information-systems section and the auditor; --partial where a selection is meant",
		},
	}
}

func (p *program) page(w io.Writer, r result) {
	row := func(heading, what text) { p.row(w, heading, what) }
	l := r.ledger
	if r.incident != nil && !p.incidentPage(w, r) {
		row(text{"真正", "intact"}, verdict(r))
		return
	}
	if r.proof {
		row(text{"証明", "proof"}, text{r.export, r.export})
	} else {
		row(text{"台帳", "ledger"}, text{r.export, r.export})
	}
	switch {
	case r.proof && r.ledgerErr == nil:
		row(text{}, text{fmt.Sprintf("記載 %d(%s): 記載 %d 件の確定点までの経路が合っています", r.proved.Index, ledger.KindJA(r.proved.Kind), l.Entries),
			fmt.Sprintf("entry %d (%s): its path leads to the checkpoint of %s", r.proved.Index, r.proved.Kind, counted(int(l.Entries), "%d entry", "%d entries"))})
	case r.proof:
	case r.ledgerErr == nil:
		row(text{}, text{fmt.Sprintf("記載 %d 件: 一件ずつ、順序、全体の値のすべてが合っています", l.Entries),
			counted(int(l.Entries), "%d entry: it and the root hold", "%d entries: each of them, their order and their root hold")})
	case l.Entries > 0:
		row(text{}, text{fmt.Sprintf("記載 %d 件まで読みました", l.Entries), counted(int(l.Entries), "%d entry was read", "%d entries were read")})
	}
	if l.Entries > 0 && r.proof {
		row(text{}, text{p.time(l.First), p.time(l.First)})
	} else if l.Entries > 0 {
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
	if l.Quorum != "" {
		asked := text{l.Quorum, l.Quorum}
		if l.Quorum == ledger.NoQuorum {
			asked = text{"立会署名を求めない方針", "it asks for no witness"}
		}
		row(text{"方針", "policy"}, text{"満たしています(" + asked.ja + ")", "satisfied (" + asked.en + ")"})
	}
	if l.TextSize >= 0 {
		row(text{"紙の確定点", "on paper"}, text{
			fmt.Sprintf("一致: 初めの %d 件の記載の確定点です", l.TextSize),
			counted(int(l.TextSize), "match: the checkpoint of the first entry", "match: the checkpoint of the first %d entries"),
		})
	}
	if l.SignerVerified && len(l.Unverified) > 0 {
		names := strings.Join(l.Unverified, ", ")
		row(text{"他の署名", "others"}, text{names + "(鍵がないため検証していません)", names + " (not verified: no key given)"})
	}
	if l.SinceSize >= 0 && r.ledgerErr == nil {
		row(text{"以前の確定点", "since"}, text{
			fmt.Sprintf("記載 %d 件の確定点からの続きです", l.SinceSize),
			counted(int(l.SinceSize), "continues the checkpoint of %d entry", "continues the checkpoint of %d entries"),
		})
	}
	for _, rec := range r.recordings {
		row(text{"操作記録", "recording"}, text{rec.file, rec.file})
		switch {
		case rec.failed != nil:
			row(text{}, text{"合いません(下記)", "does not hold (see below)"})
		case rec.live:
			row(text{}, text{
				fmt.Sprintf("接続 %s: 書き出しのとき続いていたため、調べていません", rec.session),
				fmt.Sprintf("session %s: under way when the export was made, not examined", rec.session),
			})
		default:
			row(text{}, text{
				fmt.Sprintf("接続 %s、%d バイト: 記載 %d の検証値と合っています", rec.session, rec.digest.Size, rec.entry),
				fmt.Sprintf("session %s, %d bytes: as in entry %d", rec.session, rec.digest.Size, rec.entry),
			})
		}
	}
	if r.complete() != notExamined {
		for _, d := range r.missing {
			row(text{"示されず", "not shown"}, text{
				fmt.Sprintf("接続 %s、%d バイト、記載 %d、%s", d.session, d.digest.Size, d.entry, d.digest.File),
				fmt.Sprintf("session %s, %d bytes, entry %d, %s", d.session, d.digest.Size, d.entry, d.digest.File),
			})
		}
	}
	for _, d := range r.removed {
		row(text{"廃棄済み", "disposed of"}, text{
			fmt.Sprintf("接続 %s の操作記録(記載 %d)は、保存期間(%d日)を過ぎ、記載 %d で廃棄しています", d.session, d.entry, d.days, d.receipt),
			fmt.Sprintf("the recording of session %s (entry %d): kept for %d days, disposed of by entry %d", d.session, d.entry, d.days, d.receipt),
		})
	}
	if r.live > 0 {
		row(text{"接続中", "live"}, text{
			fmt.Sprintf("書き出しのとき %d 件の接続が続いていました。その操作記録は求めません", r.live),
			counted(r.live, "%d session was under way when the export was made; its recording is not asked for",
				"%d sessions were under way when the export was made; their recordings are not asked for"),
		})
	}
	if r.gone > 0 {
		row(text{"廃棄", "disposed"}, text{
			fmt.Sprintf("%d 件の接続は、操作記録の検証値が廃棄済みです", r.gone),
			counted(r.gone, "of %d session the ledger does not say any more whether there is a recording",
				"of %d sessions the ledger does not say any more whether there is a recording"),
		})
	}
	if r.figures > 0 {
		row(text{"年次報告", "report"}, text{fmt.Sprintf("数値 %d 個を台帳から数え直しました", r.figures), counted(r.figures, "%d figure was counted again from the ledger", "%d figures were counted again from the ledger")})
		row(text{}, r.report.said(r.ledger.Entries))
	}
	if len(r.lost) > 0 {
		row(text{}, text{
			fmt.Sprintf("%d 個は、もとになる記載の内容が廃棄済みのため、もう数えられません: %s", len(r.lost), strings.Join(r.lost, ", ")),
			counted(len(r.lost), "%d figure cannot be counted any more, because payloads which it needs were disposed of", "%d figures cannot be counted any more, because payloads which they need were disposed of") + ": " + strings.Join(r.lost, ", "),
		})
	}
	if r.drawn+r.undrawn > 0 {
		row(text{"点検の抽出", "draws"}, text{
			fmt.Sprintf("%d 件を公開された種から計算し直しました。%d 件はまだ種が公開されていません", r.drawn, r.undrawn),
			fmt.Sprintf("%d recomputed from revealed seeds; the seeds of %d are not revealed yet", r.drawn, r.undrawn),
		})
	}
	row(text{"真正", "intact"}, verdict(r))
	row(text{"網羅", "complete"}, verdictComplete(r))
}

func verdictComplete(r result) text {
	switch {
	case r.complete() == incomplete:
		return text{fmt.Sprintf("揃っていません(%d 件中 %d 件)", r.due, r.due-len(r.missing)), fmt.Sprintf("NOT COMPLETE: %d of %s", r.due-len(r.missing), counted(r.due, "%d recording", "%d recordings"))}
	case r.complete() == complete:
		return text{fmt.Sprintf("操作記録 %d 件がすべて示されました", r.due), counted(r.due, "the %d recording was shown", "all %d recordings were shown")}
	case !r.readable():
		return text{"ファイルを読めないため、調べていません", "not examined: the file could not be read"}
	case r.ledgerErr != nil:
		return text{"台帳が合わないため、調べていません", "not examined: the ledger does not hold"}
	case r.incident != nil && r.incident.exported == nil:
		return text{"書き出しの記載がないため、調べていません", "not examined: the ledger has no entry about the export"}
	}
	return text{
		fmt.Sprintf("調べていません(台帳の知る操作記録 %d 件のうち %d 件)", r.due, r.due-len(r.missing)),
		fmt.Sprintf("not examined: %d of the %s that the ledger knows", r.due-len(r.missing), counted(r.due, "%d recording", "%d recordings")),
	}
}

// counted is the sentence for one, or for any other number; each has a placeholder for the number.
func counted(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf(one, n)
	}
	return fmt.Sprintf(many, n)
}

func notShownOf(missing, due int) string {
	if due == 1 {
		return "the 1 recording that the ledger knows was not shown"
	}
	return fmt.Sprintf(counted(missing, "%d of the %%d recordings that the ledger knows was not shown", "%d of the %%d recordings that the ledger knows were not shown"), due)
}

func verdict(r result) text {
	switch {
	case r.intact() && r.complete() == incomplete:
		return text{"示されたものは合っています", "what was shown holds"}
	case r.intact() && len(r.lost) > 0:
		return text{"数えられるものはすべて合っています", "all that can still be counted holds"}
	case r.intact():
		return text{"すべて合っています", "all holds"}
	case len(r.failures) == 1 && r.failures[0].code == unsigned().code:
		return text{"署名者が検証されていないため、確かとは言えません", "NOT SHOWN: the signer is not verified"}
	case !r.readable():
		return text{"ファイルを読めないため、調べていません", "NOT EXAMINED: the file could not be read"}
	}
	return text{"合っていません", "DOES NOT HOLD"}
}

func signer(l ledger.Report) text {
	if l.SignerVerified {
		return text{l.Signer + " 検証しました", l.Signer + ", verified"}
	}
	return text{"検証されていません", "NOT VERIFIED"}
}

// row writes one line: a heading of equal width in either language, then its value.
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
	OK   bool   `json:"ok"` // entries, order and root are valid, and so is every required signature
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
	Entry   int64  `json:"entry"` // the matching ledger entry; -1: none
	Live    bool   `json:"live"`  // under way at the export: not examined, neither ok nor an error
}

type sentMissing struct {
	Session string `json:"session"`
	Entry   int64  `json:"entry"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	File    string `json:"file,omitempty"`
}

// sayJSON writes the result as one JSON object on standard output.
func (p *program) sayJSON(r result) int {
	out := struct {
		OK         bool            `json:"ok"` // intact, and not incomplete
		Intact     bool            `json:"intact"`
		Complete   completeness    `json:"complete"`
		Figures    int             `json:"figures,omitempty"` // of the yearly report, counted again
		Report     *sentReport     `json:"report,omitempty"`
		Lost       []string        `json:"lost_figures,omitempty"` // of the yearly report, which cannot be counted any more
		Drawn      int             `json:"drawn,omitempty"`        // draws of reviews, recomputed from revealed seeds
		Undrawn    int             `json:"undrawn,omitempty"`      // whose seed is not revealed yet
		Ledger     sentLedger      `json:"ledger"`
		Recordings []sentRecording `json:"recordings"`
		Missing    []sentMissing   `json:"missing"`  // recordings named in the ledger and not shown
		Disposed   []sentDisposed  `json:"disposed"` // recordings named in the ledger, not shown, and disposed of by rule
		Due        int             `json:"due"`      // number of recordings named in the ledger
		Live       int             `json:"live"`     // sessions under way at the export
		Incident   *sentIncident   `json:"incident,omitempty"`
		Errors     []said          `json:"errors"`
	}{
		OK: r.status() == exitHolds, Intact: r.intact(), Complete: r.complete(), Missing: []sentMissing{}, Disposed: []sentDisposed{}, Due: r.due, Live: r.live,
		Figures:    r.figures,
		Report:     r.report,
		Lost:       r.lost,
		Drawn:      r.drawn,
		Undrawn:    r.undrawn,
		Ledger:     sentLedger{File: r.export, OK: r.ledgerErr == nil, Report: r.ledger},
		Recordings: []sentRecording{},
		Errors:     []said{},
	}
	if r.incident != nil {
		out.Incident = r.incident.sent()
	}
	if pr, ok := r.ledgerErr.(*ledger.Problem); ok {
		out.Ledger.Problem = &sentProblem{Line: pr.Line, Index: pr.Index, Code: pr.Code, Text: pr.Text(p.lang)}
	}
	for _, rec := range r.recordings {
		out.Recordings = append(out.Recordings, sentRecording{
			File: rec.file, OK: rec.failed == nil && !rec.live, Live: rec.live, Session: rec.session,
			SHA256: rec.digest.SHA256.String(), Size: rec.digest.Size, Entry: rec.entry,
		})
	}
	for _, d := range r.missing {
		out.Missing = append(out.Missing, sentMissing{Session: d.session, Entry: d.entry, SHA256: d.digest.SHA256.String(), Size: d.digest.Size, File: d.digest.File})
	}
	for _, d := range r.removed {
		out.Disposed = append(out.Disposed, sentDisposed{Session: d.session, Entry: d.entry, Receipt: d.receipt, Days: d.days, SHA256: d.digest.SHA256.String()})
	}
	if r.status() == exitIncomplete {
		out.Errors = append(out.Errors, p.translate(notShown(r)))
	}
	for _, f := range r.failures {
		out.Errors = append(out.Errors, p.translate(f))
	}
	e := json.NewEncoder(recordings.EscapeJSON(p.out))
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		return exitError
	}
	return r.status()
}
