package relay_test

import (
	"io"
	"runtime"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
)

// BenchmarkBulk has client, relay with a sealed recording, and target in one process.
func BenchmarkBulk(b *testing.B) {
	b.Run("down", func(b *testing.B) {
		s := session(b, newRig(b, rigOptions{}).client())
		out, _ := s.StdoutPipe()
		if err := s.Start("flood 1000000000000"); err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 1<<20)
		b.SetBytes(int64(len(buf)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := io.ReadFull(out, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("up", func(b *testing.B) {
		s := session(b, newRig(b, rigOptions{}).client())
		in, _ := s.StdinPipe()
		if err := s.Start("wait"); err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 1<<20)
		b.SetBytes(int64(len(buf)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := in.Write(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkKeystroke is one key to its echo, alone and beside a bulk transfer of another channel.
func BenchmarkKeystroke(b *testing.B) {
	run := func(b *testing.B, s *ssh.Session) {
		in, _ := s.StdinPipe()
		out, _ := s.StdoutPipe()
		if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
			b.Fatal(err)
		}
		if err := s.Shell(); err != nil {
			b.Fatal(err)
		}
		key := []byte("k")
		for b.Loop() {
			if _, err := in.Write(key); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(out, key); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("direct", func(b *testing.B) {
		target := testbed.StartTarget(b, testbed.TargetOptions{})
		c, err := ssh.Dial("tcp", target.Addr, &ssh.ClientConfig{
			User: "maint", Auth: []ssh.AuthMethod{ssh.PublicKeys(testbed.NewSigner(b))}, HostKeyCallback: ssh.FixedHostKey(target.HostKey),
		})
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		run(b, session(b, c))
	})
	b.Run("alone", func(b *testing.B) { run(b, session(b, newRig(b, rigOptions{}).client())) })
	b.Run("beside bulk", func(b *testing.B) {
		bulk := session(b, newRig(b, rigOptions{}).client())
		out, _ := bulk.StdoutPipe()
		if err := bulk.Start("flood 1000000000000"); err != nil {
			b.Fatal(err)
		}
		go io.Copy(io.Discard, out)
		run(b, session(b, newRig(b, rigOptions{}).client()))
	})
}

// BenchmarkIdle counts the memory of an open terminal on which nothing happens: relay, both
// connections, and, because they are in the same process, the client and the target too.
func BenchmarkIdle(b *testing.B) {
	use := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	for b.Loop() {
		before := use()
		const n = 40
		for range n {
			s := session(b, newRig(b, rigOptions{}).client())
			if err := s.RequestPty("xterm", 24, 80, nil); err != nil {
				b.Fatal(err)
			}
			in, _ := s.StdinPipe()
			out, _ := s.StdoutPipe()
			if err := s.Shell(); err != nil {
				b.Fatal(err)
			}
			io.WriteString(in, "x")
			waitFor(b, out, "x")
		}
		b.ReportMetric(float64(use()-before)/n/1024, "KiB/session-with-both-ends")
	}
}
