package wire

import "sync"

// blockSize bounds one connection's queue in bytes; as much again may be on its way into the kernel. Blocks of 1 MiB halved
// the speed of the relay's bulk benchmark, because they exceed the cache; 64 KiB made no measurable difference.
const blockSize = 256 << 10

// block is one gathering of writes.
type block struct {
	used int
	data [blockSize]byte
}

// blocks holds the unused blocks of all connections. Most connections are idle most of the time and hold none.
var blocks = sync.Pool{New: func() any { return new(block) }}

func newBlock() *block {
	b := blocks.Get().(*block)
	b.used = 0
	return b
}

// add copies as much of p as fits and returns that length.
func (b *block) add(p []byte) int {
	n := copy(b.data[b.used:], p)
	b.used += n
	return n
}

func (b *block) bytes() []byte { return b.data[:b.used] }

// free returns the block to the pool; do not use it afterwards.
func (b *block) free() { blocks.Put(b) }
