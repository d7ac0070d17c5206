package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestSpan(t *testing.T) {
	for written, want := range map[string][2]string{
		"15m0s": {"15分", "15 min"}, "1h30m0s": {"1時間30分", "1 h 30 min"}, "24h0m0s": {"24時間", "24 h"}, "0s": {"0秒", "0 s"}, "45s": {"45秒", "45 s"},
		"": {"", ""}, "soon": {"soon", "soon"},
	} {
		for i, lang := range []string{"ja", "en"} {
			p := &program{lang: lang}
			if got := p.span(written); got != want[i] {
				t.Errorf("%q in %s: %q", written, lang, got)
			}
		}
	}
}

// A fingerprint is there to be compared, whole.
func TestWhatCheckSaysIsNotShortened(t *testing.T) {
	var out bytes.Buffer
	p := &program{lang: "en", out: &out, terminal: func(any) (int, bool) { return 0, false }}
	said := "signed by itself, SHA256:" + strings.Repeat("x", 43) + " " + strings.Repeat("y", 60)
	err := listWhole(p, []string{said}, "", "", []column[string]{{"内容", "FINDING", func(v string) string { return v }}})
	if err != nil || !strings.Contains(out.String(), said) {
		t.Errorf("%v: %s", err, out.String())
	}
}
