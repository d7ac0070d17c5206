package recordings_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"sekimori/recordings"
)

// A command of any bytes comes back byte for byte, and its text is always readable.
func TestCommandKeepsEveryByte(t *testing.T) {
	check := func(t *rapid.T, raw string) {
		body, err := json.Marshal(recordings.NewCommand(raw))
		if err != nil {
			t.Fatal(err)
		}
		var back recordings.Command
		if err := json.Unmarshal(body, &back); err != nil {
			t.Fatal(err)
		}
		if back.Exact() != raw {
			t.Errorf("%q came back as %q", raw, back.Exact())
		}
		if !utf8.ValidString(back.Command) || (back.Raw == nil) != utf8.ValidString(raw) {
			t.Errorf("%q is recorded as %+v", raw, back)
		}
	}
	rapid.Check(t, func(t *rapid.T) { check(t, string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))) })
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.String().Draw(t, "text")) })
}
