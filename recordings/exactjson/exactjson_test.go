package exactjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRepeated(t *testing.T) {
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, `"m%d":%d,`, i, i)
	}
	for text, want := range map[string]string{
		`{}`: "", `[]`: "", `"a"`: "", `1`: "", `null`: "",
		`{"a":1,"b":2}`:                                "",
		`{"a":1,"a":2}`:                                "a",
		`{"a":1,"A":2}`:                                "",
		`{"a":1,"\u0061":2}`:                           "a",
		`{"a":{"b":1,"b":2}}`:                          "b",
		`{"a":[{"b":1},{"b":2}]}`:                      "",
		`{"a":[1,{"b":1,"c":[],"b":2}]}`:               "b",
		`{"a":"{\"a\":1,\"a\":2}","b":"\\"}`:           "",
		"{ \"a\" : [ ] ,\n\"b\":{ } , \"a\" : true }":  "a",
		`{"":1,"":2}`:                                  "",
		`{` + many.String() + `"m7":0}`:                "m7",
		`{` + many.String() + `"m100":0}`:              "",
		`{"a":1.5e3,"b":-1,"c":true,"d":null,"a":"x"}`: "a",
	} {
		name, twice := Repeated([]byte(text))
		if twice != (want != "" || text == `{"":1,"":2}`) || name != want {
			t.Errorf("%.80s: %q, %v", text, name, twice)
		}
	}
}

func TestDecodeIsExact(t *testing.T) {
	type inner struct {
		Size int64 `json:"size"`
	}
	type outer struct {
		Session   string    `json:"session"`
		Recording *inner    `json:"recording"`
		List      []inner   `json:"list"`
		At        time.Time `json:"at"`
	}
	for text, says := range map[string]string{
		`{"session":"S","recording":{"size":1},"other":{"Size":1}}`: "",
		`{"session":"S","Session":"T"}`:                             `"session" is written "Session"`,
		`{"ſession":"T"}`:                                           `"session" is written`,
		`{"recording":{"SIZE":1}}`:                                  `"size" is written "SIZE"`,
		`{"list":[{"size":1},{"Size":2}]}`:                          `"size" is written "Size"`,
		`{"session":"S","session":"T"}`:                             "twice",
		`{"other":{"x":1,"x":1}}`:                                   "twice",
		`{"session":1}`:                                             "cannot unmarshal",
		`{"session":"S"`:                                            "unexpected end",
	} {
		var v outer
		err := Decode([]byte(text), &v)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The walk agrees with a slow reading by tokens and never leaves the text.
func FuzzRepeated(f *testing.F) {
	for _, s := range []string{`{"a":1,"a":2}`, `{"a":[{"b":"\"","b":1}]}`, `[[],{}]`, `{"\ud800":1,"�":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) {
			return
		}
		_, twice := Repeated(b)
		if want := slowly(json.NewDecoder(bytes.NewReader(b))); twice != want {
			t.Errorf("%q: %v, want %v", b, twice, want)
		}
	})
}

func slowly(d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	switch token {
	case json.Delim('{'):
		seen, twice := map[string]bool{}, false
		for d.More() {
			name, _ := d.Token()
			twice = twice || seen[name.(string)]
			seen[name.(string)] = true
			twice = slowly(d) || twice
		}
		d.Token()
		return twice
	case json.Delim('['):
		twice := false
		for d.More() {
			twice = slowly(d) || twice
		}
		d.Token()
		return twice
	}
	return false
}

func BenchmarkRepeated(b *testing.B) {
	text := []byte(`{"session_id":"S-20261124-03","request_no":"R8-0124","started_at":"2026-11-24T01:06:31Z","recording":{"sha256":"00","size":1,"chain":"00"},"rows":{"sessions":{"S-20261124-03":"abc"},"reviews":{"S-20261124-03":"abc"}}}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Repeated(text)
	}
}
