package main

import (
	"encoding/json"
	"testing"
)

// What a person types is sent whole or not at all: bytes of another encoding would reach the broker as U+FFFD.
func TestBytesThatAreNoUTF8AreNotSent(t *testing.T) {
	for text, want := range map[string]bool{"給与": false, "\ufffd": false, `\ufffd`: false, `\\ufffd`: false, "\x8b\x8b": true, "\\\xff": true, "a\xed\xa0\x80": true} {
		b, err := json.Marshal(map[string]string{"reason": text})
		if err != nil {
			t.Fatal(err)
		}
		if got := damaged(b); got != want {
			t.Errorf("%q is sent as %s: damaged is %v", text, b, got)
		}
	}
}
