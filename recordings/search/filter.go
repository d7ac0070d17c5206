package search

import "math/bits"

// A filter says which grams a chunk may contain (a Bloom filter). A gram that the chunk has is always in it; another one is in about one
// filter of a hundred.
const (
	bitsPerGram = 10
	probes      = 4
)

// grams are the different runs of one, two and three characters of a chunk's lines. A run does not cross the end of a line.
type grams struct {
	all map[uint64]struct{}
}

// add takes the grams of a folded text.
func (g *grams) add(folded string) {
	if g.all == nil {
		g.all = map[uint64]struct{}{}
	}
	var before, last uint64 // the characters before, each plus one so that none is zero
	for _, r := range folded {
		c := uint64(r) + 1
		g.all[c] = struct{}{}
		if last != 0 {
			g.all[last<<21|c] = struct{}{}
			if before != 0 {
				g.all[before<<42|last<<21|c] = struct{}{}
			}
		}
		before, last = last, c
	}
}

// filter makes the filter, and forgets the grams.
func (g *grams) filter() []byte {
	f := make([]byte, (len(g.all)*bitsPerGram+7)/8+1)
	for one := range g.all {
		step, at := spread(one)
		for range probes {
			n := place(at, f)
			f[n>>3] |= 1 << (n & 7)
			at += step
		}
	}
	clear(g.all)
	return f
}

// mayContain reports whether all of the grams may be in the filter. The empty filter contains nothing.
func mayContain(filter []byte, grams []uint64) bool {
	if len(filter) == 0 {
		return false
	}
	for _, one := range grams {
		step, at := spread(one)
		for range probes {
			n := place(at, filter)
			if filter[n>>3]&(1<<(n&7)) == 0 {
				return false
			}
			at += step
		}
	}
	return true
}

// spread gives two independent numbers for a gram (the finalizer of splitmix64).
func spread(gram uint64) (step, at uint64) {
	x := gram + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return x<<32 | x>>32 | 1, x
}

// place gives the bit of a filter for a number.
func place(at uint64, filter []byte) uint64 {
	n, _ := bits.Mul64(at, uint64(len(filter))*8)
	return n
}
