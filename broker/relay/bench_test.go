package relay_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
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
// bound), and inspected under terms that bound each operation. Both copy in turn, so that the load of the machine is the same for both; the
// ratios are the medians of the turns' own.
func BenchmarkSFTP(b *testing.B) {
	bounded := &policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, InPaths: [][]string{{"/"}}, OutPaths: [][]string{{"/"}}, Limit: 1 << 40}
	for name, c := range map[string]struct {
		copies func(*sftp.Client, string, []byte) error
		way    way
	}{
		"up":   {sendsOver, way{name: "bounded", files: bounded}},
		"down": {takesOver, way{name: "bounded", files: bounded}},
		// Files that come in are held: the gate speaks SFTP with both sides.
		"down beside a hold": {takesOver, way{name: "held", held: true}},
	} {
		copies := c.copies
		b.Run(name, func(b *testing.B) {
			data := make([]byte, 64<<20)
			at := b.TempDir() + "/f"
			if err := os.WriteFile(at, data, 0o600); err != nil {
				b.Fatal(err)
			}
			ways := []*way{{name: "plain"}, &c.way}
			c.way.took, c.way.used = nil, nil
			for _, w := range ways {
				w.opens(b)
			}
			b.SetBytes(int64(2 * len(data)))
			for turn := 0; b.Loop(); turn++ {
				for i := range ways {
					w := ways[(i+turn)%2] // each is first in turn: the second one collects the first one's garbage
					w.measures(b, func() error { return copies(w.client, at, data) })
				}
			}
			for _, w := range ways {
				b.ReportMetric(float64(len(data))/1e6/median(w.took), w.name+"-MB/s")
				b.ReportMetric(median(w.used)*1e9/float64(len(data)), w.name+"-CPU-s/GB")
			}
			var speed, used []float64
			for i, plain := range ways[0].took {
				speed, used = append(speed, plain/ways[1].took[i]), append(used, ways[1].used[i]/ways[0].used[i])
			}
			b.ReportMetric(median(speed), "speed-ratio")
			b.ReportMetric(median(used), "CPU-ratio")
		})
	}
}

// way is one of the two ways, with the seconds that each copy took and used.
type way struct {
	name       string
	files      *policy.FileTerms // nil: plain, unless held
	held       bool              // what comes in is held, what goes out passes
	client     *sftp.Client
	took, used []float64
}

func (w *way) opens(b *testing.B) {
	var err error
	if w.held {
		held := newHeldWorldOf(b, "/nonexistent/clamd", policy.FileTerms{In: policy.FileInspect, Out: policy.FilePass})
		if w.client, err = sftp.NewClient(held.client()); err != nil {
			b.Fatal(err)
		}
		return
	}
	signer := testbed.NewSigner(b)
	sshd := testbed.StartSSHD(b, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
	w.client, err = sftp.NewClient(newRig(b, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, files: w.files, plain: w.files == nil}).client(), sftp.UseConcurrentWrites(true))
	if err != nil {
		b.Fatal(err)
	}
}

func (w *way) measures(b *testing.B, do func() error) {
	cpu := func() float64 {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	}
	used, began := cpu(), time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	w.took, w.used = append(w.took, time.Since(began).Seconds()), append(w.used, cpu()-used)
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func sendsOver(c *sftp.Client, at string, data []byte) error {
	f, err := c.Create(at)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(bytes.NewReader(data))
	return errors.Join(err, f.Close())
}

func takesOver(c *sftp.Client, at string, data []byte) error {
	f, err := c.Open(at)
	if err != nil {
		return err
	}
	n, err := f.WriteTo(io.Discard)
	if err == nil && n != int64(len(data)) {
		err = io.ErrUnexpectedEOF
	}
	return errors.Join(err, f.Close())
}
