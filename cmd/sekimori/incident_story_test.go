package main

import (
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"sekimori/broker/bundle"
	"sekimori/broker/ledger"
	"sekimori/recordings"
)

// bundleStory checks an evidence bundle without the broker:
//
//	bundle FILE 'INCIDENT real|drill' RECORDINGS
//
// Its files are as listed, its ledger holds and ends with the entry about the export, and so many recordings hold by themselves.
func bundleStory(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: bundle FILE 'INCIDENT real|drill' RECORDINGS")
	}
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	info, err := f.Stat()
	ts.Check(err)
	b, err := bundle.Open(f, info.Size())
	ts.Check(err)
	ts.Check(b.Check(context.Background(), nil))
	m, kind := b.Manifest, "real"
	if m.Drill {
		kind = "drill"
	}
	if got := m.Incident + " " + kind; got != args[1] {
		ts.Fatalf("the bundle is of %s, not of %s", got, args[1])
	}
	key := make([]byte, b.File(bundle.LedgerKey).Size())
	_, err = b.File(bundle.LedgerKey).ReadAt(key, 0)
	ts.Check(err)
	verifier, err := ledger.ParseKey(strings.TrimSpace(string(key)))
	ts.Check(err)
	last := ""
	report, err := ledger.Verify(b.File(bundle.Ledger), ledger.VerifyOptions{Key: verifier, Entry: func(e ledger.Entry) error { last = e.Kind; return nil }})
	if ts.Check(err); !report.SignerVerified || last != "incident.exported" {
		ts.Fatalf("the bundle's ledger ends with %s: %+v", last, report)
	}
	whole := 0
	for _, r := range m.Recordings {
		if r.State == bundle.Whole {
			_, err := recordings.VerifyReader(b.File(r.File))
			ts.Check(err)
			whole++
		}
	}
	if strconv.Itoa(whole) != args[2] {
		ts.Fatalf("%d recordings hold, not %s: %+v", whole, args[2], m.Recordings)
	}
	for _, name := range []string{bundle.TimelineJA, bundle.TimelineEN, bundle.Readme} {
		text := make([]byte, b.File(name).Size())
		_, err := b.File(name).ReadAt(text, 0)
		if ts.Check(err); m.Drill != (strings.Contains(string(text), "DRILL") || strings.Contains(string(text), "訓練 ")) {
			ts.Fatalf("%s says of a drill that it is none, or the other way:\n%s", name, text)
		}
	}
}
