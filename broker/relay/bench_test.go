package relay_test

import (
	"bytes"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// BenchmarkBulk runs client, relay with a sealed recording, and target in one process.
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

// BenchmarkKeystroke times one key until its echo, alone and beside another channel's bulk transfer.
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

// BenchmarkIdle measures the memory of an idle open terminal: relay, both connections and, because they share the process,
// the client and the target too.
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

// BenchmarkSFTP copies over a real sshd and its SFTP server: relayed like any channel (an exec of the server, under terms without a
// bound), and inspected under terms that bound each operation.
func BenchmarkSFTP(b *testing.B) {
	dir := b.TempDir()
	for name, files := range map[string]*policy.FileTerms{
		"plain":   nil,
		"bounded": {In: policy.FilePass, Out: policy.FilePass, InPaths: [][]string{{"/"}}, OutPaths: [][]string{{"/"}}, Limit: 1 << 40},
	} {
		b.Run(name, func(b *testing.B) {
			signer := testbed.NewSigner(b)
			sshd := testbed.StartSSHD(b, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
			client := newRig(b, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, files: files, plain: files == nil}).client()
			c, err := sftp.NewClient(client, sftp.UseConcurrentWrites(true))
			if err != nil {
				b.Fatal(err)
			}
			data := make([]byte, 64<<20)
			var before, after syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				f, err := c.Create(dir + "/f")
				if err != nil {
					b.Fatal(err)
				}
				if _, err := f.ReadFrom(bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
				if err := f.Close(); err != nil {
					b.Fatal(err)
				}
			}
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
			used := time.Duration(after.Utime.Nano()-before.Utime.Nano()) + time.Duration(after.Stime.Nano()-before.Stime.Nano())
			b.ReportMetric(used.Seconds()*1e9/float64(b.N)/float64(len(data)), "CPU-s/GB")
		})
	}
}
