package relay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand"
	"strings"
	"testing"
)

// passes is a hand that accepts everything.
func passes([]byte) bool { return true }

// A source sends the next file before the sink has answered for the previous one. Each file has its own end, and later data
// is inspected too.
func TestSCPSourceThatDoesNotWaitIsFollowed(t *testing.T) {
	c, events := inspected(t)
	s := newSCP(c, scpCommand{send: true, path: "/tmp/x"})
	s.input([]byte("C0644 1 a\nX\x00C0644 5 b\n"), passes)
	for range 4 {
		s.output([]byte{0}, passes)
	}
	s.input([]byte("hello\x00"), passes)
	s.output([]byte{0}, passes)
	s.input([]byte("C0644 3 c\nab"), passes)
	s.end()
	seen := events()
	for _, want := range []string{
		`file-end {"id":1,"ok":true,"status":"ok","read":0,"written":1,"size":1}`,
		`file-end {"id":2,"ok":true,"status":"ok","read":0,"written":5,"size":5}`,
		`file-end {"id":3,"ok":false,"status":"the channel ended","read":0,"written":2,"size":2}`,
	} {
		if strings.Count(seen, want) != 1 {
			t.Errorf("want once: %s\n%s", want, seen)
		}
	}
}

// speakSCP lets two sides send protocol words picked by choices, and checks the events.
func speakSCP(t *testing.T, choices []byte) {
	t.Helper()
	source := []string{"C0644 1 a\n", "C0644 0 b\n", "C0644 5 c\n", "X", "\x00", "hello", "D0755 0 d\n", "E\n", "T1 0 1 0\n", "\x01err\n", "\x02fatal\n", "\n", "C0644 "}
	sink := []string{"\x00", "\x00", "\x01no\n", "\x02bad\n", "\x00\x00", "\x01"}
	c, events := inspected(t)
	s := newSCP(c, scpCommand{send: len(choices)%2 == 0, path: "/x"})
	for _, choice := range choices {
		words, say := source, s.input
		if choice&1 == 1 {
			words = sink
		}
		if (choice&1 == 0) != s.command.send {
			say = s.output
		}
		say([]byte(words[int(choice>>1)%len(words)]), passes)
	}
	s.end()
	seen := []byte(events())
	begun, ended, lost := bytes.Count(seen, []byte("file {")), bytes.Count(seen, []byte("file-end {")), bytes.Count(seen, []byte("not listed"))
	if begun != ended-lost || lost > 1 {
		t.Errorf("%q: %d begun, %d ended, lost %d:\n%s", choices, begun, ended, lost, seen)
	}
}

// Protocol words in any order never break the inspector, and each started file ends once.
func FuzzSCPWords(f *testing.F) {
	f.Add([]byte{0, 6, 8, 4, 1, 1, 1, 1, 10}) // the next file before the answer for the previous one
	f.Fuzz(speakSCP)
}

func TestSCPWordsInAnyOrder(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewSource(1))
	for range 2000 {
		choices := make([]byte, 2+rnd.Intn(30))
		for i := range choices {
			choices[i] = byte(rnd.Intn(256))
		}
		speakSCP(t, choices)
	}
}

// A packet of any type and length, from either side, at any stage, is accepted or rejected as not understood. It breaks
// nothing.
func TestShortSFTPPacketsOfEveryType(t *testing.T) {
	t.Parallel()
	begin, agreed := sftpPacket(fxpInit, "\x00\x00\x00\x03"), sftpPacket(fxpVersion, "\x00\x00\x00\x03")
	asked := bytes.Join([][]byte{
		begin, sftpPacket(fxpOpen, one+one+"f"+two+"\x00\x00\x00\x00"), // number 1 waits for a handle
	}, nil)
	opened := append(bytes.Clone(agreed), sftpPacket(fxpHandle, one+one+"h")...)
	offset := string(make([]byte, 8))
	stages := map[string]struct{ requests, replies, more []byte }{
		"nothing said":      {},
		"begun":             {requests: begin},
		"agreed":            {requests: begin, replies: agreed},
		"a handle awaited":  {requests: asked, replies: agreed},
		"a read awaited":    {requests: asked, replies: opened, more: sftpPacket(fxpRead, one+one+"h"+offset+two)},
		"a write awaited":   {requests: asked, replies: opened, more: sftpPacket(fxpWrite, one+one+"h"+offset+one+"x")},
		"a removal awaited": {requests: asked, replies: opened, more: sftpPacket(fxpRemove, one+one+"f")},
		"a close awaited":   {requests: asked, replies: opened, more: sftpPacket(fxpClose, one+one+"h")},
		"names awaited":     {requests: asked, replies: opened, more: sftpPacket(fxpReaddir, one+one+"h")},
	}
	// The bytes after the type: known numbers, and lengths beyond the packet.
	fillings := []string{strings.Repeat(one, 16), strings.Repeat("\xff", 64), one + one + "h" + strings.Repeat("\x00", 48), one + strings.Repeat("\x00", 60)}
	for name, stage := range stages {
		c, _ := inspected(t)
		for typ := range 256 {
			for size := range 40 {
				for _, filling := range fillings {
					for _, reply := range []bool{false, true} {
						s := newSFTP(c, banners{client: "libssh_0", shown: "OpenSSH", target: "AsyncSSH"})
						for _, b := range []struct {
							k *packets
							l packetLook
							b []byte
						}{{&s.requests, (*sftpRequests)(s), stage.requests}, {&s.replies, (*sftpReplies)(s), stage.replies}, {&s.requests, (*sftpRequests)(s), stage.more}} {
							if _, err := b.k.feed(bytes.Clone(b.b), b.l, passes); err != nil {
								t.Fatalf("%s: %v", name, err)
							}
						}
						k, l := &s.requests, packetLook((*sftpRequests)(s))
						if reply {
							k, l = &s.replies, (*sftpReplies)(s)
						}
						p := append(binary.BigEndian.AppendUint32(nil, uint32(size)), byte(typ))[:min(5, 4+size)]
						if size > 0 {
							p = append(p, filling[:size-1]...)
						}
						if _, err := k.feed(p, l, passes); err != nil && !errors.Is(err, errUnread) {
							t.Errorf("%s, type %d of %d bytes: %v", name, typ, size, err)
						}
						s.end()
					}
				}
			}
		}
	}
}

// Repetition in events is bounded: many small packets about one long path do not record the path each time.
func TestSmallPacketsDoNotRepeatLongPaths(t *testing.T) {
	long := strings.Repeat("\xff", 30_000)
	size := func(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }
	for name, try := range map[string]func(c *channel) (sent int){
		"the path in the command of scp": func(c *channel) (sent int) {
			s := newSCP(c, scpCommand{send: true, path: strings.Repeat("\xff", 127<<10)})
			s.output([]byte{0}, passes)
			for range 100 {
				s.input([]byte("C0644 0 a\n"), passes)
				s.output([]byte{0}, passes)
				s.input([]byte{0}, passes)
				s.output([]byte{0}, passes)
				sent += 11
			}
			return sent
		},
		"a directory of scp": func(c *channel) (sent int) {
			s := newSCP(c, scpCommand{send: true, path: "/x"})
			s.output([]byte{0}, passes)
			for range 2 {
				s.input([]byte("D0755 0 "+long[:7000]+"\n"), passes)
				s.output([]byte{0}, passes)
			}
			for range 100 {
				s.input([]byte("C0644 0 a\n"), passes)
				s.output([]byte{0}, passes)
				s.input([]byte{0}, passes)
				s.output([]byte{0}, passes)
				sent += 11
			}
			return sent
		},
		"an attribute of an open file": func(c *channel) (sent int) {
			s := newSFTP(c, banners{})
			s.input(append(sftpPacket(fxpInit, "\x00\x00\x00\x03"), sftpPacket(fxpOpen, one+size(len(long))+long+two+"\x00\x00\x00\x00")...), passes)
			s.output(append(sftpPacket(fxpVersion, "\x00\x00\x00\x03"), sftpPacket(fxpHandle, one+one+"h")...), passes)
			for i := range 100 {
				p := sftpPacket(fxpFsetstat, size(i+2)+one+"h"+"\x00\x00\x00\x00")
				if !s.input(p, passes) {
					t.Fatal("not taken")
				}
				sent += len(p)
			}
			return sent
		},
		"a copy between open files": func(c *channel) (sent int) {
			s := newSFTP(c, banners{})
			s.input(append(sftpPacket(fxpInit, "\x00\x00\x00\x03"), sftpPacket(fxpOpen, one+size(len(long))+long+two+"\x00\x00\x00\x00")...), passes)
			s.output(append(sftpPacket(fxpVersion, "\x00\x00\x00\x03"), sftpPacket(fxpHandle, one+one+"h")...), passes)
			for i := range 100 {
				p := sftpPacket(fxpExtended, size(i+2)+size(9)+"copy-data"+one+"h"+strings.Repeat("\x00", 16)+one+"h"+strings.Repeat("\x00", 8))
				if !s.input(p, passes) {
					t.Fatal("not taken")
				}
				sent += len(p)
			}
			return sent
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, events := inspected(t)
			sent := try(c)
			// Each path once in full (escaping foreign bytes makes it six times as long), then a line for each packet.
			if got, most := len(events()), 6*128<<10+6*2*maxRepeated*100+200*100*2; got > most {
				t.Errorf("%d bytes in small packets made events of %d bytes, more than %d", sent, got, most)
			}
		})
	}
}
