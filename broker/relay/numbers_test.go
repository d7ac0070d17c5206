package relay

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// withCheck is an individual number for a seed.
func withCheck(seed uint64) string {
	var d [numberDigits]byte
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range 11 {
		d[i] = byte(r.IntN(10))
	}
	for d[11] = 0; !validNumber(&d); d[11]++ {
	}
	for i := range d {
		d[i] += '0'
	}
	return string(d[:])
}

// shown passes text in pieces of k bytes, as packets.
func shown(s string, k int) (out string, found int) {
	n := newNumbers()
	var b strings.Builder
	for len(s) > 0 {
		m := min(k, len(s))
		b.Write(n.feed([]byte(s[:m])))
		s = s[m:]
	}
	b.Write(n.flush())
	_, found = n.take()
	return b.String(), found
}

func TestCheckDigit(t *testing.T) {
	// Numbers that the ministry's samples and published test tools use.
	for number, want := range map[string]bool{"123456789018": true, "123456789010": false, "000000000000": true, "111111111118": true, "123456789019": false} {
		var d [numberDigits]byte
		for i := range d {
			d[i] = number[i] - '0'
		}
		if validNumber(&d) != want {
			t.Errorf("%s: valid is %v", number, !want)
		}
	}
}

// TestNumbersAreReplaced holds forms of numbers in packets of every size.
func TestNumbersAreReplaced(t *testing.T) {
	full := strings.NewReplacer("1", "１", "2", "２", "3", "３", "4", "４", "5", "５", "6", "６", "7", "７", "8", "８", "9", "９", "0", "０")
	for in, want := range map[string]string{
		"番号 123456789018 です":                         "番号 ************ です",
		"1234-5678-9018":                             "****-****-****",
		"1234 5678 9018\r\n":                         "**** **** ****\r\n",
		"123 456 789 018,":                           "*** *** *** ***,",
		"123456-789018":                              "******-******",
		full.Replace("123456789018"):                 strings.Repeat("＊", 12),
		full.Replace("1234－5678－9018"):               "＊＊＊＊－＊＊＊＊－＊＊＊＊",
		full.Replace("1234　5678　9018"):               "＊＊＊＊　＊＊＊＊　＊＊＊＊",
		"\x1b[31m1234\x1b[0m56789018\x1b[K":          "\x1b[31m****\x1b[0m********\x1b[K",
		"1\x1b[1m2\x1b[0m3456789018":                 "*\x1b[1m*\x1b[0m**********",
		"\x1b[38;5;123m123456789018\x1b[m":           "\x1b[38;5;123m************\x1b[m",
		"2024-11-30 123456789018":                    "2024-11-30 ************",
		"2024 1234 5678 9018":                        "2024 **** **** ****",
		"1234 5678 9019 1234 5678 9018":              "1234 5678 9019 **** **** ****",
		"123456789018 123456789018":                  "************ ************",
		"a,123456789018,b,123456789018,123456789010": "a,************,b,************,123456789010",
	} {
		for k := 1; k <= len(in); k++ {
			if got, found := shown(in, k); got != want || found == 0 {
				t.Errorf("in packets of %d bytes %q is shown as %q, want %q (found %d)", k, in, got, want, found)
				break
			}
		}
	}
}

// TestOtherDigitsStay: no other run of digits is touched.
func TestOtherDigitsStay(t *testing.T) {
	for _, in := range []string{
		"123456789010", "1234567890181", "0123456789018", "12345678901", "2024-11-30T10:00:00", "03-1234-5678", "1 2 3 4 5 6 7 8 9 0 1 8",
		"1234  5678  9018", "1234--5678-9018", "12345-67890-18", "1234\r\n5678\r\n9018", "1234\x1b[5C56789018", "\x1b]0;123456789018\x07", "123456789018123456789018",
		"\xef\xbc", "\xef", "\xe3\x80", "１２３", "\x1b[12", "12\x1b",
	} {
		for k := 1; k <= len(in); k++ {
			if got, found := shown(in, k); got != in || found != 0 {
				t.Errorf("in packets of %d bytes %q is shown as %q (found %d)", k, in, got, found)
				break
			}
		}
	}
}

// TestSlowDigits: digits that were shown because nothing followed in time stay shown; those after them are replaced.
func TestSlowDigits(t *testing.T) {
	n := newNumbers()
	out := string(n.feed([]byte("12345")))
	out += string(n.flush())
	out += string(n.feed([]byte("6789018\r\n")))
	if out != "12345*******\r\n" {
		t.Errorf("shown is %q", out)
	}
	if d, found := n.take(); found != 1 || string(d) != "123456789018" {
		t.Errorf("taken are %q, %d", d, found)
	}
}

// FuzzNumbers: without a number everything passes as it came, and all of it; with one, nothing but digits changes.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"plain", "1234-5678-9018", "\x1b[31m12\x1b[0m", "１２３４", "\x1b]0;x\x07", "123456789018 123456789018"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, in []byte, k int) {
		k = 1 + (k&0xff)%64
		got, found := shown(string(in), k)
		whole, also := shown(string(in), max(len(in), 1))
		if found != also || len(in) <= mostHeld && got != whole {
			t.Errorf("packets of %d bytes make a difference: %q, %q", k, got, whole)
		}
		if len(got) != len(in) {
			t.Fatalf("%d bytes came, %d are shown", len(in), len(got))
		}
		if found == 0 && got != string(in) {
			t.Errorf("no number is in %q, and %q is shown", in, got)
		}
		for i := range in {
			if in[i] != got[i] && got[i] != '*' && got[i] != 0x8a {
				t.Errorf("byte %d of %q became %q", i, in, got)
			}
		}
	})
}

// TestRatesOfNumbers prints what the detector misses, and what it takes for a number, on generated output.
func TestRatesOfNumbers(t *testing.T) {
	const rounds = 2000
	wide := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r - '0' + '０'
			}
			return r
		}, s)
	}
	groups := func(s string, k int, sep string) string {
		var parts []string
		for ; len(s) > 0; s = s[k:] {
			parts = append(parts, s[:k])
		}
		return strings.Join(parts, sep)
	}
	numbered := []struct {
		name string
		form func(string) string
		most float64 // of misses
	}{
		{"in one piece", func(s string) string { return "氏名 " + s + " 生年" }, 0},
		{"groups of 4, hyphens", func(s string) string { return groups(s, 4, "-") }, 0},
		{"groups of 4, spaces", func(s string) string { return groups(s, 4, " ") }, 0},
		{"full width", wide, 0},
		{"full width, groups of 4", func(s string) string { return wide(groups(s, 4, "－")) }, 0},
		{"a colour code in it", func(s string) string { return s[:5] + "\x1b[1;31m" + s[5:] + "\x1b[0m" }, 0},
		{"in a column of a table", func(s string) string { return "| 00123 | " + s + " | 2024 |" }, 0},
		{"digits one by one, spaces", func(s string) string { return groups(s, 1, " ") }, 1},
		{"a line break in it", func(s string) string { return s[:6] + "\r\n" + s[6:] }, 1},
		{"two spaces between groups", func(s string) string { return groups(s, 4, "  ") }, 1},
		{"cursor moved in it", func(s string) string { return s[:6] + "\x1b[6G" + s[6:] }, 1},
		{"full width in Shift_JIS", func(s string) string {
			var b []byte
			for i := range len(s) {
				b = append(b, 0x82, 0x4f+s[i]-'0')
			}
			return string(b)
		}, 1},
		{"base64", func(s string) string { return "MTIzNDU2Nzg5MDE4" }, 1},
	}
	for _, c := range numbered {
		missed := 0
		for i := range uint64(rounds) {
			if _, found := shown("x "+c.form(withCheck(i))+"\r\n", 7); found == 0 {
				missed++
			}
		}
		rate := float64(missed) / rounds
		t.Logf("missed %5.1f %%  %s", 100*rate, c.name)
		if rate > c.most {
			t.Errorf("missed %.3f of: %s", rate, c.name)
		}
	}
	r := rand.New(rand.NewPCG(7, 7))
	digits := func(k int) string {
		var b strings.Builder
		for range k {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
		return b.String()
	}
	others := []struct {
		name string
		make func() string
	}{
		{"dates and times", func() string {
			return fmt.Sprintf("2026-%02d-%02d %02d:%02d:%02d", 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
		}},
		{"telephone numbers", func() string { return "03-" + digits(4) + "-" + digits(4) }},
		{"IPv4 addresses", func() string { return fmt.Sprintf("%d.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256)) }},
		{"amounts", func() string { return digits(3) + "," + digits(3) + "," + digits(3) }},
		{"account numbers of 7 digits", func() string { return digits(7) }},
		{"13 digits (milliseconds, corporate numbers)", func() string { return digits(13) }},
		{"16 digits in groups of 4 (cards)", func() string { return groups(digits(16), 4, " ") }},
		{"12 random digits", func() string { return digits(12) }},
		{"hexadecimal digests", func() string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()) }},
	}
	for _, c := range others {
		alarms := 0
		for range rounds {
			if _, found := shown("x "+c.make()+"\r\n", 7); found > 0 {
				alarms++
			}
		}
		t.Logf("false alarms %5.1f %%  %s", 100*float64(alarms)/rounds, c.name)
	}
}

func TestNumbersTakeNoMemory(t *testing.T) {
	n := newNumbers()
	p := []byte("total 1234\r\n-rw-r--r-- 1 root root 4096 Nov 30 10:00 123456789018\r\n")
	if got := testing.AllocsPerRun(1000, func() { n.feed(p); n.flush(); n.take() }); got != 0 {
		t.Errorf("%v allocations a packet", got)
	}
}

func BenchmarkNumbers(b *testing.B) {
	n := newNumbers()
	p := bytes.Repeat([]byte("-rw-r--r-- 1 root root 4096 Nov 30 10:00 name of a file\r\n"), 64)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		n.feed(p)
		n.flush()
	}
}
