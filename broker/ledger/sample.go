package ledger

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Sample is a system's plan of which work is reviewed: all of it, n of each m in a row, or a percentage at random. The zero value is all.
type Sample struct {
	N, M    int // n of m; M 0: no such plan
	Percent int // 0: no such plan
}

// Bounds of a plan.
const (
	longestBlock = 100
	SeedSize     = 32 // bytes of a month's seed
)

// ParseSample reads a plan: "" or "all", "2/10", "20%". ok: it is one.
func ParseSample(text string) (s Sample, ok bool) {
	if text == "" || text == "all" {
		return Sample{}, true
	}
	if percent, found := strings.CutSuffix(text, "%"); found {
		n, err := strconv.Atoi(percent)
		return Sample{Percent: n}, err == nil && n >= 1 && n <= 99 && strconv.Itoa(n) == percent
	}
	a, b, found := strings.Cut(text, "/")
	n, err := strconv.Atoi(a)
	m, err2 := strconv.Atoi(b)
	return Sample{N: n, M: m}, found && err == nil && err2 == nil && n >= 1 && n < m && m <= longestBlock && strconv.Itoa(n) == a && strconv.Itoa(m) == b
}

// All tells whether the plan leaves nothing out.
func (s Sample) All() bool { return s.M == 0 && s.Percent == 0 }

func (s Sample) String() string {
	switch {
	case s.Percent > 0:
		return strconv.Itoa(s.Percent) + "%"
	case s.M > 0:
		return strconv.Itoa(s.N) + "/" + strconv.Itoa(s.M)
	}
	return "all"
}

// Chosen tells whether the work at a place, from 0, of a system's month is reviewed. seed is the month's, drawn before it; the same seed gives
// the same choice for ever, so that anyone can recompute it once the seed is revealed.
func (s Sample) Chosen(seed []byte, system, month string, place int) bool {
	switch {
	case s.All():
		return true
	case place < 0:
		return true // unknown: it is reviewed
	case s.Percent > 0:
		of100, _ := bits.Mul64(drawn(seed, system, month, place), 100)
		return of100 < uint64(s.Percent)
	}
	block := make([]int, s.M)
	for i := range block {
		block[i] = place - place%s.M + i
	}
	slices.SortFunc(block, func(a, b int) int {
		return cmp.Or(cmp.Compare(drawn(seed, system, month, a), drawn(seed, system, month, b)), a-b)
	})
	return slices.Contains(block[:s.N], place)
}

// drawn is the number of a place: the first eight bytes of HMAC-SHA-256 under the seed.
func drawn(seed []byte, system, month string, place int) uint64 {
	h := hmac.New(sha256.New, seed)
	fmt.Fprintf(h, "sekimori review sample\n%s\n%s\n%d\n", system, month, place)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// SeedCommitment is the text by which an entry commits to a seed before its month: SHA-256 in hexadecimal.
func SeedCommitment(seed []byte) string {
	sum := sha256.Sum256(seed)
	return hex.EncodeToString(sum[:])
}
