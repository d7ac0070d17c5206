package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekimori/broker/bundle"
	"sekimori/broker/ledger"
)

// one and two are the sessions of the incident; other is one that it does not hold.
const one, two, other = "S-20261124-01", "S-20261124-02", "S-20261124-03"

// incidentOffice has a ledger in which an auditor exported incident I-004 with the sessions one and two.
func incidentOffice(t *testing.T) *office {
	o := newOffice(t)
	for _, session := range []string{one, two, other} {
		_, d := o.record(session)
		o.ended(session, d)
	}
	o.exported("I-004", one, two)
	return o
}

func (o *office) exported(incident string, sessions ...string) {
	o.add(ledger.Draft{Kind: "incident.exported", Actor: ledger.Actor{Kind: "person", ID: "U-007", Via: "cli"}, Subjects: []string{incident, "U-007"},
		Payload: map[string]any{"incident": incident, "purpose": "incident", "sessions": sessions}})
}

// bundle makes the bundle as the broker does, with change applied to the manifest before it is written.
func (o *office) bundle(name string, change func(*bundle.Manifest), sessions ...string) string {
	o.t.Helper()
	export, err := os.ReadFile(o.export("bundled.jsonl", o.checkpoint()))
	if err != nil {
		o.t.Fatal(err)
	}
	return o.bundleOf(name, export, change, sessions...)
}

func (o *office) bundleOf(name string, export []byte, change func(*bundle.Manifest), sessions ...string) string {
	o.t.Helper()
	var out bytes.Buffer
	at := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	w := bundle.NewWriter(&out, at)
	m := bundle.Manifest{Incident: "I-004", MadeAt: at, By: "U-007", Purpose: "incident", Entry: 3}
	add := func(name string, b []byte) {
		if _, _, err := w.Add(name, func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
			o.t.Fatal(err)
		}
	}
	add(bundle.Ledger, export)
	for _, session := range sessions {
		name, _ := bundle.RecordingName(session)
		add(name, o.read(session+".skr"))
		rec := bundle.Recording{Session: session, State: bundle.Whole, File: name}
		if keys, err := os.ReadFile(o.path(session + ".skr.keys")); err == nil {
			rec.Keys = bundle.KeysName(name)
			add(rec.Keys, keys)
		}
		m.Recordings = append(m.Recordings, rec)
	}
	for _, name := range []string{bundle.LedgerKey, bundle.Readme, bundle.TimelineJA, bundle.TimelineEN} {
		add(name, []byte(name))
	}
	if change != nil {
		change(&m)
	}
	if err := w.Close(m); err != nil {
		o.t.Fatal(err)
	}
	return o.write(name, out.Bytes())
}

func TestABundleHolds(t *testing.T) {
	o := incidentOffice(t)
	file := o.bundle("I-004.zip", nil, one, two)
	got := verify("--incident", file, "--key", o.path("ledger.key"))
	got.wantHolds(t)
	for _, s := range []string{"incident     I-004", "7 files: all as listed", "session " + one, "session " + two, "all 2 recordings were shown"} {
		if !strings.Contains(got.out, s) {
			t.Errorf("does not say %q\n%s", s, got.out)
		}
	}
	if strings.Contains(got.out, "DRILL") || strings.Contains(got.out, other) {
		t.Error(got.out)
	}
	// A key beside the ledger proves nothing: without one that came another way, the signer is not verified.
	verify("--incident", file).wantError(t, 1, "signer not verified")
	verify("--incident", file, "--key", o.path("other.key")).wantError(t, 1, "no valid signature")
	verify("--incident", file, file).wantError(t, 2)
	verify("--incident", o.path("none.zip"), "--key", o.path("ledger.key")).wantError(t, 1, "no such file")

	var sent struct {
		OK       bool
		Complete string
		Incident struct {
			Incident string
			Same     bool
			Entry    int64
		}
	}
	got = verify("--incident", file, "--key", o.path("ledger.key"), "--json")
	if err := json.Unmarshal([]byte(got.out), &sent); err != nil || !sent.OK || sent.Complete != "yes" || sent.Incident.Incident != "I-004" || sent.Incident.Entry != 3 || !sent.Incident.Same {
		t.Errorf("%v\n%s", err, got.out)
	}
}

// A person who can write archives and manifests as the broker does changes a bundle after its export; each change is named.
func TestAttackTamperedBundles(t *testing.T) {
	o := incidentOffice(t)
	key := o.path("ledger.key")
	good, err := os.ReadFile(o.export("good.jsonl", o.checkpoint()))
	if err != nil {
		t.Fatal(err)
	}
	edited := bytes.Replace(good, []byte(two), []byte(other), 1)
	lines := bytes.SplitAfter(good, []byte("\n"))
	cut := bytes.Join(append(append([][]byte{}, lines[:4]...), lines[5:]...), nil)
	swapped := o.read(two + ".skr")
	damaged := bytes.Clone(swapped)
	damaged[len(damaged)/2] ^= 1
	with := func(name string, recording []byte, change func(*bundle.Manifest)) string {
		o.write(two+".skr", recording)
		defer o.write(two+".skr", swapped)
		return o.bundle(name, change, one, two)
	}
	flipped, err := os.ReadFile(o.bundle("flipped.zip", nil, one, two))
	if err != nil {
		t.Fatal(err)
	}
	flipped[bytes.Index(flipped, []byte("README.txt"))+20] ^= 1
	for name, c := range map[string]struct{ file, says string }{
		"an entry is edited":              {o.bundleOf("a.zip", edited, nil, one, two), "ledger.jsonl: line"},
		"the entry of the export is cut":  {o.bundleOf("b.zip", cut, nil, one, two), "ledger.jsonl: line"},
		"a byte of a recording":           {with("c.zip", damaged, nil), "recordings/" + two + ".skr: "},
		"another session's recording":     {with("d.zip", o.read(one+".skr"), nil), "is that of session " + one},
		"a recording taken out":           {o.bundle("e.zip", nil, one), "session " + two + ", which entry 3 says was exported, is not in the manifest"},
		"a recording put in":              {o.bundle("f.zip", nil, one, two, other), "session " + other + " is not among those"},
		"another incident":                {o.bundle("g.zip", func(m *bundle.Manifest) { m.Incident = "I-005" }, one, two), "the incident is not that of the last export"},
		"a real one made to a drill":      {o.bundle("h.zip", func(m *bundle.Manifest) { m.Drill = true }, one, two), "the drill or not is not that"},
		"another person":                  {o.bundle("i.zip", func(m *bundle.Manifest) { m.By = "U-001" }, one, two), "the person is not that"},
		"another purpose":                 {o.bundle("j.zip", func(m *bundle.Manifest) { m.Purpose = "periodic-review" }, one, two), "the purpose is not that"},
		"another entry":                   {o.bundle("k.zip", func(m *bundle.Manifest) { m.Entry = 2 }, one, two), "the number of the entry is not that"},
		"a byte between the files":        {o.write("l.zip", flipped), "l.zip: "},
		"no archive":                      {o.write("m.zip", []byte("PK")), "as it came, not packed anew"},
		"a directory in place of a file":  {filepath.Dir(key), "no regular file"},
		"a recording said to be an older": {with("n.zip", swapped[:len(swapped)-9], func(m *bundle.Manifest) { m.Recordings[1].State = bundle.Damaged }), "recordings/" + two + ".skr: "},
	} {
		got := verify("--incident", c.file, "--key", key)
		if got.status != 1 || !strings.Contains(got.err, c.says) || strings.Contains(got.out, "all holds") {
			t.Errorf("%s: %d\n%s%s", name, got.status, got.out, got.err)
		}
	}
	// One that is called disposed of counts as missing where the ledger has no receipt.
	if got := verify("--incident", o.bundle("disposed.zip", func(m *bundle.Manifest) {
		m.Recordings = append(m.Recordings, bundle.Recording{Session: two, State: bundle.Disposed})
	}, one), "--key", key); got.status != 3 || !strings.Contains(got.out, "not shown    session "+two) {
		t.Errorf("%d\n%s%s", got.status, got.out, got.err)
	}
	// A recording that is called missing leaves the bundle valid, and not complete: the ledger knows of it.
	got := verify("--incident", o.bundle("missing.zip", func(m *bundle.Manifest) {
		m.Recordings = append(m.Recordings, bundle.Recording{Session: two, State: bundle.Missing, Finding: "missing"})
	}, one), "--key", key)
	if got.status != 3 || !strings.Contains(got.out, "not shown    session "+two) || !strings.Contains(got.out, "did not hold when the bundle was made (missing)") {
		t.Errorf("%d\n%s%s", got.status, got.out, got.err)
	}
}

// A session whose end the ledger does not have is not taken for complete.
func TestABundleDuringASession(t *testing.T) {
	o := newOffice(t)
	o.add(ledger.Draft{Kind: "session.opening", Actor: ledger.Actor{Kind: "broker"}, Subjects: []string{one}})
	o.exported("I-004", one)
	file := o.bundle("live.zip", func(m *bundle.Manifest) {
		m.Entry, m.Recordings = 1, []bundle.Recording{{Session: one, State: bundle.Live}}
	})
	got := verify("--incident", file, "--key", o.path("ledger.key"), "--lang", "ja")
	if got.status != 0 || !strings.Contains(got.out, "1 件の接続が続いていました") {
		t.Errorf("%d\n%s%s", got.status, got.out, got.err)
	}
}

// A drill's bundle says so in both languages.
func TestABundleOfADrill(t *testing.T) {
	o := newOffice(t)
	o.add(ledger.Draft{Kind: "incident.exported", Actor: ledger.Actor{Kind: "person", ID: "U-007", Via: "cli"}, Subjects: []string{"I-004", "U-007"},
		Payload: map[string]any{"incident": "I-004", "purpose": "incident", "sessions": []string{}, "drill": true}})
	file := o.bundle("drill.zip", func(m *bundle.Manifest) { m.Entry, m.Drill = 0, true })
	for lang, says := range map[string]string{"ja": "訓練 I-004", "en": "DRILL I-004"} {
		if got := verify("--incident", file, "--key", o.path("ledger.key"), "--lang", lang); got.status != 0 || !strings.Contains(got.out, says) {
			t.Errorf("%d\n%s%s", got.status, got.out, got.err)
		}
	}
}
