package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sekimori/broker/figures"
	"sekimori/broker/ledger"
)

// reported makes an office with two entries, and the true report of their year.
func reported(t *testing.T) (*office, figures.Report) {
	t.Helper()
	o := newOffice(t)
	o.add(ledger.Draft{Kind: "session.refused", Actor: ledger.Actor{Kind: "broker"}, Payload: map[string]any{"reason": "too-early"}})
	o.add(ledger.Draft{Kind: "freeze.on", Actor: ledger.Actor{Kind: "person", ID: "U-1", Via: "cli"}, Payload: map[string]any{"incident": "I-001"}})
	from, to := figures.Year(2026, time.UTC)
	c := figures.New(from, to)
	for _, e := range o.entries {
		c.Add(e)
	}
	return o, figures.Report{FiscalYear: 2026, From: from, To: to, Entries: 2, Figures: c.Figures()}
}

// TestAYearlyReportIsCountedAgain: a true report holds, one changed figure is named with both values, and a report that is newer than the
// export or no report at all is refused.
func TestAYearlyReportIsCountedAgain(t *testing.T) {
	o, report := reported(t)
	write := func(name string, r figures.Report) string {
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		return o.write(name, b.Bytes())
	}
	good := write("annual.json", report)
	o.act("later") // after the report: it is not counted
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")
	got := verify(export, "--key", key, "--report", good)
	got.wantHolds(t)
	if !strings.Contains(got.out, "figures were counted again") {
		t.Error(got.out)
	}
	for i, f := range report.Figures {
		if f.Key != "freezes" {
			continue
		}
		report.Figures[i].Value = 0
		verify(export, "--key", key, "--report", write("changed.json", report)).wantError(t, 1, "reviews.freezes is stated as 0; counted from the ledger it is 1")
	}
	report.Entries = 9
	verify(export, "--key", key, "--report", write("newer.json", report)).wantError(t, 1, "the report counts 9 entries; this export has only 3")
	verify(export, "--key", key, "--report", o.write("none.json", []byte("{}"))).wantError(t, 1, "not a file of a yearly report's figures")
	verify(export, "--key", key, "--report", o.path("missing")).wantError(t, 1, "no such file")
}

// TestAttackFinalReportThatTheLedgerDoesNotName: a file that says it is final must be the one of the entry annual.finalised.
func TestAttackFinalReportThatTheLedgerDoesNotName(t *testing.T) {
	o := newOffice(t)
	o.add(ledger.Draft{Kind: "session.refused", Actor: ledger.Actor{Kind: "broker"}, Payload: map[string]any{"reason": "too-early"}})
	from, to := figures.Year(2026, time.UTC)
	c := figures.New(from, to)
	c.Add(o.entries[0])
	report := figures.Report{FiscalYear: 2026, From: from, To: to, Entries: 1, Figures: c.Figures()}
	digest, err := report.Digest()
	if err != nil {
		t.Fatal(err)
	}
	before, key := o.export("before.jsonl", o.checkpoint()), o.path("ledger.key")
	report.Checkpoint = string(o.checkpoint())
	o.add(ledger.Draft{Kind: ledger.KindAnnualFinal, Actor: ledger.Actor{Kind: "person", ID: "U-1", Via: "web"}, Payload: map[string]any{"fiscal_year": 2026, "figures": digest, "checkpoint": report.Checkpoint}})
	after := o.export("after.jsonl", o.checkpoint())
	write := func(name string, r figures.Report) string {
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		return o.write(name, b.Bytes())
	}
	final := write("final.json", report)
	verify(after, "--key", key, "--report", final).wantHolds(t)
	verify(before, "--key", key, "--report", final).wantError(t, 1, "it is not the report that the ledger says is final")
	other := report
	other.Checkpoint += "x"
	verify(after, "--key", key, "--report", write("checkpoint.json", other)).wantError(t, 1, "it is not the report that the ledger says is final")
	recounted := report // counted truly, over other entries than those that were agreed to
	recounted.Entries = 2
	c.Add(o.entries[1])
	recounted.Figures = c.Figures()
	verify(after, "--key", key, "--report", write("recounted.json", recounted)).wantError(t, 1, "it is not the report that the ledger says is final")
	recounted.Checkpoint = ""
	draft := write("draft.json", recounted)
	verify(after, "--key", key, "--report", draft).wantError(t, 1, "the ledger says that the report became final with other figures")
	verify(before, "--key", key, "--report", write("early.json", figures.Report{FiscalYear: 2026, From: from, To: to, Entries: 1, Figures: report.Figures})).wantHolds(t)

	o.add(ledger.Draft{Kind: ledger.KindAnnualFinal, Actor: ledger.Actor{Kind: "person", ID: "U-1", Via: "web"}, Payload: map[string]any{"fiscal_year": 2026, "figures": digest, "checkpoint": report.Checkpoint}})
	twice := o.export("twice.jsonl", o.checkpoint())
	verify(twice, "--key", key, "--report", final).wantError(t, 1, "became final twice [entries 1 and 2]")
}

// TestAttackAPartOfTheYearForTheYear gives figures that a true count over another period, or over fewer entries, gives. Another period is no report; fewer
// entries are said, and that it is a draft.
func TestAttackAPartOfTheYearForTheYear(t *testing.T) {
	o := newOffice(t)
	o.add(ledger.Draft{Kind: "freeze.on", Actor: ledger.Actor{Kind: "person", ID: "U-1", Via: "cli"}, Payload: map[string]any{"incident": "I-001"}})
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")
	from, to := figures.Year(2026, time.UTC)
	for name, r := range map[string]figures.Report{
		"a day":          {FiscalYear: 2026, From: from, To: from.AddDate(0, 0, 1), Entries: 1},
		"eleven months":  {FiscalYear: 2026, From: from, To: to.AddDate(0, -1, 0), Entries: 1},
		"a year earlier": {FiscalYear: 2026, From: from.AddDate(-1, 0, 0), To: to.AddDate(-1, 0, 0), Entries: 1},
		"an hour":        {FiscalYear: 2026, From: from.Add(time.Hour), To: to, Entries: 1},
		"no year":        {From: from, To: to, Entries: 1},
		"no entry":       {FiscalYear: 2026, From: from, To: to},
	} {
		c := figures.New(r.From, r.To)
		for _, e := range o.entries[:r.Entries] {
			c.Add(e)
		}
		r.Figures = c.Figures()
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		got := verify(export, "--key", key, "--report", o.write("report.json", b.Bytes()))
		if name == "no entry" {
			got.wantHolds(t)
			if !strings.Contains(got.out, "the first 0 of 1 entries: a DRAFT, not final") {
				t.Errorf("%s: %s", name, got.out)
			}
			continue
		}
		got.wantError(t, 1, "not a file of a yearly report's figures")
	}
}

// TestEveryByteOfAFinalReportFlipped: no byte of a final report's file can change unseen, and the message names the file or the figure.
func TestEveryByteOfAFinalReportFlipped(t *testing.T) {
	o := newOffice(t)
	o.add(ledger.Draft{Kind: "session.refused", Actor: ledger.Actor{Kind: "broker"}, Payload: map[string]any{"reason": "too-early"}})
	from, to := figures.Year(2026, time.FixedZone("JST", 9*3600))
	c := figures.New(from, to)
	c.Add(o.entries[0])
	report := figures.Report{FiscalYear: 2026, From: from, To: to, Entries: 1, Figures: c.Figures(), Checkpoint: string(o.checkpoint())}
	digest, err := report.Digest()
	if err != nil {
		t.Fatal(err)
	}
	o.add(ledger.Draft{Kind: ledger.KindAnnualFinal, Actor: ledger.Actor{Kind: "person", ID: "U-1", Via: "web"}, Payload: map[string]any{"fiscal_year": 2026, "figures": digest, "checkpoint": report.Checkpoint}})
	var b bytes.Buffer
	if err := report.Write(&b); err != nil {
		t.Fatal(err)
	}
	fault := func(file []byte) *failure {
		r, err := figures.Read(bytes.NewReader(file))
		if err != nil {
			return &failure{code: "report-unreadable"}
		}
		again := newRecount(&r)
		for _, e := range o.entries {
			again.add(e)
		}
		return again.differs("report.json", int64(len(o.entries)))
	}
	good := b.Bytes()
	if f := fault(good); f != nil {
		t.Fatalf("the report itself: %+v", f)
	}
	for i := range good[:len(good)-1] { // the last is the end of the line
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if f := fault(bad); f == nil || f.code != "report-unreadable" && !strings.HasPrefix(f.message.en, "report.json: ") {
			t.Errorf("byte %d of %d flipped: %+v", i, len(good), f)
		}
	}
}
