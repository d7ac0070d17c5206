package ledger

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestSealAndParseGiveTheSameEntry(t *testing.T) {
	for _, e := range maintenance(t).entries {
		got, err := ParseEntry(e.Header, e.Salt, e.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, e) {
			t.Errorf("sealed %+v\nparsed %+v", e, got)
		}
		gone, err := ParseEntry(e.Header, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !gone.Disposed() || gone.Leaf() != e.Leaf() {
			t.Errorf("entry %d: the leaf changed when its payload went", e.Index)
		}
	}
}

// The canonical header, byte for byte, as quoted in FORMAT.md.
func TestHeaderBytes(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 6, 31, 123999999, time.FixedZone("JST", 9*3600))
	e, err := Seal(Draft{
		Kind: "request.approved", Actor: Actor{"person", "U-002", "web"}, OnBehalf: "U-003",
		Subjects: []string{"R8-0124", `a"b\c`}, Payload: map[string]any{"stage": 1, "note": "<可>"},
	}, 7, at, at.Add(-time.Hour), [SaltSize]byte{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"index":7,"time":"2026-11-24T01:06:31.123Z","clock":"2026-11-24T00:06:31.123Z","kind":"request.approved",` +
		`"actor":{"kind":"person","id":"U-002","via":"web"},"on_behalf":"U-003","subjects":["R8-0124","a\"b\\c"],` +
		`"digest":"25d6bbbb87648eb437a6bb6f4c874470c51705fc445a2f94c08fbaee381dd2f6"}`
	if string(e.Header) != want {
		t.Errorf("header\n%s\nwant\n%s", e.Header, want)
	}
	if want := `{"note":"<可>","stage":1}`; string(e.Payload) != want {
		t.Errorf("payload %s, want %s", e.Payload, want)
	}
}

// A clock difference below the ledger's resolution counts as none.
func TestClockWithinTheSameMillisecond(t *testing.T) {
	at := time.Date(2026, 11, 24, 1, 0, 0, 999999, time.UTC)
	e, err := Seal(Draft{Kind: "a", Actor: Actor{"broker", "", "timer"}}, 0, at, at.Add(-time.Microsecond), [SaltSize]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(e.Header, []byte("clock")) {
		t.Errorf("header %s", e.Header)
	}
}

func TestSealRefuses(t *testing.T) {
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	good := Draft{Kind: "request.approved", Actor: Actor{"person", "U-001", "cli"}, Subjects: []string{"R8-0124"}}
	if _, err := Seal(good, 0, at, at, [SaltSize]byte{}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Draft)
		says   string
	}{
		"empty kind":           {func(d *Draft) { d.Kind = "" }, "kind is empty"},
		"kind in capitals":     {func(d *Draft) { d.Kind = "Request" }, `kind "Request" holds 'R'`},
		"kind of two joints":   {func(d *Draft) { d.Kind = "a..b" }, "without a word before"},
		"kind begins in joint": {func(d *Draft) { d.Kind = ".a" }, "without a word before"},
		"kind ends in joint":   {func(d *Draft) { d.Kind = "a-" }, "ends in"},
		"kind of 65 bytes":     {func(d *Draft) { d.Kind = strings.Repeat("a", 65) }, "kind of 65 bytes"},
		"kind with newline":    {func(d *Draft) { d.Kind = "a\nb" }, `holds '\n'`},
		"no actor":             {func(d *Draft) { d.Actor = Actor{} }, "neither person nor broker"},
		"person without id":    {func(d *Draft) { d.Actor.ID = "" }, "person without an id"},
		"unknown door":         {func(d *Draft) { d.Actor.Via = "phone" }, `via "phone"`},
		"newline in id":        {func(d *Draft) { d.Actor.ID = "U\n1" }, "control character U+000A"},
		"delete in id":         {func(d *Draft) { d.Actor.ID = "U\x7f" }, "control character U+007F"},
		"C1 in id":             {func(d *Draft) { d.Actor.ID = "U\u0085" }, "control character U+0085"},
		"direction override":   {func(d *Draft) { d.OnBehalf = "U-\u202e001" }, "invisible character U+202E"},
		"zero width in id":     {func(d *Draft) { d.Subjects = []string{"U-\u200b001"} }, "invisible character U+200B"},
		"line separator":       {func(d *Draft) { d.Subjects = []string{"a\u2028b"} }, "invisible character U+2028"},
		"id is no UTF-8":       {func(d *Draft) { d.Subjects = []string{"ok", "\x8a\xd6"} }, "subject 2"},
		"long id":              {func(d *Draft) { d.Subjects = []string{strings.Repeat("a", 257)} }, "257 bytes"},
		"too many subjects":    {func(d *Draft) { d.Subjects = make300() }, "fewer subjects"},
		"payload no object":    {func(d *Draft) { d.Payload = []int{1} }, "not a JSON object"},
		"payload not JSON":     {func(d *Draft) { d.Payload = map[string]any{"f": func() {}} }, "unsupported type"},
		"payload too large":    {func(d *Draft) { d.Payload = map[string]string{"a": strings.Repeat("a", MaxPayload)} }, "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			c.change(&d)
			if _, err := Seal(d, 0, at, at, [SaltSize]byte{}); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want … %s …", err, c.says)
			}
		})
	}
	if _, err := Seal(good, -1, at, at, [SaltSize]byte{}); err == nil {
		t.Error("a negative index was taken")
	}
	if _, err := Seal(good, 0, at, at.Add(time.Second), [SaltSize]byte{}); err == nil {
		t.Error("a time before the clock was taken")
	}
	if _, err := Seal(good, 0, time.Time{}, time.Time{}, [SaltSize]byte{}); err == nil {
		t.Error("no time at all was taken")
	}
}

func TestSealFillsIn(t *testing.T) {
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	e, err := Seal(Draft{Kind: "session.ended", Actor: Actor{Kind: "broker"}, Subjects: []string{"S-20261124-03", "", "E-0031"}}, 0, at, at, [SaltSize]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Actor.Via != "timer" || !reflect.DeepEqual(e.Subjects, []string{"S-20261124-03", "E-0031"}) {
		t.Errorf("%s", e.Header)
	}
}

func make300() []string {
	s := make([]string, 300)
	for i := range s {
		s[i] = strings.Repeat("a", 256)
	}
	return s
}

// Invalid UTF-8 (a command in Shift_JIS) must not prevent an entry.
func TestPayloadOfOtherBytes(t *testing.T) {
	at := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	e, err := Seal(Draft{Kind: "a", Actor: Actor{"broker", "", "ssh"}, Payload: map[string]any{"as text": "\x8a\xd6", "as bytes": []byte("\x8a\xd6")}}, 0, at, at, [SaltSize]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"as bytes":"itY=","as text":"\ufffd\ufffd"}`; string(e.Payload) != want {
		t.Errorf("payload %s", e.Payload)
	}
}

func TestParseRefuses(t *testing.T) {
	e := maintenance(t).entries[1]
	header := string(e.Header)
	swap := func(old, with string) string {
		if !strings.Contains(header, old) {
			t.Fatalf("%s is not in %s", old, header)
		}
		return strings.Replace(header, old, with, 1)
	}
	for name, h := range map[string]string{
		"empty":                "",
		"no JSON":              "{",
		"space before":         " " + header,
		"newline after":        header + "\n",
		"space within":         swap(`,"kind"`, `, "kind"`),
		"key in capitals":      swap(`"kind":"request`, `"Kind":"request`),
		"unknown key":          swap(`{"index"`, `{"x":1,"index"`),
		"key twice":            swap(`{"index":1`, `{"index":9,"index":1`),
		"order of keys":        swap(`"index":1,"time":"2026-11-24T01:01:00.123Z"`, `"time":"2026-11-24T01:01:00.123Z","index":1`),
		"index as float":       swap(`"index":1`, `"index":1.0`),
		"negative index":       swap(`"index":1`, `"index":-1`),
		"index overflow":       swap(`"index":1`, `"index":9223372036854775808`),
		"needless escape":      swap(`"U-002"`, `"\u0055-002"`),
		"escaped slash":        swap(`"U-002"`, `"U\/002"`),
		"microseconds":         swap(`00.123Z`, `00.123000Z`),
		"no decimals":          swap(`00.123Z`, `00Z`),
		"comma for decimals":   swap(`00.123Z`, `00,123Z`),
		"other zone":           swap(`00.123Z`, `00.123+00:00`),
		"no such day":          swap(`11-24`, `11-31`),
		"clock that is equal":  swap(`","kind":"req`, `","clock":"2026-11-24T01:01:00.123Z","kind":"req`),
		"clock after the time": swap(`","kind":"req`, `","clock":"2026-11-24T01:01:00.124Z","kind":"req`),
		"empty clock":          swap(`","kind":"req`, `","clock":"","kind":"req`),
		"empty on_behalf":      swap(`"on_behalf":"U-003"`, `"on_behalf":""`),
		"empty subject":        swap(`["R8-0124"`, `[""`),
		"subjects null":        swap(`["R8-0124","W-0007"]`, `null`),
		"digest in capitals":   swap(header[len(header)-10:], strings.ToUpper(header[len(header)-10:])),
		"short digest":         swap(header[len(header)-10:], `"}`),
		"control in id":        swap("U-002", `U\n002`),
		"broken UTF-8":         swap("U-002", "U-\xff02"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseEntry([]byte(h), e.Salt, e.Payload)
			var form *FormError
			if !errors.As(err, &form) {
				t.Errorf("%s\ngot %v, want a *FormError", h, err)
			}
		})
	}
	for name, c := range map[string]struct {
		salt, payload []byte
		digest        bool
	}{
		"salt without payload": {salt: e.Salt},
		"payload without salt": {payload: e.Payload},
		"short salt":           {salt: e.Salt[:31], payload: e.Payload},
		"other salt":           {salt: make([]byte, SaltSize), payload: e.Payload, digest: true},
		"other payload":        {salt: e.Salt, payload: []byte("{}"), digest: true},
		"payload and space":    {salt: e.Salt, payload: append(bytes.Clone(e.Payload), ' ')},
		"payload and newline":  {salt: e.Salt, payload: []byte("{\n}")},
		"payload no UTF-8":     {salt: e.Salt, payload: []byte("{\"a\":\"\xff\"}")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseEntry(e.Header, c.salt, c.payload)
			var form *FormError
			if c.digest && !errors.Is(err, ErrPayloadDigest) || !c.digest && !errors.As(err, &form) {
				t.Errorf("got %v", err)
			}
		})
	}
}
