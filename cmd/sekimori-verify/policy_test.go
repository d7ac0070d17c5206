package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
)

// cosign adds the cosignature of a witness, and returns its public key.
func (o *office) cosign(checkpoint []byte, name string) (cosigned []byte, key string) {
	o.t.Helper()
	seed := sha256.Sum256([]byte(name))
	private := ed25519.NewKeyFromSeed(seed[:])
	key = ledger.WitnessKeyText(name, private.Public().(ed25519.PublicKey))
	v, err := ledger.ParseWitnessKey(key)
	if err != nil {
		o.t.Fatal(err)
	}
	text, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	sig := binary.BigEndian.AppendUint32(nil, v.KeyHash())
	sig = binary.BigEndian.AppendUint64(sig, 1795482000)
	sig = append(sig, ed25519.Sign(private, ledger.CosignedText(1795482000, append(bytes.Clone(text), '\n')))...)
	return fmt.Appendf(bytes.Clone(checkpoint), "— %s %s\n", name, base64.StdEncoding.EncodeToString(sig)), key
}

// policy writes a policy of the ledger's key and these further lines.
func (o *office) policy(name string, lines ...string) string {
	o.t.Helper()
	_, public, _ := strings.Cut(string(o.read("ledger.key")), "\n")
	return o.write(name, []byte("log "+public+strings.Join(lines, "\n")+"\n"))
}

// proof makes the proof of an entry under a checkpoint of all of them.
func (o *office) proof(name string, index int, checkpoint []byte) string {
	o.t.Helper()
	var rows []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = rows[x]
		}
		return out, nil
	})
	for _, e := range o.entries {
		more, err := ledger.Rows(e.Index, e.Leaf(), reader)
		if err != nil {
			o.t.Fatal(err)
		}
		for _, r := range more {
			rows = append(rows, r.Hash)
		}
	}
	path, err := ledger.ProveEntry(int64(len(o.entries)), int64(index), reader)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.write(name, ledger.Proof{Entry: o.entries[index], Hashes: path, Checkpoint: checkpoint}.Marshal())
}

// A policy is the only trust input: the ledger's key, the witnesses, the quorum.
func TestPolicyIsAllThatIsTrusted(t *testing.T) {
	o := newOffice(t)
	o.act("registry.applied")
	plain := o.checkpoint()
	one, keyOne := o.cosign(plain, "one.example/w")
	two, keyTwo := o.cosign(one, "two.example/w")
	export := o.export("one.jsonl", one)
	both := o.policy("both.policy", "witness A "+keyOne, "witness B "+keyTwo, "group G all A B", "quorum G")
	either := o.policy("any.policy", "witness A "+keyOne, "witness B "+keyTwo, "group G any A B", "quorum G")

	got := verify(export, "--policy", either)
	got.wantHolds(t)
	for _, s := range []string{origin + ", verified", "one.example/w, verified", "satisfied (G)"} {
		if !strings.Contains(got.out, s) {
			t.Errorf("%s\ndoes not say %q", got.out, s)
		}
	}
	verify(o.export("two.jsonl", two), "--policy", both).wantHolds(t)
	verify(export, "--policy", both).wantError(t, 1, "lacks cosignatures", "G")
	verifyWith(nil, map[string]string{"LANG": "ja_JP.UTF-8"}, export, "--policy", both).wantError(t, 1, "立会署名がありません")
	verify(export, "--policy", o.write("other.policy", []byte("log "+string(o.read("other.key"))+"quorum none\n"))).wantError(t, 1, "no valid signature")
	verify(export, "--policy", o.write("bad.policy", []byte("log x\n"))).wantError(t, 1, "bad.policy", "line 1")
	verify(export, "--policy", either, "--key", o.path("ledger.key")).wantError(t, 2, "stands alone")
}

// A recording and the proof of its session's end are checked with a policy alone: no export, no account, no broker.
func TestProofOfARecording(t *testing.T) {
	o := newOffice(t)
	o.act("registry.applied")
	rec, d := o.record("S-20261124-01")
	o.ended("S-20261124-01", d)
	other, _ := o.record("S-20261124-02")
	o.act("registry.applied")
	cosigned, key := o.cosign(o.checkpoint(), "one.example/w")
	policy := o.policy("trust.policy", "witness A "+key, "quorum A")
	proof := o.proof("end.tlog-proof", 1, cosigned)

	got := verify("--proof", proof, "--policy", policy, "--recording", rec)
	got.wantHolds(t)
	for _, s := range []string{"entry 1 (session.ended)", "checkpoint of 3 entries", "one.example/w, verified", "session S-20261124-01", "all holds"} {
		if !strings.Contains(got.out, s) {
			t.Errorf("%s\ndoes not say %q", got.out, s)
		}
	}
	var said struct {
		OK     bool
		Ledger struct{ Quorum string }
	}
	asJSON := verify("--proof", proof, "--policy", policy, "--recording", rec, "--json")
	if err := json.Unmarshal([]byte(asJSON.out), &said); err != nil || !said.OK || said.Ledger.Quorum != "A" {
		t.Errorf("%s %v", asJSON.out, err)
	}
	verify("--proof", proof, "--policy", policy).wantHolds(t)
	verify("--proof", proof).wantError(t, 1, "signer not verified")
	verify("--proof", proof, "--policy", policy, "--recording", other).wantError(t, 1, "recording of session S-20261124-02, and the proof is not of that session")
	verify("--proof", o.proof("plain.tlog-proof", 1, o.checkpoint()), "--policy", policy).wantError(t, 1, "lacks cosignatures")
	verify("--proof", o.proof("moved.tlog-proof", 0, cosigned), "--policy", policy, "--recording", rec).wantError(t, 1, "the proof is not of that session")
	text := o.read("end.tlog-proof")
	verify("--proof", o.write("cut.tlog-proof", text[:len(text)-5]), "--policy", policy).wantError(t, 1, "cut.tlog-proof", "not in the one form")
	older := bytes.Replace(text, cosigned, o.sign(2, mustRoot(o)), 1)
	verify("--proof", o.write("path.tlog-proof", older), "--policy", policy).wantError(t, 1, "path of the proof does not lead")
	verify("--proof", proof, o.export("ledger.jsonl", cosigned), "--policy", policy).wantError(t, 2, "takes the place of an export")
	changed := o.read("S-20261124-01.skr")
	changed[len(changed)/2] ^= 1
	verify("--proof", proof, "--policy", policy, "--recording", o.write("changed.skr", changed)).wantError(t, 1, "changed.skr")
}

// mustRoot is the root of all entries, stated for too few of them.
func mustRoot(o *office) tlog.Hash {
	root, err := o.tree.Root()
	if err != nil {
		o.t.Fatal(err)
	}
	return root
}

// TestAttackLedgerRestoredUnderPaper: the groups of a paper checkpoint match where the ledger has gone on, and not where it was cut or rewritten.
func TestAttackLedgerRestoredUnderPaper(t *testing.T) {
	o := newOffice(t)
	key := o.path("ledger.key")
	o.act("registry.applied")
	o.act("request.approved")
	older := o.export("older.jsonl", o.checkpoint())
	o.act("request.closed")
	root, err := o.tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	paper := strings.ToUpper(strings.Join(ledger.CheckpointText(root), "-"))
	o.act("registry.applied")
	export := o.export("ledger.jsonl", o.checkpoint())

	got := verify(export, "--key", key, "--checkpoint-text", paper)
	got.wantHolds(t)
	if !strings.Contains(got.out, "match: the checkpoint of the first 3 entries") {
		t.Error(got.out)
	}
	verify(export, "--key", key, "--checkpoint-text", strings.Join(ledger.CheckpointText(root), " \n")).wantHolds(t)
	verify(older, "--key", key, "--checkpoint-text", paper).wantError(t, 1, "no number of entries gives the checkpoint on paper")
	rewritten := newOffice(t)
	rewritten.signer = o.signer
	for range 5 {
		rewritten.act("registry.applied")
	}
	verify(rewritten.export("ledger.jsonl", rewritten.checkpoint()), "--key", key, "--checkpoint-text", paper).wantError(t, 1, "on paper")
	for _, wrong := range []string{"0000", paper[1:], strings.Replace(paper, paper[:1], "g", 1)} {
		verify(export, "--key", key, "--checkpoint-text", wrong).wantError(t, 1, "8 groups of 8")
	}
}
