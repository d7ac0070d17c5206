package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"sekimori/broker/ledger"
)

// result holds all findings.
type result struct {
	export     string
	ledger     ledger.Report
	ledgerErr  error // nil: the entries, their tree and the checkpoint's required signatures are valid
	recordings []recording
	failures   []failure // the ledger's first; empty: intact

	incident *incident // what an incident's bundle says of itself; nil: none was given

	due     int         // number of recordings named in the ledger
	missing []due       // those of them not shown, or shown with a fault
	live    int         // sessions under way at the export
	removed []disposed  // recordings that were not shown because they were disposed of by rule; not counted as due
	gone    int         // ended sessions for which the ledger no longer says whether there is a recording
	figures int         // of the yearly report that were counted again; 0: none was given
	report  *sentReport // over what they were counted
	lost    []string    // figures of it that cannot be counted any more, because payloads which they need were disposed of
	drawn   int         // draws of reviews that agree with a revealed seed
	undrawn int         // draws whose seed is not revealed yet
	partial bool        // the auditor declared the recordings a selection

	proof  bool         // export is a proof of one entry
	proved ledger.Entry // that entry, once proved
}

// intact reports that everything shown is what was signed.
func (r result) intact() bool { return len(r.failures) == 0 }

// completeness says whether every recording was shown.
type completeness string

const (
	complete    completeness = "yes"
	incomplete  completeness = "no"
	notExamined completeness = "not-examined" // no recording was given, or a selection, or the ledger is invalid
)

// examined is the number of shown recordings of ended sessions.
func (r result) examined() (n int) {
	for _, rec := range r.recordings {
		if !rec.live {
			n++
		}
	}
	return n
}

func (r result) complete() completeness {
	switch {
	case r.ledgerErr != nil, r.examined() == 0 && r.due > 0, r.partial:
		return notExamined
	case len(r.missing) > 0:
		return incomplete
	}
	return complete
}

// readable reports that the export or proof could be read at all.
func (r result) readable() bool {
	return r.ledgerErr == nil || errors.As(r.ledgerErr, new(*ledger.Problem))
}

// status is the exit status of both verdicts.
func (r result) status() int {
	switch {
	case !r.intact():
		return exitError
	case r.complete() == incomplete:
		return exitIncomplete
	}
	return exitHolds
}

// verify does the long work: the recordings' own chains, the ledger, and the comparison of both.
func (p *program) verify(a arguments, in inputs) result {
	if a.incident != "" {
		return p.verifyIncident(a, in)
	}
	r := result{export: a.export, partial: a.partial, proof: a.proof != ""}
	if r.proof {
		r.export = a.proof
	}
	bar := p.progress()
	for i, name := range a.recordings {
		bar.recording(i+1, len(a.recordings))
		r.recordings = append(r.recordings, readRecording(name))
	}
	said, counted := newKnown(), newRecount(in.report)
	if r.proof {
		r.ledger, r.ledgerErr = p.verifyProof(a.proof, in, said, &r.proved)
	} else {
		r.ledger, r.ledgerErr = p.verifyLedger(a.export, in, said, counted, bar)
	}
	bar.clear()
	r.judge(a, in, said, said.recordings())
	if r.ledgerErr == nil {
		if f := counted.differs(a.report, r.ledger.Entries); f != nil {
			r.failures = append(r.failures, *f)
		}
		r.figures, r.lost = counted.figures()
		r.report = counted.counted()
		if !r.proof {
			r.failures = append(r.failures, said.draws.differs(r.export)...)
			r.drawn, r.undrawn = said.draws.recomputed()
		}
	}
	return r
}

// judge compares the recordings with the ledger. all are the recordings that should be shown.
func (r *result) judge(a arguments, in inputs, ledger *known, all []due) {
	if r.ledgerErr != nil {
		r.failures = append(r.failures, ledgerFailure(r.export, a.since, r.ledgerErr))
	}
	if !r.ledger.SignerVerified && (r.ledgerErr == nil || in.key == nil && in.policy == nil) {
		r.failures = append(r.failures, unsigned())
	}
	for _, u := range ledger.bad {
		r.failures = append(r.failures, failure{
			code: "end-unreadable",
			message: text{
				fmt.Sprintf("%s: 記載 %d(%s)の内容が定められた形ではありません [%v]", r.export, u.entry, u.kind, u.why),
				fmt.Sprintf("%s: the payload of entry %d (%s) is not what the format says: %v", r.export, u.entry, u.kind, u.why),
			},
			hint: hintReplaced,
		})
	}
	shown := map[string]bool{}
	r.due, r.live, r.gone = len(all), len(ledger.live), ledger.gone
	for i := range r.recordings {
		rec := &r.recordings[i]
		rec.underWay(ledger, r.ledgerErr == nil)
		if rec.failed == nil && !rec.live {
			rec.compare(ledger.ends[rec.session], r.ledgerErr == nil, r.proof)
		}
		rec.named(all)
		rec.keysBeside()
		if rec.failed != nil {
			r.failures = append(r.failures, *rec.failed)
			continue
		}
		shown[rec.session] = !rec.live
	}
	for _, d := range all {
		if early := ledger.early(r.export, d); early != nil && r.ledgerErr == nil {
			r.failures = append(r.failures, *early)
		}
		if shown[d.session] {
			continue
		}
		if gone, ok := ledger.disposal(d); ok && r.ledgerErr == nil {
			r.removed = append(r.removed, gone)
			r.due--
			continue
		}
		r.missing = append(r.missing, d)
	}
}

// emptyReport is the report of a file that could not be read.
func emptyReport() ledger.Report {
	return ledger.Report{FirstDisposed: -1, SinceSize: -1, TextSize: -1}
}

func (p *program) verifyLedger(name string, in inputs, k *known, c *recount, bar *progress) (ledger.Report, error) {
	src, size := p.in, int64(0)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return emptyReport(), err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		src = f
	}
	return verifyLedgerOf(src, size, in, k, c, bar)
}

// verifyLedgerOf verifies an export of size bytes; 0: unknown.
func verifyLedgerOf(src io.Reader, size int64, in inputs, k *known, c *recount, bar *progress) (ledger.Report, error) {
	counted := &counter{r: src}
	return ledger.Verify(counted, ledger.VerifyOptions{
		Key:       in.key,
		Policy:    in.policy,
		Text:      in.paper,
		Witnesses: in.witnesses,
		Since:     in.since,
		Entry:     func(e ledger.Entry) error { k.remember(e); c.add(e); return nil },
		Progress:  func(n int64) { bar.entries(n, counted.n, size) },
	})
}

// verifyProof is verifyLedger for the proof of one entry.
func (p *program) verifyProof(name string, in inputs, k *known, proved *ledger.Entry) (ledger.Report, error) {
	b, err := readBounded(name, ledger.MaxProof)
	if err != nil {
		return emptyReport(), err
	}
	return ledger.VerifyProof(b, ledger.VerifyOptions{
		Key: in.key, Policy: in.policy, Text: in.paper, Witnesses: in.witnesses,
		Entry: func(e ledger.Entry) error { k.remember(e); *proved = e; return nil },
	})
}

// counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// ledgerFailure describes a fault of the export, or of reading it or the older checkpoint.
func ledgerFailure(export, since string, err error) failure {
	var p *ledger.Problem
	if !errors.As(err, &p) {
		return *fileFailure(export, err)
	}
	name := export
	if p.Line == 0 && since != "" {
		name = since // the fault is in the older checkpoint
	}
	return failure{
		code:    string(p.Code),
		message: text{name + ": " + p.Text("ja"), name + ": " + p.Text("en")},
		hint:    hintFor(p.Code),
	}
}

func unsigned() failure {
	return failure{
		code:    "signer-not-verified",
		message: text{"署名者が検証されていません(台帳の公開鍵が与えられていません)", "signer not verified: no public key of the ledger was given"},
		hint: text{
			"--policy FILE(または --key FILE)で、書き出しとは別の経路で受け取った方針か公開鍵を渡してください",
			"give a policy with --policy FILE, or the ledger's key with --key FILE, obtained by another way than the export",
		},
	}
}
