package main

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func TestEverythingHolds(t *testing.T) {
	o := newOffice(t)
	witness, witnessKey := keyPair(t, "witness.example")
	o.write("witness.key", []byte(witnessKey))
	o.act("registry.applied")
	since := o.write("then.checkpoint", o.checkpoint())
	rec1, d1 := o.record("S-20261124-01")
	rec2, d2 := o.record("S-20261124-02")
	o.ended("S-20261124-01", d1)
	o.ended("S-20261124-02", d2)
	export := o.export("ledger.jsonl", o.checkpoint(witness))

	// Flags before and after the export; recordings one flag each or expanded by a shell.
	for _, args := range [][]string{
		{export, "--key", o.path("ledger.key"), "--witness-key", o.path("witness.key"), "--recording", rec1, "--recording", rec2, "--since", since},
		{"--since=" + since, "--key", o.path("ledger.key"), "--witness-key", o.path("witness.key"), export, "--recording", rec1, rec2, "--lang", "en"},
		{"--key", o.path("ledger.key"), "--recording", rec1, "--recording", rec2, "--since", since, "--witness-key", o.path("witness.key"), "--", export},
	} {
		got := verify(args...)
		got.wantHolds(t)
		for _, s := range []string{"3 entries", origin + ", verified", "witness.example, verified", "checkpoint of 1 entry", "session S-20261124-01", "session S-20261124-02", "all holds"} {
			if !strings.Contains(got.out, s) {
				t.Errorf("%q\n%s\ndoes not say %q", args, got.out, s)
			}
		}
	}
	got := verifyWith(bytes.NewReader(o.read("ledger.jsonl")), nil, "-", "--key", o.path("ledger.key"))
	got.wantHolds(t)
}

func TestWithoutKeyTheSignerIsNotVerified(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	export := o.export("ledger.jsonl", o.checkpoint())
	got := verify(export)
	got.wantError(t, 1, "signer not verified")
	if !strings.Contains(got.out, "NOT VERIFIED") || strings.Contains(got.out, "all holds") {
		t.Error(got.out)
	}
	verifyWith(nil, map[string]string{"LANG": "ja_JP.UTF-8"}, export).wantError(t, 1, "署名者が検証されていません")
}

// Every flipped byte of an export is found and its line named.
func TestEveryByteFlipped(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	o.act("b")
	good := o.read(filepath.Base(o.export("ledger.jsonl", o.checkpoint())))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		got := verifyWith(bytes.NewReader(bad), nil, "-", "--key", o.path("ledger.key"))
		if i < bytes.IndexByte(good, '\n')+1 {
			got.wantError(t, 1, "-: line 1: ")
			continue
		}
		line := bytes.Count(good[:i], []byte("\n")) + 1
		got.wantError(t, 1, "-: line "+string(rune('0'+line)))
	}
}

func TestLedgerProblems(t *testing.T) {
	o := newOffice(t)
	_, witnessKey := keyPair(t, "witness.example")
	o.write("witness.key", []byte(witnessKey))
	for range 3 {
		o.act("a")
	}
	shorter := o.export("shorter.jsonl", o.checkpoint())
	o.act("a")
	later := o.write("later.checkpoint", o.checkpoint())
	o.write("empty.checkpoint", nil)
	o.write("damaged.checkpoint", []byte("no checkpoint\n"))
	export := o.export("ledger.jsonl", o.checkpoint())
	lines := bytes.SplitAfter(o.read("ledger.jsonl"), []byte("\n"))
	missing := o.write("missing.jsonl", bytes.Join(slices.Delete(slices.Clone(lines), 2, 3), nil))
	swapped := slices.Clone(lines)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	order := o.write("order.jsonl", bytes.Join(swapped, nil))
	twice := o.write("twice.jsonl", bytes.Join(slices.Insert(slices.Clone(lines), 3, lines[2]), nil))
	cut := o.write("cut.jsonl", bytes.Join(lines[:4], nil))
	tail := o.write("tail.jsonl", append(o.read("ledger.jsonl"), "{}\n"...))
	nothing := o.write("nothing.jsonl", nil)
	other := newOffice(t)
	other.signer = o.signer
	other.act("b")
	since := o.write("rewritten.checkpoint", other.checkpoint())

	key := o.path("ledger.key")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"entry missing":        {[]string{missing, "--key", key}, "line 3 (entry 1): entries are missing"},
		"entries exchanged":    {[]string{order, "--key", key}, "line 3 (entry 1): entries are missing"},
		"entry twice":          {[]string{twice, "--key", key}, "line 4 (entry 2): the entry is out of order"},
		"cut short":            {[]string{cut, "--key", key}, "line 5 (entry 3): the export is cut short here"},
		"something at the end": {[]string{tail, "--key", key}, "line 7: something follows"},
		"empty file":           {[]string{nothing, "--key", key}, "line 1 (entry 0): the export is cut short"},
		"no export":            {[]string{key, "--key", key}, "line 1: this is no ledger export"},
		"another key":          {[]string{export, "--key", o.path("other.key")}, "line 6: the checkpoint carries no valid signature"},
		"witness missing":      {[]string{export, "--key", key, "--witness-key", o.path("witness.key")}, "line 6: the checkpoint carries no valid signature of the witness"},
		"cut at its end":       {[]string{shorter, "--key", key, "--since", later}, "line 5 (entry 3): the ledger is cut at its end"},
		"rewritten":            {[]string{export, "--key", key, "--since", since}, "line 2 (entry 0): the entries up to the older checkpoint"},
		"since is damaged":     {[]string{export, "--key", key, "--since", o.path("damaged.checkpoint")}, "damaged.checkpoint: the older checkpoint cannot be read"},
		"since is empty":       {[]string{export, "--key", key, "--since", o.path("empty.checkpoint")}, "empty.checkpoint: the older checkpoint is empty"},
		"no such export":       {[]string{o.path("none"), "--key", key}, "there is no such file"},
		"export is directory":  {[]string{o.dir, "--key", key}, "cannot be read: is a directory"},
		"no such key":          {[]string{export, "--key", o.path("none")}, "there is no such file"},
		"no such since":        {[]string{export, "--key", key, "--since", o.path("none")}, "there is no such file"},
		"key is none":          {[]string{export, "--key", export}, "ledger.jsonl: not a public key"},
		"no such recording":    {[]string{export, "--key", key, "--recording", o.path("none")}, "there is no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			got := verify(c.args...)
			got.wantError(t, 1, c.says)
			ja := verify(append(c.args, "--lang", "ja")...)
			ja.wantError(t, 1)
			if ja.err == got.err || strings.Contains(ja.out, "すべて合っています") {
				t.Errorf("in Japanese: %s%s", ja.out, ja.err)
			}
		})
	}
}

// A file of another kind, or none, is told as that: not as evidence that does not hold, and not as a checkpoint on paper that agrees.
func TestFilesOfAnotherKind(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	export, key := o.export("ledger.jsonl", o.checkpoint()), o.path("ledger.key")
	for name, c := range map[string]struct {
		args    []string
		out, ja []string // on standard output and error, in English and Japanese
	}{
		"no such export":       {[]string{o.path("none"), "--key", key}, []string{"NOT EXAMINED: the file could not be read"}, []string{"ファイルを読めないため、調べていません"}},
		"no such proof":        {[]string{"--proof", o.path("none"), "--key", key}, []string{"NOT EXAMINED: the file could not be read"}, []string{"ファイルを読めないため、調べていません"}},
		"a key as recording":   {[]string{export, "--key", key, "--recording", key}, []string{"ledger.key: is no recording", "give the file of a recording"}, []string{"操作記録のファイルではありません", "接続番号.skr"}},
		"an export as a proof": {[]string{"--proof", export, "--key", key}, []string{"give the file that `sekimori session proof` wrote"}, []string{"sekimori session proof が書き出したファイル"}},
		"unknown option":       {[]string{export, "--kez", key}, []string{"unknown option -kez"}, []string{"知らないオプション -kez"}},
		"option without value": {[]string{export, "--key"}, []string{"option -key needs a value"}, []string{"オプション -key には値が要ります"}},
	} {
		for lang, parts := range map[string][]string{"en": c.out, "ja": c.ja} {
			got := verify(append(c.args, "--lang", lang)...)
			if name == "option without value" {
				got = verify(append([]string{"--lang", lang}, c.args...)...)
			}
			said := got.out + got.err
			for _, part := range parts {
				if !strings.Contains(said, part) {
					t.Errorf("%s: %s\ndoes not say %q", name, said, part)
				}
			}
			if got.status == 0 || strings.Contains(said, "on paper") || strings.Contains(said, "紙の確定点") || strings.Contains(said, "no magic") {
				t.Errorf("%s: %d %s", name, got.status, said)
			}
		}
	}
}

// A person who handles an export can mark any payload as disposed.
func TestAttackPayloadErased(t *testing.T) {
	o := newOffice(t)
	for range 3 {
		o.act("a")
	}
	o.dispose(0)
	key := o.path("ledger.key")
	got := verify(o.export("ledger.jsonl", o.checkpoint()), "--key", key)
	got.wantHolds(t)
	if !strings.Contains(got.out, "the payload of 1 of them has been disposed of") {
		t.Error(got.out)
	}
	o.entries[1] = o.entries[1].Dispose()
	forged := o.export("forged.jsonl", o.checkpoint())
	got = verify(forged, "--key", key)
	got.wantError(t, 1, "line 3 (entry 1): the payload is missing, and no entry ledger.disposed authorises that")
	if !strings.Contains(got.out, "DOES NOT HOLD") {
		t.Error(got.out)
	}
	verify(forged, "--key", key, "--lang", "ja").wantError(t, 1, "その廃棄を認める記載(ledger.disposed)がありません")
}

func TestPrivateKeyGiven(t *testing.T) {
	o := newOffice(t)
	o.act("a")
	export := o.export("ledger.jsonl", o.checkpoint())
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	got := verify(export, "--key", o.write("private.key", []byte(private)))
	got.wantError(t, 1, "this is a private key")
	if strings.Contains(got.err, private) {
		t.Error("the private key was printed")
	}
	verify(export, "--key", o.write("two.key", []byte(public+"\n"+public+"\n"))).wantError(t, 1, "more than one key")
	verify(export, "--key", o.write("no.key", []byte("# nothing\n"))).wantError(t, 1, "holds no key")
}
