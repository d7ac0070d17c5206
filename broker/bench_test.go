package broker_test

import (
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkIdleSession measures the cost of an idle session: heap and stacks of the broker, in
// a process of its own, and the time of a login with a remembered factor, one after the other. Run it with
//
//	go test ./broker -run '^$' -bench IdleSession -benchtime 200x
func BenchmarkIdleSession(b *testing.B) {
	o := found(b, time.Hour)
	e := o.engineers(1)[0]
	c := o.spawn()
	login := func() {
		v, err := e.dial(c.addr)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { v.Close(); <-v.gone })
		if _, err := v.stream("cat"); err != nil {
			b.Fatal(err)
		}
	}
	for range 8 { // parts that are made once and kept
		login()
	}
	before := c.memory(b)
	n := 0
	for b.Loop() {
		login()
		n++
	}
	b.ReportMetric((c.memory(b)-before)/float64(n)/1024, "KiB/session")
	c.kill(b)
}

// memory gives the size of the child's heap and stacks, in bytes.
func (c *child) memory(b *testing.B) float64 {
	b.Helper()
	if _, err := io.WriteString(c.stdin, "memory\n"); err != nil {
		b.Fatal(err)
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
