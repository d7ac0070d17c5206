package wire

import (
	"io"
	"net"
	"testing"
)

// plain is a connection without this package, as the SSH library would get it.
func plain(tb testing.TB) (net.Conn, net.Conn) {
	c, peer := tcp(tb, Options{QuickAcks: -1})
	return c.inner, peer
}

func BenchmarkBulk(b *testing.B) {
	for _, size := range []int{1 << 10, 32 << 10} {
		name := map[int]string{1 << 10: "1KiB", 32 << 10: "32KiB"}[size]
		run := func(b *testing.B, c, peer net.Conn) {
			go io.Copy(io.Discard, peer)
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(p); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.Run(name+"/plain", func(b *testing.B) { c, p := plain(b); run(b, c, p) })
		b.Run(name+"/wire", func(b *testing.B) { c, p := tcp(b, Options{}); run(b, c, p) })
	}
}

func BenchmarkEcho(b *testing.B) {
	run := func(b *testing.B, c, peer net.Conn) {
		go io.Copy(struct{ io.Writer }{peer}, struct{ io.Reader }{peer})
		p := make([]byte, 36)
		for b.Loop() {
			if _, err := c.Write(p); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(c, p); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("plain", func(b *testing.B) { c, p := plain(b); run(b, c, p) })
	b.Run("inline", func(b *testing.B) { c, p := tcp(b, Options{}); run(b, c, p) })
	b.Run("queued", func(b *testing.B) {
		c, p := tcp(b, Options{})
		c.burst.Store(inlineBurst)
		run(b, keepQueued{c}, p)
	})
}

// keepQueued sends every write through the queue.
type keepQueued struct{ *Conn }

func (k keepQueued) Read(p []byte) (int, error) {
	n, err := k.Conn.Read(p)
	k.burst.Store(inlineBurst)
	return n, err
}
