package main

import (
	"errors"
	"io"
	"os"

	"sekimori/broker/ledger"
)

// result is everything that was found out.
type result struct {
	export     string
	ledger     ledger.Report
	ledgerErr  error // nil: the entries, their tree and what was asked of the checkpoint hold
	recordings []recording
	failures   []failure // all that keep the result from holding, the ledger's first
}

func (r result) holds() bool { return len(r.failures) == 0 }

// verify does the long work: the recordings' own chains first, because then only their sessions
// need to be remembered from the ledger; the ledger; the one against the other.
func (p *program) verify(a arguments, in inputs) result {
	r := result{export: a.export}
	bar := p.progress()
	wanted := map[string][]ended{}
	for i, name := range a.recordings {
		bar.recording(i+1, len(a.recordings))
		rec := readRecording(name)
		if rec.session != "" {
			wanted[rec.session] = nil
		}
		r.recordings = append(r.recordings, rec)
	}
	r.ledger, r.ledgerErr = p.verifyLedger(a.export, in, wanted, bar)
	bar.clear()

	if r.ledgerErr != nil {
		r.failures = append(r.failures, ledgerFailure(a, r.ledgerErr))
	}
	if !r.ledger.SignerVerified && (r.ledgerErr == nil || in.key == nil) {
		r.failures = append(r.failures, unsigned())
	}
	for i := range r.recordings {
		rec := &r.recordings[i]
		if rec.failed == nil {
			rec.compare(wanted[rec.session], r.ledgerErr == nil)
		}
		if rec.failed != nil {
			r.failures = append(r.failures, *rec.failed)
		}
	}
	return r
}

func (p *program) verifyLedger(name string, in inputs, wanted map[string][]ended, bar *progress) (ledger.Report, error) {
	src, size := p.in, int64(0)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return ledger.Report{}, err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		src = f
	}
	counted := &counter{r: src}
	return ledger.Verify(counted, ledger.VerifyOptions{
		Key:       in.key,
		Witnesses: in.witnesses,
		Since:     in.since,
		Entry:     func(e ledger.Entry) error { remember(wanted, e); return nil },
		Progress:  func(n int64) { bar.entries(n, counted.n, size) },
	})
}

// counter knows how many bytes have been read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// ledgerFailure says what is wrong with the export, or that it could not be read.
func ledgerFailure(a arguments, err error) failure {
	var p *ledger.Problem
	if !errors.As(err, &p) {
		return *fileFailure(a.export, err)
	}
	name := a.export
	if p.Line == 0 {
		name = a.since // the fault lies in the older checkpoint
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
			"--key FILE で、書き出しとは別の経路で受け取った台帳の公開鍵を渡してください",
			"give the ledger's public key with --key FILE, obtained by another way than the export",
		},
	}
}
