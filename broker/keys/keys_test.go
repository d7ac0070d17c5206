package keys

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"
	"golang.org/x/mod/sumdb/note"
)

const origin = "city.example/ledger"

func newRing(t *testing.T) (r *Ring, dir string, master []byte) {
	t.Helper()
	base := t.TempDir()
	master, err := CreateMaster(filepath.Join(base, "master"))
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(base, "keys")
	if r, err = Create(dir, master, origin); err != nil {
		t.Fatal(err)
	}
	return r, dir, master
}

func TestOpenGivesTheSameKeys(t *testing.T) {
	a, dir, master := newRing(t)
	b, err := Open(dir, master)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.HostSigner().PublicKey().Marshal(), b.HostSigner().PublicKey().Marshal()) {
		t.Error("host key differs")
	}
	if !bytes.Equal(a.CAPublic().Marshal(), b.CAPublic().Marshal()) {
		t.Error("CA differs")
	}
	if bytes.Equal(a.CAPublic().Marshal(), a.HostSigner().PublicKey().Marshal()) {
		t.Error("CA and host key are the same key")
	}
	if a.LedgerVerifierKey() != b.LedgerVerifierKey() {
		t.Error("ledger key differs")
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, a.ViewingRecipient())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "操作記録")
	w.Close()
	rd, err := age.Decrypt(&sealed, b.ViewingIdentity())
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(rd); string(got) != "操作記録" {
		t.Errorf("viewing key gives %q", got)
	}
	s, err := a.Seal("totp/E-0031", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := b.Unseal("totp/E-0031", s); err != nil || string(p) != "secret" {
		t.Errorf("unseal after reopening: %q, %v", p, err)
	}
}

func TestLedgerSignerVerifiesByName(t *testing.T) {
	r, _, _ := newRing(t)
	signed, err := note.Sign(&note.Note{Text: origin + "\n1\nx\n"}, r.LedgerSigner())
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(r.LedgerVerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	if n.Sigs[0].Name != origin {
		t.Errorf("signed by %q", n.Sigs[0].Name)
	}
}

func TestSealedPiecesStayInTheirPlace(t *testing.T) {
	r, dir, master := newRing(t)
	s, _ := r.Seal("secret/hr-db/maint", []byte("password"))
	if bytes.Contains(s, []byte("password")) {
		t.Fatal("sealed bytes hold the plain text")
	}
	if _, err := r.Unseal("secret/hr-db/root", s); !errors.Is(err, ErrUnseal) {
		t.Errorf("another purpose: %v", err)
	}
	for i := range s {
		b := bytes.Clone(s)
		b[i] ^= 1
		if _, err := r.Unseal("secret/hr-db/maint", b); !errors.Is(err, ErrUnseal) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
		if _, err := r.Unseal("secret/hr-db/maint", s[:i]); !errors.Is(err, ErrUnseal) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	// The CA's file takes the place of the host key's.
	ca, err := os.ReadFile(filepath.Join(dir, fileCA))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileHost), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, master); !errors.Is(err, ErrKeyDamaged) {
		t.Errorf("files swapped: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	other := bytes.Repeat([]byte{7}, MasterSize)
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string, master []byte) []byte // returns the master key to open with
		want  error
		says  string
	}{
		{"another master key", func(*testing.T, string, []byte) []byte { return other }, ErrWrongMaster, fileCheck},
		{"one byte flipped", func(t *testing.T, dir string, m []byte) []byte {
			p := filepath.Join(dir, fileLedger)
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 0x40
			if err := os.WriteFile(p, b, 0o600); err != nil {
				t.Fatal(err)
			}
			return m
		}, ErrKeyDamaged, fileLedger},
		{"loose file", func(t *testing.T, dir string, m []byte) []byte {
			if err := os.Chmod(filepath.Join(dir, fileCA), 0o640); err != nil {
				t.Fatal(err)
			}
			return m
		}, ErrLooseMode, fileCA},
		{"loose directory", func(t *testing.T, dir string, m []byte) []byte {
			if err := os.Chmod(dir, 0o750); err != nil {
				t.Fatal(err)
			}
			return m
		}, ErrLooseMode, "0750"},
		{"file missing", func(t *testing.T, dir string, m []byte) []byte {
			if err := os.Remove(filepath.Join(dir, fileViewing)); err != nil {
				t.Fatal(err)
			}
			return m
		}, ErrNoKeys, fileViewing},
		{"directory missing", func(t *testing.T, dir string, m []byte) []byte {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			return m
		}, ErrNoKeys, "keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, dir, master := newRing(t)
			_, err := Open(dir, c.spoil(t, dir, master))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v naming %s", err, c.want, c.says)
			}
		})
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	_, dir, master := newRing(t)
	before, err := os.ReadFile(filepath.Join(dir, fileHost))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, master, origin); !errors.Is(err, ErrKeysExist) {
		t.Errorf("second create: %v", err)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, fileHost)); !bytes.Equal(before, after) {
		t.Error("host key was replaced")
	}
	if _, err := Create(t.TempDir(), master, "two words"); err == nil {
		t.Error("a name with a space was taken")
	}
}

func TestCreateThatFailsLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := Create(dir, []byte("short"), origin); err == nil {
		t.Fatal("a short master key was taken")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestMasterFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "master")
	if _, err := LoadMaster(path); !errors.Is(err, ErrNoMaster) {
		t.Errorf("missing: %v", err)
	}
	made, err := CreateMaster(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := LoadMaster(path); err != nil || !bytes.Equal(got, made) {
		t.Errorf("loaded another key, %v", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	if _, err := CreateMaster(path); err == nil {
		t.Error("overwritten")
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMaster(path); !errors.Is(err, ErrLooseMode) {
		t.Errorf("mode 0644: %v", err)
	}
	for i, bad := range []string{"", "x", base64.StdEncoding.EncodeToString(make([]byte, 31)), strings.Repeat("!", 44)} {
		p := filepath.Join(dir, "bad"+string(rune('0'+i)))
		if err := os.WriteFile(p, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadMaster(p); !errors.Is(err, ErrMasterForm) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSessionCertificateOpensOneLoginForOneSession(t *testing.T) {
	r, _, _ := newRing(t)
	from := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	until := from.Add(90 * time.Minute)
	broker := []netip.Prefix{netip.MustParsePrefix("192.0.2.10/32"), netip.MustParsePrefix("2001:db8::5/64")}
	s, err := r.SessionCertificate(Admission{Session: "S-20261124-03", Login: "hrmnt01", From: from, Until: until, Sources: broker})
	if err != nil {
		t.Fatal(err)
	}
	cert := s.PublicKey().(*ssh.Certificate)
	if cert.KeyId != "S-20261124-03" || len(cert.CriticalOptions) != 1 || cert.CriticalOptions["source-address"] != "192.0.2.10/32,2001:db8::/64" || len(cert.Extensions) != 1 {
		t.Errorf("id %q, options %v, extensions %v", cert.KeyId, cert.CriticalOptions, cert.Extensions)
	}
	if _, ok := cert.Extensions["permit-pty"]; !ok {
		t.Error("no terminal")
	}
	now := from
	check := ssh.CertChecker{
		SupportedCriticalOptions: []string{"source-address"}, // sshd and the library check it against the connection
		Clock:                    func() time.Time { return now },
		IsUserAuthority:          func(k ssh.PublicKey) bool { return bytes.Equal(k.Marshal(), r.CAPublic().Marshal()) },
	}
	for _, c := range []struct {
		name, login string
		at          time.Time
		ok          bool
	}{
		{"at the start", "hrmnt01", from, true},
		{"target's clock behind", "hrmnt01", from.Add(-time.Minute), true},
		{"long before", "hrmnt01", from.Add(-10 * time.Minute), false},
		{"just before the end", "hrmnt01", until.Add(-time.Second), true},
		{"after the end", "hrmnt01", until.Add(slackAfter), false},
		{"another login", "root", from, false},
	} {
		now = c.at
		err := check.CheckCert(c.login, cert)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	again, err := r.SessionCertificate(Admission{Session: "S-20261124-03", Login: "hrmnt01", From: from, Until: until, Sources: broker})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(again.PublicKey().(*ssh.Certificate).Key.Marshal(), cert.Key.Marshal()) {
		t.Error("two certificates share a key")
	}
	for _, bad := range []struct{ session, login string }{{"", "a"}, {"S-1", ""}} {
		if _, err := r.SessionCertificate(Admission{Session: bad.session, Login: bad.login, From: from, Until: until, Sources: broker}); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if _, err := r.SessionCertificate(Admission{Session: "S-1", Login: "a", From: until, Until: from, Sources: broker}); err == nil {
		t.Error("backwards interval was taken")
	}
	if _, err := r.SessionCertificate(Admission{Session: "S-1", Login: "a", From: from, Until: until}); err == nil {
		t.Error("a certificate without the broker's address was made")
	}
}
