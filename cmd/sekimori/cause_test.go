package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// failing runs a command line that must fail, and returns its error output.
func failing(t *testing.T, lang string, args ...string) string {
	t.Helper()
	var out, problems bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &out, err: &problems, now: clockFrom(storyAt()),
		getenv:   func(string) string { return "" },
		terminal: func(any) (int, bool) { return 0, false }}
	if status := p.run(context.Background(), append([]string{"--lang", lang}, args...)); status == 0 {
		t.Fatalf("%v succeeds: %s", args, out.String())
	}
	return problems.String()
}

// A file that is missing, closed to the caller or of another kind is told in the person's language, with a next step that fits.
func TestErrorsOfFilesAreToldInBothLanguages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := filepath.Join(dir, "other.pub")
	if err := os.WriteFile(other, []byte("no key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	for _, one := range []struct {
		args   []string
		ja, en []string
	}{
		{[]string{"recording", "play", "S-20261124-01.skr", "--identity", missing},
			[]string{"秘密鍵のファイルを読めません: " + missing + ": ファイルか場所がありません\n", checkFileJA},
			[]string{"cannot read the identity file: " + missing + ": there is no such file or directory\n", checkFileEN}},
		{[]string{"recording", "play", "S-20261124-01.skr"},
			[]string{"--identity が要ります"}, []string{"--identity is required"}},
		{[]string{"ledger", "witness", "add", dir, missing},
			[]string{"台帳の公開鍵を読めません: " + missing + ": ファイルか場所がありません\n", "ledger.pub"},
			[]string{"the ledger's public key cannot be read: " + missing + ": there is no such file or directory\n", "ledger.pub"}},
		{[]string{"ledger", "witness", "add", dir, other}, []string{"台帳の公開鍵を読めません: "}, []string{"the ledger's public key cannot be read: "}},
		{[]string{"ledger", "witness", "serve", missing},
			[]string{missing + "/lock: ファイルか場所がありません\n"}, []string{missing + "/lock: there is no such file or directory\n"}},
		{[]string{"check", "--config", missing},
			[]string{"設定ファイルを読めません: " + missing + ": ファイルか場所がありません\n", "sekimori init"},
			[]string{"there is no such file or directory\n", "sekimori init"}},
		{[]string{"check", "--config", other},
			[]string{"YAML として読めません", "`sekimori check --config " + other + "`"}, []string{"not readable as YAML", "`sekimori check --config " + other + "`"}},
	} {
		for lang, parts := range map[string][]string{"ja": one.ja, "en": one.en} {
			said := failing(t, lang, one.args...)
			for _, part := range parts {
				if !strings.Contains(said, part) {
					t.Errorf("%v says %q without %q", one.args, said, part)
				}
			}
		}
	}
}
