package relay_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// Invalid SFTP from either side ends the channel with a reason and does not reach the other side.
func TestAttackMalformedSFTPEndsTheChannel(t *testing.T) {
	open := packet(3, uint32(1), "/f", uint32(2), uint32(0))
	for name, attack := range map[string]struct {
		client [][]byte
		target [][]byte // answers after the version; nil: none
		side   string
		what   string
	}{
		"shell":                     {client: [][]byte{[]byte("rm -rf /\n")}, side: "client"},
		"request before init":       {client: [][]byte{packet(13, uint32(1), "/f")}, side: "client", what: "before the beginning"},
		"init twice":                {client: [][]byte{packetInit, packetInit}, side: "client", what: "second"},
		"path cut short":            {client: [][]byte{packetInit, packet(13, uint32(1), uint32(500), []byte("/f"))}, side: "client", what: "cut short"},
		"unknown type":              {client: [][]byte{packetInit, packet(21, uint32(1), "/a", "/b")}, side: "client", what: "type 21"},
		"empty packet":              {client: [][]byte{packetInit, {0, 0, 0, 0, 9}}, side: "client", what: "4 bytes"},
		"endless packet":            {client: [][]byte{packetInit, {0xff, 0xff, 0xff, 0xff, 13}}, side: "client", what: "a packet of"},
		"long path":                 {client: [][]byte{packetInit, packet(13, uint32(1), strings.Repeat("a", 40000))}, side: "client", what: "40013 bytes"},
		"guessed handle":            {client: [][]byte{packetInit, open, packet(6, uint32(2), "\x00\x00\x00\x00", uint64(0), "x")}, side: "client", what: "has not given"},
		"write of fewer bytes":      {client: [][]byte{packetInit, open, packet(6, uint32(2), "h", uint64(0), uint32(4), []byte("xxx"))}, target: [][]byte{packet(102, uint32(1), "h")}, side: "client", what: "has fewer"},
		"one number twice":          {client: [][]byte{packetInit, open, open}, side: "client", what: "one number"},
		"handle after close":        {client: [][]byte{packetInit, open, packet(4, uint32(2), "h"), packet(6, uint32(3), "h", uint64(0), "x")}, target: [][]byte{packet(102, uint32(1), "h")}, side: "client", what: "has not given"},
		"noise of a profile":        {client: [][]byte{packetInit}, target: [][]byte{[]byte("Welcome!\n")}, side: "target"},
		"answer to nothing":         {client: [][]byte{packetInit}, target: [][]byte{packet(101, uint32(9), uint32(0), "", "")}, side: "target", what: "no request"},
		"contents nobody asked for": {client: [][]byte{packetInit, open}, target: [][]byte{packet(103, uint32(1), "evil")}, side: "target", what: "not asked for"},
		"handle for a removal":      {client: [][]byte{packetInit, packet(13, uint32(1), "/f")}, target: [][]byte{packet(102, uint32(1), "h")}, side: "target", what: "not asked for"},
		"huge handle":               {client: [][]byte{packetInit, open}, target: [][]byte{packet(102, uint32(1), strings.Repeat("h", 300))}, side: "target", what: "broken handle"},
		"version 6":                 {client: [][]byte{packetInit}, target: [][]byte{packet(2, uint32(6))}, side: "target", what: "not asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			target := sftpTarget(t, func(s *testbed.TargetSession) {
				if attack.target != nil {
					io.ReadFull(s, make([]byte, 5))
					if name != "noise of a profile" && name != "version 6" {
						s.Write(packetVersion)
					}
					for i, a := range attack.target {
						if i == 0 && len(attack.client) > 1 {
							io.ReadFull(s, make([]byte, 5))
						}
						s.Write(a)
					}
				}
				io.Copy(io.Discard, s)
			})
			r := newRig(t, rigOptions{target: target})
			raw := newRawSFTP(t, r)
			for i, p := range attack.client {
				raw.send(p)
				if attack.target != nil && i < 2 && i < len(attack.client)-1 {
					raw.answer()
				}
			}
			if status, said := raw.ended(); status != 254 || !strings.Contains(said, "[117]") { // the text of the rig's Refuse
				t.Errorf("status %d, the engineer reads %q", status, said)
			}
			r.kill()
			e := r.events("refused")
			if len(e) != 1 || !strings.Contains(e[0], `"side":"`+attack.side+`"`) || !strings.Contains(e[0], `"number":217`) || !strings.Contains(e[0], attack.what) {
				t.Errorf("refused %q", e)
			}
			last := attack.client[len(attack.client)-1]
			if n := bytes.Count(r.recorded(recordings.Stdin), last); attack.side == "client" && n >= bytes.Count(bytes.Join(attack.client, nil), last) {
				t.Errorf("forwarded: %q", last)
			}
		})
	}
}

// Requests without answers and open handles cost bounded memory.
func TestAttackSFTPWithoutAnswers(t *testing.T) {
	r := newRig(t, rigOptions{target: sftpTarget(t, func(s *testbed.TargetSession) { io.Copy(io.Discard, s) })})
	raw := newRawSFTP(t, r)
	raw.send(packetInit)
	for i := range uint32(10000) {
		if _, err := raw.ch.Write(packet(17, i, "/f")); err != nil {
			break
		}
	}
	if status, _ := raw.ended(); status != 254 {
		t.Errorf("status %d", status)
	}
}

// An unlisted extension reaches the target under another name.
func TestAttackUnknownSFTPExtension(t *testing.T) {
	r := newRig(t, rigOptions{})
	raw := newRawSFTP(t, r)
	raw.send(packetInit)
	raw.answer()
	raw.send(packet(200, uint32(1), "version-select", "6"))
	if typ, body := raw.answer(); typ != 101 || binary.BigEndian.Uint32(body[4:]) != 8 {
		t.Errorf("answer %d, %q, want unsupported", typ, body)
	}
	op, end := r.find("extended:version-select", "")
	if !slices.Equal(op.Flags, []string{"refused"}) || end.OK || end.Status != "unsupported" {
		t.Errorf("%+v, %+v", op, end)
	}
	if bytes.Contains(r.recorded(recordings.Stdin), []byte("version-select")) {
		t.Error("the name was forwarded")
	}
}

// The paths of unanswered requests count, not only their number; those of answered ones do not.
func TestAttackSFTPLongNamesWithoutAnswers(t *testing.T) {
	long := strings.Repeat("\xff", 33_900)
	r := newRig(t, rigOptions{target: sftpTarget(t, func(s *testbed.TargetSession) { io.Copy(io.Discard, s) })})
	raw := newRawSFTP(t, r)
	raw.send(packetInit)
	sent := 0
	for i := range uint32(1000) {
		if _, err := raw.ch.Write(packet(13, i, long)); err != nil {
			break
		}
		sent++
	}
	if status, _ := raw.ended(); status != 254 {
		t.Errorf("status %d", status)
	}
	if ops, _ := r.fileOps(); len(ops) > 1<<20/len(long)+1 {
		t.Errorf("%d of %d operations with long names wait for an answer", len(ops), sent)
	}

	r = newRig(t, rigOptions{})
	raw = newRawSFTP(t, r)
	raw.send(packetInit)
	raw.answer()
	for i := range uint32(80) {
		raw.send(packet(18, i, long[:20_000], "/b"))
		if typ, _ := raw.answer(); typ != 101 {
			t.Fatalf("answer %d to request %d", typ, i)
		}
	}
}
