package wire

import "sync"

// blockSize bounds what waits in one connection's queue, in bytes; as much again may be on its
// way into the kernel. Blocks of 1 MiB halved the speed of the relay's bulk benchmark, which
// then works outside the cache; 64 KiB were within the noise.
const blockSize = 256 << 10

// block is one gathering of writes.
type block struct {
	used int
	data [blockSize]byte
}

// blocks holds what no connection needs at the moment. It is shared by all because most
// connections are idle most of the time and then hold none.
var blocks = sync.Pool{New: func() any { return new(block) }}

func newBlock() *block {
	b := blocks.Get().(*block)
	b.used = 0
	return b
}

// add copies as much of p as there is room for and returns how much that was.
func (b *block) add(p []byte) int {
	n := copy(b.data[b.used:], p)
	b.used += n
	return n
}

func (b *block) bytes() []byte { return b.data[:b.used] }

// free gives the block back; nobody may touch it afterwards.
func (b *block) free() { blocks.Put(b) }
