package relay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/policy"
	"sekimori/recordings"
)

// inspected is a channel with a real recorder only, and the events that it recorded.
func inspected(tb testing.TB) (c *channel, events func() string) {
	tb.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		tb.Fatal(err)
	}
	var seen bytes.Buffer
	w, err := recordings.Create(filepath.Join(tb.TempDir(), "S.skr"), recordings.Header{Session: "S-20261124-03", Started: time.Unix(0, 0)}, recordings.Options{
		OutputTo: []age.Recipient{key.Recipient()}, InputTo: []age.Recipient{key.Recipient()}, Elapsed: func() time.Duration { return 0 },
		Tap: func(f recordings.Frame) {
			if f.Event != "" {
				fmt.Fprintf(&seen, "%s %s\n", f.Event, f.Data)
			}
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _, _ = w.Close(recordings.End{}) })
	return &channel{r: New(Config{Recorder: w, Files: passing})}, func() string {
		if err := w.Event(0, "flush", nil); err != nil {
			tb.Fatal(err)
		}
		return seen.String()
	}
}

func sftpPacket(typ byte, body string) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+1)), typ), body...)
}

const (
	one = "\x00\x00\x00\x01"
	two = "\x00\x00\x00\x02"
)

// Cutting a stream differently changes neither the relayed bytes, nor the events, nor the place where it ends.
func FuzzSFTPDoesNotDependOnCuts(f *testing.F) {
	begin := sftpPacket(fxpInit, "\x00\x00\x00\x06")
	f.Add(begin, sftpPacket(fxpVersion, "\x00\x00\x00\x03"))
	f.Add(append(begin, sftpPacket(fxpOpen, one+one+"f"+two+"\x00\x00\x00\x00")...),
		append(sftpPacket(fxpVersion, "\x00\x00\x00\x03"), sftpPacket(fxpHandle, one+one+"h")...))
	f.Add(append(begin, sftpPacket(fxpExtended, one+"\x00\x00\x00\x04evil")...), sftpPacket(fxpData, one))
	f.Add(append(begin, sftpPacket(fxpSymlink, one+one+"a"+one+"b")...), []byte("noise"))
	f.Add(append(begin, sftpPacket(fxpRename, one+one+"a"+"\xff\xff\xff\xff"+"b")...), []byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, requests, replies []byte) {
		type outcome struct{ in, out, events, inErr, outErr string }
		run := func(size int) (o outcome) {
			c, events := inspected(t)
			s := newSFTP(c, banners{})
			feed := func(k *packets, l packetLook, b []byte) (got, failed string) {
				b = bytes.Clone(b)
				for len(b) > 0 {
					n := min(size, len(b))
					_, err := k.feed(b[:n], l, func(p []byte) bool { got += string(p); return true })
					if err != nil {
						if !errors.Is(err, errUnread) {
							t.Fatal(err)
						}
						return got, "malformed"
					}
					b = b[n:]
				}
				if len(k.held) > maxSFTPHeld {
					t.Errorf("%d bytes are held", len(k.held))
				}
				return got, ""
			}
			o.in, o.inErr = feed(&s.requests, (*sftpRequests)(s), requests)
			o.out, o.outErr = feed(&s.replies, (*sftpReplies)(s), replies)
			s.end()
			o.events = events()
			return o
		}
		whole := run(1 << 20)
		for _, size := range []int{1, 7} {
			if parts := run(size); parts != whole {
				t.Errorf("pieces of %d: %+v, whole: %+v", size, parts, whole)
			}
		}
		if len(whole.in) > len(requests) || !bytes.HasPrefix(replies, []byte(whole.out)) {
			t.Error("more went on than came")
		}
	})
}

// For every scp stream the events pair up and memory is bounded.
func FuzzSCP(f *testing.F) {
	f.Add([]byte("T1 0 1 0\nC0644 3 a\nabc\x00"), []byte("\x00\x00\x00\x00"), true)
	f.Add([]byte("D0755 0 d\nC0644 0 a\n\x00E\n"), []byte("\x00\x00\x00\x00\x00"), false)
	f.Add([]byte("C0644 3 a\n\x01no\n"), []byte("\x00\x01full\n"), true)
	f.Add([]byte("E\nE\n"), []byte("\x00\x00\x00"), true)
	f.Fuzz(func(t *testing.T, source, sink []byte, send bool) {
		c, events := inspected(t)
		s := newSCP(c, scpCommand{send: send, path: "/x"})
		for len(source)+len(sink) > 0 {
			for _, side := range []*[]byte{&sink, &source} {
				n := min(len(*side), 5)
				s.read((*side)[:n], side == &source)
				*side = (*side)[n:]
			}
		}
		s.end()
		seen := events()
		begun, ended := bytes.Count([]byte(seen), []byte("file {")), bytes.Count([]byte(seen), []byte("file-end {"))
		if lost := bytes.Count([]byte(seen), []byte("not listed")); begun != ended-lost || lost > 1 {
			t.Errorf("%d begun, %d ended, lost %d:\n%s", begun, ended, lost, seen)
		}
	})
}

// A write with its answer, and a read with its contents, allocate nothing.
func TestBulkSFTPAllocatesNothing(t *testing.T) {
	s, hand := bulkSFTP(t)
	write, status, read, data := bulkPackets()
	if n := testing.AllocsPerRun(1000, func() {
		s.input(write, hand)
		s.output(status, hand)
		s.input(read, hand)
		s.output(data, hand)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func bulkSFTP(tb testing.TB) (s *sftpSession, hand func([]byte) bool) {
	c, _ := inspected(tb)
	s = newSFTP(c, banners{})
	hand = func([]byte) bool { return true }
	s.input(append(sftpPacket(fxpInit, "\x00\x00\x00\x03"), sftpPacket(fxpOpen, one+one+"f"+two+"\x00\x00\x00\x00")...), hand)
	if !s.output(append(sftpPacket(fxpVersion, "\x00\x00\x00\x03"), sftpPacket(fxpHandle, one+one+"h")...), hand) {
		tb.Fatal("not opened")
	}
	return s, hand
}

func bulkPackets() (write, status, read, data []byte) {
	contents := string(make([]byte, 32<<10))
	length := string(binary.BigEndian.AppendUint32(nil, uint32(len(contents))))
	offset := string(make([]byte, 8))
	return sftpPacket(fxpWrite, two+one+"h"+offset+length+contents), sftpPacket(fxpStatus, two+"\x00\x00\x00\x00"+"\x00\x00\x00\x00\x00\x00\x00\x00"),
		sftpPacket(fxpRead, two+one+"h"+offset+length), sftpPacket(fxpData, two+length+contents)
}

// BenchmarkSFTPInspector measures the cost of inspecting 32 KiB, up and down.
func BenchmarkSFTPInspector(b *testing.B) {
	s, hand := bulkSFTP(b)
	write, status, read, data := bulkPackets()
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.input(write, hand)
			s.output(status, hand)
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.input(read, hand)
			s.output(data, hand)
		}
	})
}

// passing are terms that let everything move.
func passing() *policy.FileTerms { return &passTerms }

var passTerms = policy.FileTerms{In: policy.FilePass, Out: policy.FilePass}
