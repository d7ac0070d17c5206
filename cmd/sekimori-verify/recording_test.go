package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"sekimori/broker/ledger"
	"sekimori/recordings"
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
	o.dispose(len(o.entries) - 1)
	file := o.read("S-20261124-01.skr")
	cut := o.write("cut.skr", file[:len(file)-1])
	file[len(file)/2] ^= 1
	damaged := o.write("damaged.skr", file)
	none := o.write("none.skr", []byte("no recording"))
	export := o.export("ledger.jsonl", o.checkpoint())
	key := o.path("ledger.key")

	verify(export, "--key", key, "--recording", good, "--partial").wantHolds(t)
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
	// Nothing is compared with an invalid ledger.
	got := verify(export, "--key", o.path("other.key"), "--recording", good)
	got.wantError(t, 1, "no valid signature")
	if !strings.Contains(got.err, "not held against its digest") {
		t.Error(got.err)
	}
}

// A keys file beside a recording is checked too. A fault of it is not said of the recording.
func TestAttackKeysFileOfAnotherRecording(t *testing.T) {
	o := newOffice(t)
	auditor, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, session := range []string{"S-20261124-01", "S-20261124-02"} {
		file, d := o.record(session)
		o.ended(session, d)
		if _, err := recordings.Share(file, nil, session, auditor.Recipient().String(), o.viewing); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")
	verify(export, "--key", key, "--recording", files[0], files[1]).wantHolds(t)

	o.write("S-20261124-01.skr.keys", o.read("S-20261124-02.skr.keys"))
	got := verify(export, "--key", key, "--recording", files[0], files[1])
	got.wantError(t, 1, "S-20261124-01.skr.keys", "belongs to another recording")
	o.write("S-20261124-02.skr.keys", []byte("nonsense"))
	got = verify(export, "--key", key, "--recording", files[1], "--partial", "--lang", "ja")
	got.wantError(t, 1, "鍵ファイル S-20261124-02.skr.keys が壊れているか")
}

// The session number comes from inside the file: B's recording under A's name is B's, and A's was not shown.
func TestAttackAnotherSessionsFileUnderThisName(t *testing.T) {
	o := newOffice(t)
	a, da := o.record("S-20261124-01")
	b, db := o.record("S-20261124-02")
	o.ended("S-20261124-01", da)
	o.ended("S-20261124-02", db)
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")
	verify(export, "--key", key, "--recording", a, b).wantHolds(t)

	o.write("S-20261124-01.skr", o.read("S-20261124-02.skr"))
	for _, args := range [][]string{{a}, {a, b}} {
		got := verify(append([]string{export, "--key", key, "--recording"}, args...)...)
		got.wantError(t, 1, "has the name of the recording of session S-20261124-01, but is that of session S-20261124-02")
		if !strings.Contains(got.out, "not shown    session S-20261124-01") || strings.Contains(got.out, "all holds") || !strings.Contains(got.out, "NOT COMPLETE") {
			t.Error(got.out)
		}
	}
	// Under another name it is B's, and A's is missing.
	other := o.write("evidence.skr", o.read("S-20261124-02.skr"))
	got := verify(export, "--key", key, "--recording", other)
	got.wantError(t, 3, "1 of the 2 recordings that the ledger knows was not shown")
	if !strings.Contains(got.out, "session S-20261124-02, ") || !strings.Contains(got.out, "not shown    session S-20261124-01") {
		t.Error(got.out)
	}
}

func TestDeletedRecordingIsMissed(t *testing.T) {
	o := newOffice(t)
	a, da := o.record("S-20261124-01")
	_, db := o.record("S-20261124-02")
	o.ended("S-20261124-01", da)
	o.ended("S-20261124-02", db)
	o.add(ledger.Draft{Kind: "session.opening", Actor: ledger.Actor{Kind: "broker"}, Subjects: []string{"S-20261124-03"}})
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")
	got := verify(export, "--key", key, "--recording", a)
	got.wantError(t, 3, "1 of the 2 recordings")
	for _, s := range []string{"intact       what was shown holds", "complete     NOT COMPLETE: 1 of 2 recordings", "not shown    session S-20261124-02", "1 session was under way"} {
		if !strings.Contains(got.out, s) {
			t.Errorf("%s\ndoes not say %q", got.out, s)
		}
	}
	verify(export, "--key", key, "--recording", a, "--lang", "ja").wantError(t, 3, "操作記録 2 件のうち 1 件が示されていません")
	// A selection declared by the auditor, and the ledger alone, are not called complete.
	for _, args := range [][]string{{"--recording", a, "--partial"}, nil} {
		got := verify(append([]string{export, "--key", key}, args...)...)
		got.wantHolds(t)
		if !strings.Contains(got.out, "complete     not examined") || strings.Contains(got.out, "were shown") {
			t.Error(got.out)
		}
	}
	var said struct {
		OK, Intact bool
		Complete   string
		Due, Live  int
		Missing    []struct{ Session, File string }
		Errors     []struct{ Code string }
	}
	got = verify(export, "--key", key, "--recording", a, "--json")
	if err := json.Unmarshal([]byte(got.out), &said); err != nil || got.status != 3 {
		t.Fatalf("%d, %v\n%s", got.status, err, got.out)
	}
	if said.OK || !said.Intact || said.Complete != "no" || said.Due != 2 || said.Live != 1 || len(said.Missing) != 1 || said.Missing[0].Session != "S-20261124-02" ||
		len(said.Errors) != 1 || said.Errors[0].Code != "recordings-not-shown" {
		t.Errorf("%+v", said)
	}
}

// The recording of a session under way stops without an end and has no digest yet. That is no failure. A changed byte,
// another session's file name, and a file without an end that the ledger does not know still are.
func TestARecordingUnderWayIsNoFailure(t *testing.T) {
	o := newOffice(t)
	a, da := o.record("S-20261124-01")
	o.ended("S-20261124-01", da)
	whole, _ := o.record("S-20261124-02")
	o.add(ledger.Draft{Kind: "session.opening", Actor: ledger.Actor{Kind: "broker"}, Subjects: []string{"S-20261124-02"}})
	file := o.read("S-20261124-02.skr")
	cut := o.write("cut.skr", file[:len(file)-1])
	damaged := bytes.Clone(file)
	damaged[len(damaged)/2] ^= 1
	bad := o.write("damaged.skr", damaged)
	stranger, _ := o.record("S-20261124-03")
	file = o.read("S-20261124-03.skr")
	o.write("S-20261124-03.skr", file[:len(file)-1])
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")

	for _, live := range []string{cut, whole} {
		got := verify(export, "--key", key, "--recording", a, live)
		got.wantHolds(t)
		for _, s := range []string{"session S-20261124-02: under way when the export was made, not examined", "intact       all holds", "complete     the 1 recording was shown"} {
			if !strings.Contains(got.out, s) {
				t.Errorf("%s\ndoes not say %q", got.out, s)
			}
		}
	}
	if got := verify(export, "--key", key, "--recording", cut); got.status != 0 || !strings.Contains(got.out, "complete     not examined: 0 of the 1 recording") {
		t.Errorf("%d\n%s", got.status, got.out)
	}
	var said struct {
		OK         bool
		Recordings []struct{ OK, Live bool }
	}
	got := verify(export, "--key", key, "--recording", a, cut, "--json")
	if err := json.Unmarshal([]byte(got.out), &said); err != nil || !said.OK || len(said.Recordings) != 2 || !said.Recordings[0].OK || said.Recordings[0].Live ||
		said.Recordings[1].OK || !said.Recordings[1].Live {
		t.Errorf("%v, %+v", err, said)
	}
	verify(export, "--key", key, "--recording", a, bad).wantError(t, 1, "damaged.skr: ")
	verify(export, "--key", key, "--recording", a, stranger).wantError(t, 1, "S-20261124-03.skr: ")
	verify(export, "--key", o.path("other.key"), "--recording", cut).wantError(t, 1, "no valid signature")
}

// Two readers must not read different things: a member twice, in another case, of another session, a digest in capitals.
func TestAttackAmbiguousEnd(t *testing.T) {
	good := `{"session_id":"S-20261124-01","recording":{"sha256":"` + strings.Repeat("0a", 32) + `","size":1}}`
	for says, payload := range map[string]string{
		"":                        good,
		`"recording" is written`:  strings.Replace(good, "{", `{"Recording":null,`, 1),
		`"sha256" is written`:     strings.Replace(good, `"size"`, `"SHA256":"00","size"`, 1),
		"lower case":              strings.Replace(good, "0a", "0A", 1),
		"first subject is not":    strings.Replace(good, "-01", "-02", 1),
		`"session_id" is written`: strings.Replace(good, "session_id", "Session_ID", 1),
	} {
		o := newOffice(t)
		o.add(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker"}, Subjects: []string{"S-20261124-01"}, Payload: json.RawMessage(payload)})
		got := verify(o.export("ledger.jsonl", o.checkpoint()), "--key", o.path("ledger.key"))
		if says == "" {
			got.wantHolds(t)
			continue
		}
		got.wantError(t, 1, "the payload of entry 0 (session.ended) is not what the format says", says)
	}
}

// Every byte of a recording matters: the ledger's digest finds changes that its own chain would not.
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
