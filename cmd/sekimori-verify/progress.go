package main

import (
	"fmt"
	"time"
)

// progress shows the state of long work on a terminal. It is silent for the first second, and if standard error is not a
// terminal.
type progress struct {
	p     *program
	next  time.Time // when to draw next
	drawn bool
}

func (p *program) progress() *progress { return &progress{p: p, next: p.now().Add(time.Second)} }

func (b *progress) entries(n, read, size int64) {
	if size > 0 {
		percent := 100 * read / size
		b.draw(fmt.Sprintf("検証中 %d件 (%d%%)", n, percent), fmt.Sprintf("verifying, entry %d (%d%%)", n, percent))
		return
	}
	b.draw(fmt.Sprintf("検証中 %d件", n), fmt.Sprintf("verifying, entry %d", n))
}

func (b *progress) recording(i, of int) {
	b.draw(fmt.Sprintf("検証中 操作記録 %d/%d", i, of), fmt.Sprintf("verifying recording %d/%d", i, of))
}

func (b *progress) file(i, of int) {
	b.draw(fmt.Sprintf("検証中 ファイル %d/%d", i, of), fmt.Sprintf("verifying file %d/%d", i, of))
}

func (b *progress) draw(ja, en string) {
	now := b.p.now()
	if !b.p.terminal || now.Before(b.next) {
		return
	}
	b.next, b.drawn = now.Add(200*time.Millisecond), true
	fmt.Fprintf(b.p.err, "\r\x1b[K%s", b.p.pick(text{ja, en}))
}

// clear erases the line.
func (b *progress) clear() {
	if b.drawn {
		fmt.Fprint(b.p.err, "\r\x1b[K")
	}
}
