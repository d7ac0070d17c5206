package accounts

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestAnAnswerIsClearOrNone(t *testing.T) {
	const head, tail = "sekimori-target 1\n", "done\n"
	for _, c := range []struct {
		name   string
		verb   Verb
		answer string
		lines  int
		says   string // empty: clear
	}{
		{"nothing to say", VerbPrepare, head + tail, 0, ""},
		{"one line", VerbProve, head + "gone\tmaint\tlocked\n" + tail, 1, ""},
		{"empty", VerbProve, "", 0, "nothing"},
		{"no last line", VerbProve, head + "gone\tmaint\tlocked\n", 0, "breaks off"},
		{"only a head", VerbProve, head, 0, "breaks off"},
		{"cut within a line", VerbProve, head + "gone\tmaint\tlocked\ndone", 0, "breaks off"},
		{"another version", VerbProve, "sekimori-target 2\n" + tail, 0, "does not begin"},
		{"something before", VerbProve, "motd\n" + head + tail, 0, "does not begin"},
		{"something after", VerbPrepare, head + tail + tail, 0, "line 2"},
		{"unknown word", VerbProve, head + "fine\tmaint\tlocked\n" + tail, 0, "line 2"},
		{"another verb's word", VerbProve, head + "login\ta\tb\tc\n" + tail, 0, "line 2"},
		{"a field too few", VerbProve, head + "gone\tmaint\n" + tail, 0, "line 2"},
		{"a field too many", VerbProve, head + "gone\tmaint\ta\tb\n" + tail, 0, "line 2"},
		{"done with words", VerbPrepare, head + "done\tindeed\n", 0, "breaks off"},
		{"long line", VerbProve, head + "gone\tmaint\t" + strings.Repeat("x", mostLine) + "\n" + tail, 0, "4000 bytes"},
		{"many lines", VerbInventory, head + strings.Repeat("account\ta\tb\n", mostLines) + tail, 0, "20000 lines"},
		{"long", VerbInventory, head + strings.Repeat("account\ta\t"+strings.Repeat("x", 3000)+"\n", 400) + tail, 0, "bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, err := parse(c.verb, []byte(c.answer))
			if c.says == "" {
				if err != nil || len(lines) != c.lines {
					t.Fatalf("%d lines, %v", len(lines), err)
				}
				return
			}
			if !errors.Is(err, ErrUnclear) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("want %q: %v", c.says, err)
			}
		})
	}
	var failed *Failed
	if _, err := parse(VerbProve, []byte(head+"failed\tno such \x1b[31maccount\n")); !errors.As(err, &failed) || strings.Contains(failed.Reason, "\x1b") {
		t.Fatalf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("sekimori-target 1\ngone\tmaint\tlocked\ndone\n")
	f.Add("sekimori-target 1\nfailed\tno\n")
	f.Fuzz(func(t *testing.T, answer string) {
		for verb, words := range answers {
			lines, err := parse(verb, []byte(answer))
			if err != nil && lines != nil {
				t.Fatal("lines beside an error")
			}
			for _, l := range lines {
				if n, known := words[l.Word]; !known || n != len(l.Fields) {
					t.Fatalf("%s: %+v", verb, l)
				}
				for _, field := range l.Fields {
					if strings.ContainsAny(field, "\x1b\x07\n\r\x7f") {
						t.Fatalf("%q can do something to a terminal", field)
					}
				}
			}
		}
	})
}

// TestAttackAnOrderWithinAValue: no value can add a line to an order.
func TestAttackAnOrderWithinAValue(t *testing.T) {
	for _, bad := range []string{"maint\nverb withdraw", "maint\r", "a\x00b", strings.Repeat("x", 257), "\xff"} {
		for _, o := range []Order{{Verb: VerbPrepare, Account: bad}, {Verb: VerbPrepare, Groups: []string{bad}}, {Verb: VerbProbe, What: []string{bad}}} {
			if _, err := o.bytes(); err == nil {
				t.Errorf("%q went into an order", bad)
			}
		}
	}
	b, err := Order{Verb: VerbPrepare, Account: "maint", Until: time.Date(2026, 11, 24, 11, 30, 0, 0, time.FixedZone("JST", 9*3600)), Groups: []string{"a", "b"}}.bytes()
	if want := "sekimori-target 1\nverb prepare\naccount maint\nuntil 2026-11-24T02:30:00Z\ngroup a\ngroup b\nend\n"; err != nil || string(b) != want {
		t.Errorf("%q, %v", b, err)
	}
}

// TestTheProtocolSaysEveryWord: PROTOCOL.md has each verb and each word of the answers.
func TestTheProtocolSaysEveryWord(t *testing.T) {
	doc, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	for verb, words := range answers {
		if !strings.Contains(string(doc), "`"+string(verb)+"`") {
			t.Errorf("no verb %s", verb)
		}
		for w := range words {
			if !strings.Contains(string(doc), "`"+w+"`") {
				t.Errorf("no word %s", w)
			}
		}
	}
}

func TestWhereATargetMayConnectTo(t *testing.T) {
	list := []string{"192.0.2.0/24:443", "198.51.100.7:*", "[2001:db8::1]:25", "bad", "192.0.2.1:"}
	for remote, want := range map[string]bool{
		"192.0.2.9:443": true, "192.0.2.9:444": false, "192.0.3.9:443": false, "198.51.100.7:1": true, "[2001:db8::1]:25": true,
		"[::ffff:192.0.2.9]:443": true, "": false, "host:443": false, "192.0.2.9": false, "203.0.113.1:443": false,
	} {
		if got := listed(list, remote); got != want {
			t.Errorf("%s: %t", remote, got)
		}
	}
	if listed(nil, "192.0.2.9:443") {
		t.Error("an empty list knows a connection")
	}
}
