package main

import (
	"bytes"
	"strings"
	"testing"

	"filippo.io/age"

	"sekimori/broker/bundle"
	"sekimori/recordings"
)

// TestAttackKeysFilesOfABundle: a keys file in a bundle is checked there; one of another recording, a damaged one, and one that a manifest of the first
// version hides are named with their place. The recordings themselves hold.
func TestAttackKeysFilesOfABundle(t *testing.T) {
	t.Parallel()
	o := incidentOffice(t)
	further, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, session := range []string{one, two, other} {
		if _, err := recordings.Share(o.path(session+".skr"), nil, session, further.Recipient().String(), o.viewing); err != nil {
			t.Fatal(err)
		}
	}
	key, whole, foreign := o.path("ledger.key"), o.read(one+".skr.keys"), o.read(other+".skr.keys")
	got := verify("--incident", o.bundle("I-004.zip", nil, one, two), "--key", key)
	got.wantHolds(t)
	if !strings.Contains(got.out, "9 files: all as listed") {
		t.Error(got.out)
	}
	for name, c := range map[string]struct {
		keys []byte
		says string
	}{
		"foreign":      {foreign, "belongs to another recording"},
		"cut short":    {whole[:len(whole)-1], "offset 42"},
		"no keys file": {[]byte("nonsense"), "it stops before its end"},
		"empty":        {nil, "it stops before its end"},
	} {
		o.write(one+".skr.keys", c.keys)
		file := o.bundle("tampered.zip", nil, one, two)
		got := verify("--incident", file, "--key", key)
		got.wantError(t, 1, "recordings/"+one+".skr: ", one+".skr.keys", c.says)
		if strings.Contains(got.err, two) {
			t.Errorf("%s: the other recording is named: %s", name, got.err)
		}
		if ja := verify("--incident", file, "--key", key, "--lang", "ja"); ja.status != 1 || !strings.Contains(ja.err, "そばの鍵ファイル "+one+".skr.keys が壊れているか") {
			t.Errorf("%s: %d %s", name, ja.status, ja.err)
		}
	}
	o.write(one+".skr.keys", whole)
	b := o.read("I-004.zip")
	old := bytes.Replace(b, []byte(`"version": 2`), []byte(`"version": 1`), 1)
	if got := verify("--incident", o.write("old.zip", old), "--key", key); got.status != 1 || bytes.Equal(old, b) {
		t.Errorf("%d %s", got.status, got.out)
	}
	if _, err := bundle.Open(bytes.NewReader(old), int64(len(old))); err == nil {
		t.Error("a manifest of the first version lists a keys file")
	}
}
