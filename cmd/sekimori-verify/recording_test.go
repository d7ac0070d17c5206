package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecordingProblems(t *testing.T) {
	o := newOffice(t)
	good, d := o.record("S-20261124-01")
	o.ended("S-20261124-01", d)
	unknown, _ := o.record("S-20261124-02")
	unnamed, _ := o.record("S-20261124-03")
	o.ended("S-20261124-03", nil)
	longer, d4 := o.record("S-20261124-04")
	d4.Size++
	o.ended("S-20261124-04", d4)
	replaced, d5 := o.record("S-20261124-05")
	d5.SHA256[0] ^= 1
	o.ended("S-20261124-05", d5)
	disposed, d6 := o.record("S-20261124-06")
	o.ended("S-20261124-06", d6)
	o.entries[len(o.entries)-1] = o.entries[len(o.entries)-1].Dispose()
	file := o.read("S-20261124-01.skr")
	cut := o.write("cut.skr", file[:len(file)-1])
	file[len(file)/2] ^= 1
	damaged := o.write("damaged.skr", file)
	none := o.write("none.skr", []byte("no recording"))
	export := o.export("ledger.jsonl", o.checkpoint())
	key := o.path("ledger.key")

	verify(export, "--key", key, "--recording", good).wantHolds(t)
	for name, c := range map[string]struct{ file, says string }{
		"its session is not in the ledger":   {unknown, "no session.ended entry for session S-20261124-02"},
		"the entry names no recording":       {unnamed, "entry 1, the end of session S-20261124-03, names no recording"},
		"the entry has another size":         {longer, "size is not that in entry 2"},
		"the entry has another digest":       {replaced, "digest is not that in entry 3"},
		"the entry's payload is disposed of": {disposed, "payload of entry 4"},
		"a byte is flipped":                  {damaged, "damaged.skr: "},
		"its end is missing":                 {cut, "cut.skr: "},
		"it is none":                         {none, "none.skr: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := verify(export, "--key", key, "--recording", good, c.file)
			got.wantError(t, 1, c.says)
			if !strings.Contains(got.out, "session S-20261124-01") || !strings.Contains(got.out, "DOES NOT HOLD") {
				t.Error(got.out)
			}
		})
	}
	// Against a ledger that does not hold nothing is compared.
	got := verify(export, "--key", o.path("other.key"), "--recording", good)
	got.wantError(t, 1, "no valid signature")
	if !strings.Contains(got.err, "not held against its digest") {
		t.Error(got.err)
	}
}

// Every byte of a recording matters: the ledger's digest finds what its own chain would not.
func TestEveryByteOfARecordingFlipped(t *testing.T) {
	o := newOffice(t)
	path, d := o.record("S-20261124-01")
	o.ended("S-20261124-01", d)
	export := o.export("ledger.jsonl", o.checkpoint())
	good := o.read(filepath.Base(path))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		got := verify(export, "--key", o.path("ledger.key"), "--recording", o.write("bad.skr", bad))
		got.wantError(t, 1, "bad.skr: ")
	}
}
