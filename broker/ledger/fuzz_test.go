package ledger

import (
	"bytes"
	"testing"
)

// Reading a line and writing it again gives the same bytes.
func FuzzEntryLine(f *testing.F) {
	for _, e := range maintenance(f).entries {
		f.Add(appendEntryLine(nil, e))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, written, err := parseEntryLine(line)
		if err != nil || written != e.Leaf() {
			return
		}
		if again := appendEntryLine(nil, e); !bytes.Equal(again, line) {
			t.Fatalf("read  %q\nwrote %q", line, again)
		}
		if again := e.appendHeader(nil); !bytes.Equal(again, e.Header) {
			t.Fatalf("read  %q\nwrote %q", e.Header, again)
		}
	})
}

func FuzzHeader(f *testing.F) {
	for _, e := range maintenance(f).entries {
		f.Add(e.Header)
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		e, err := ParseEntry(header, nil, nil)
		if err != nil {
			return
		}
		if again := e.appendHeader(nil); !bytes.Equal(again, header) {
			t.Fatalf("read  %q\nwrote %q", header, again)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(maintenance(f).checkpoint())
	f.Add(golden(f, "cosigned.checkpoint"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ReadCheckpoint(b)
		if err != nil {
			return
		}
		line, err := checkpointLine(b)
		if err != nil {
			t.Fatal(err)
		}
		again, c2, err := parseCheckpointLine(line)
		if err != nil || !bytes.Equal(again, b) || c != c2 {
			t.Fatalf("%q came back as %q: %v", b, again, err)
		}
	})
}

// Verify never panics; an export that it accepts can be exported again to the same bytes.
func FuzzVerify(f *testing.F) {
	f.Add(golden(f, "v1.jsonl"), golden(f, "v1.checkpoint"))
	f.Add(golden(f, "v1-empty.jsonl"), []byte{})
	f.Fuzz(func(t *testing.T, data, since []byte) {
		var entries []Entry
		_, err := verify(data, VerifyOptions{Since: since, Entry: func(e Entry) error {
			e, err := ParseEntry(bytes.Clone(e.Header), bytes.Clone(e.Salt), bytes.Clone(e.Payload))
			entries = append(entries, e)
			return err
		}})
		if err != nil {
			return
		}
		last := data[bytes.LastIndexByte(data[:len(data)-1], '\n')+1 : len(data)-1]
		checkpoint, _, err := parseCheckpointLine(last)
		if err != nil {
			t.Fatal(err)
		}
		if again := export(t, entries, checkpoint); !bytes.Equal(again, data) {
			t.Fatalf("read  %q\nwrote %q", data, again)
		}
	})
}

// Reading a proof and writing it again gives the same bytes.
func FuzzProof(f *testing.F) {
	b := disposed(f)
	for i := range b.entries {
		f.Add(proofOf(f, b, int64(i)).Marshal())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
		if err != nil {
			return
		}
		if again := p.Marshal(); !bytes.Equal(again, b) {
			t.Fatalf("read  %q\nwrote %q", b, again)
		}
	})
}

// ParsePolicy never panics, and a policy that it accepts judges without a panic too.
func FuzzPolicy(f *testing.F) {
	b := maintenance(f)
	cosigned, key := cosign(f, b.checkpoint(), "w.example", 1)
	f.Add([]byte("log " + keyText(b) + "\nwitness W " + key + "\ngroup G any W\nquorum G\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePolicy(text)
		if err != nil {
			return
		}
		p.Log(cosigned)
		if names, met := p.Cosigners(cosigned); met && p.Quorum() != NoQuorum && len(names) == 0 {
			t.Fatalf("a quorum of no witnesses: %q", text)
		}
	})
}
