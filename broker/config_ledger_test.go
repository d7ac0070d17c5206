package broker

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/witness"
)

// A witness's certificate may have an authority of its own, in a file beside the configuration; without https there is none.
func TestWitnessesCertificateAuthority(t *testing.T) {
	keys, err := witness.Init(filepath.Join(t.TempDir(), "witness"), "witness.example/1")
	if err != nil {
		t.Fatal(err)
	}
	rows := func(url, more string) []byte {
		return fmt.Appendf(nil, "ledger:\n  witnesses:\n    - url: %s\n      keys: [%q]\n%s", url, keys[0], more)
	}
	dir, clock := t.TempDir(), testbed.NewClock().Now
	if err := testbed.WriteCertificate(dir, clock().AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	c, err := ParseConfig(filepath.Join(dir, "c.yaml"), rows("https://w.example", "      ca_file: ca.pem\n"))
	if err != nil || c.Ledger.Witnesses[0].CAFile != filepath.Join(dir, "ca.pem") {
		t.Fatalf("%+v, %v", c.Ledger.Witnesses, err)
	}
	for file, want := range map[string]Level{"ca.pem": LevelOK, "key.pem": LevelError, "none.pem": LevelError} {
		var out findings
		c.Ledger.Witnesses[0].CAFile = filepath.Join(dir, file)
		if c.checkWitnesses(&out, clock); out[len(out)-1].Level != want {
			t.Errorf("%s: %+v", file, out)
		}
	}
	plain, err := ParseConfig("c.yaml", rows("http://w.example", ""))
	if err != nil {
		t.Fatal(err)
	}
	var out findings
	if plain.checkWitnesses(&out, clock); len(out) != 2 || out[1].Level != LevelWarning {
		t.Errorf("without TLS: %+v", out)
	}
	if _, err := ParseConfig("c.yaml", rows("http://w.example", "      ca_file: ca.pem\n")); err == nil || !strings.Contains(err.Error(), "ca_file") {
		t.Errorf("ca_file without https: %v", err)
	}
}
