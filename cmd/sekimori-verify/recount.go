package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"sekimori/broker/figures"
	"sekimori/broker/ledger"
)

// recount counts the figures of a yearly report again. A nil one counts nothing.
type recount struct {
	report  figures.Report
	counter *figures.Counter
	lost    []string  // figures that cannot be counted any more
	final   finalised // what the ledger says of the report; the first such entry
	again   int64     // entry that says otherwise of the same year; 0: none does
}

// finalised are the members of an entry annual.finalised that a report is compared with.
type finalised struct {
	FiscalYear int    `json:"fiscal_year"`
	Figures    string `json:"figures"`
	Checkpoint string `json:"checkpoint"`

	entry int64
}

func newRecount(r *figures.Report) *recount {
	if r == nil {
		return nil
	}
	return &recount{report: *r, counter: figures.New(r.From, r.To)}
}

// add counts an entry, where the report was made with it.
func (c *recount) add(e ledger.Entry) {
	if c == nil {
		return
	}
	if e.Index < c.report.Entries {
		c.counter.Add(e)
	}
	var f finalised
	if e.Kind != ledger.KindAnnualFinal || json.Unmarshal(e.Payload, &f) != nil || f.FiscalYear != c.report.FiscalYear {
		return
	}
	switch f.entry = e.Index; {
	case c.final.Figures == "":
		c.final = f
	case c.again == 0: // the broker makes a year final once
		c.again = f.entry
	}
}

// isFinal tells whether the report is the one that the ledger says is final.
func (c *recount) isFinal() bool {
	digest, err := c.report.Digest()
	return err == nil && digest == c.final.Figures && c.report.Checkpoint == c.final.Checkpoint
}

// otherwise tells that the ledger names another report of the year as final, or names two. A draft holds as long as no report is final: without its
// checkpoint, a report over fewer entries would pass for the year's.
func (c *recount) otherwise(name string) *failure {
	digest, err := c.report.Digest()
	switch {
	case err != nil:
		return fileFailure(name, err)
	case c.again > 0:
		return &failure{code: "report-final-twice", message: text{
			fmt.Sprintf("%s: 台帳では、令和%d年度の年次報告が二度確定しています [記載 %d と %d]", name, c.report.FiscalYear-2018, c.final.entry, c.again),
			fmt.Sprintf("%s: in the ledger the report of fiscal year %d became final twice [entries %d and %d]", name, c.report.FiscalYear, c.final.entry, c.again),
		}, hint: text{"年次報告の確定は年度に一度だけです。情報システム課と監査へ知らせてください", "a year becomes final once; tell the information-systems section and the auditor"}}
	case c.report.Checkpoint == "" && (c.final.Figures == "" || c.final.Figures == digest), c.isFinal():
		return nil
	case c.report.Checkpoint == "":
		return &failure{code: "report-superseded", message: text{
			fmt.Sprintf("%s: 年次報告の案です。台帳では別の数値で確定しています [台帳: %s(記載 %d) / ファイル: %s]", name, c.final.Figures, c.final.entry, digest),
			fmt.Sprintf("%s: this is a draft, and the ledger says that the report became final with other figures [ledger: %s (entry %d) / file: %s]", name, c.final.Figures, c.final.entry, digest),
		}, hint: text{"確定した検証ファイルを使ってください", "use the final verification file"}}
	}
	return &failure{code: "report-not-final", message: text{
		fmt.Sprintf("%s: 確定した年次報告とありますが、台帳で確定したものではありません [台帳: %s / ファイル: %s]", name, c.final.Figures, digest),
		fmt.Sprintf("%s: it says that it is final, but it is not the report that the ledger says is final [ledger: %s / file: %s]", name, c.final.Figures, digest),
	}, hint: text{"確定した後の台帳の書き出しと、確定した検証ファイルを使ってください。それでも違えば、情報システム課と監査へ知らせてください",
		"use an export made after the report became final, and the final verification file; if they still differ, tell the information-systems section and the auditor"}}
}

// sentReport tells programs over which entries the figures were counted.
type sentReport struct {
	FiscalYear int       `json:"fiscal_year"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Entries    int64     `json:"entries"` // the first so many of the ledger
	Final      bool      `json:"final"`   // the ledger says so; false: a draft
}

// counted says over what the figures were counted; nil: no report was given.
func (c *recount) counted() *sentReport {
	if c == nil {
		return nil
	}
	return &sentReport{c.report.FiscalYear, c.report.From, c.report.To, c.report.Entries, c.isFinal()}
}

// said tells a reader over what the figures were counted. all is how many entries the export has.
func (s sentReport) said(all int64) text {
	state := text{"案(確定していません)", "a DRAFT, not final"}
	if s.Final {
		state = text{"確定した報告です", "the final report"}
	}
	return text{fmt.Sprintf("令和%d年度(%s から %s の前まで)、台帳の先頭 %d 件(全 %d 件): %s", s.FiscalYear-2018, s.From.Format(time.RFC3339), s.To.Format(time.RFC3339), s.Entries, all, state.ja),
		fmt.Sprintf("fiscal year %d (from %s to before %s), the first %d of %d entries: %s", s.FiscalYear, s.From.Format(time.RFC3339), s.To.Format(time.RFC3339), s.Entries, all, state.en)}
}

// figures is how many figures were compared, and which of them cannot be counted any more.
func (c *recount) figures() (n int, lost []string) {
	if c == nil {
		return 0, nil
	}
	return max(len(c.report.Figures)-len(c.lost), 0), c.lost
}

// differs names the first figure that is not what the ledger says, or says that the ledger names another report as final. nil: all agree.
func (c *recount) differs(name string, entries int64) *failure {
	if c == nil {
		return nil
	}
	if c.report.Entries > entries {
		return &failure{code: "report-newer", message: text{
			fmt.Sprintf("%s: 年次報告は記載 %d 件までの数値です。この書き出しには %d 件しかありません", name, c.report.Entries, entries),
			fmt.Sprintf("%s: the report counts %d entries; this export has only %d", name, c.report.Entries, entries),
		}, hint: text{"年次報告より後の台帳の書き出しを使ってください", "use an export made after the report"}}
	}
	d := c.report.Compare(c.counter)
	c.lost = d.Lost
	if d.Figure == "" {
		return c.otherwise(name)
	}
	return &failure{code: "report-differs", message: text{
		fmt.Sprintf("%s: %s は %s とありますが、台帳から数えると %s です", name, d.Figure, d.Stated, d.Recounted),
		fmt.Sprintf("%s: %s is stated as %s; counted from the ledger it is %s", name, d.Figure, d.Stated, d.Recounted),
	}, hint: text{"年次報告の検証ファイルが台帳のものと違います。報告を作り直すか、情報システム課と監査へ知らせてください", "the report is not that of this ledger; have it made anew, or tell the information-systems section and the auditor"}}
}

func (in *inputs) loadReport(name string) *failure {
	f, err := os.Open(name)
	if err != nil {
		return fileFailure(name, err)
	}
	defer f.Close()
	r, err := figures.Read(f)
	if err != nil {
		return &failure{code: "report-unreadable", message: text{name + ": 年次報告の検証ファイルとして読めません", name + ": not a file of a yearly report's figures"},
			hint: text{"関守の年次報告の画面か sekimori annual export FY --format json で作ったファイルを渡してください", "give the file made on the page of the yearly report or by sekimori annual export FY --format json"}}
	}
	in.report = &r
	return nil
}
