package pages

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
)

// activeKeys are the fingerprints of a person's keys that work.
func (w *world) activeKeys(person string) (out []string) {
	w.t.Helper()
	err := w.DB.Read(w.t.Context(), func(s *store.Snap) error {
		keys, err := s.Keys(person)
		for _, k := range keys {
			if k.State == store.KeyActive {
				out = append(out, k.Fingerprint)
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// Keys that are refused: each says why and stays in the form, unless it is a private one, which no page may show; nothing is registered.
func TestPortalRefusesKeys(t *testing.T) {
	w := found(t)
	b := w.as("sato")
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	line := func(public any) string {
		key, err := ssh.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	}
	own := townhall.Key(t)
	ofWeb, _ := securityKey(t, "https://example.jp")
	dsa := "ssh-dss AAAAB3NzaC1kc3MAAACBA"
	before, kept := w.activeKeys("E-0031"), w.size()
	for _, one := range []struct{ name, key, says string }{
		{"of no kind", "hello world", "SSHの公開鍵として使えません"},
		{"a short RSA key", line(&weak.PublicKey), "RSA"},
		{"of a retired kind", dsa, "SSHの公開鍵として使えません"},
		{"with options", `command="/bin/sh" ` + own, "options"},
		{"two lines", own + "\n" + line(&curve.PublicKey), "more than one line"},
		{"of a security key that signs for a web page", strings.TrimSpace(ofWeb), "ssh:"},
		{"too long", "ssh-ed25519 " + strings.Repeat("A", 20<<10), "長すぎます"},
		{"a private one", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAA\n-----END OPENSSH PRIVATE KEY-----", "秘密鍵が貼り付けられました"},
	} {
		a := b.upload("/v/keys", [][2]string{{"key", one.key}, {"password", password}, {"code", w.code("sato")}}, "file", "", nil)
		a.has(t, one.says)
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", one.name, a.status)
		}
		if private := one.name == "a private one"; private == a.holds("b3BlbnNzaC1rZXktdjEAAAA") && private {
			t.Errorf("the page shows the private key")
		}
	}
	if now := w.activeKeys("E-0031"); !slices.Equal(now, before) {
		t.Errorf("keys %v, before %v", now, before)
	}
	if kinds := w.entriesBy(kept, "E-0031"); slices.Contains(kinds, "key.added") {
		t.Errorf("entries %v", kinds)
	}
	// More than a form holds is not read to its end.
	if a := b.upload("/v/keys", [][2]string{{"key", ""}, {"password", password}, {"code", w.code("sato")}}, "file", "big.pub", make([]byte, 256<<10)); a.status/100 != 4 {
		t.Errorf("a file of 256 KiB: %d", a.status)
	}
}

// A key has one owner: that of another person is refused, one's own a second time too, and no one revokes another's key.
func TestAttackKeyOfAnotherPerson(t *testing.T) {
	w := found(t)
	b, other := w.as("sato"), w.as("kimura")
	theirs := townhall.Key(t)
	add := func(b *browser, person, key string) answer {
		return b.upload("/v/keys", [][2]string{{"key", key}, {"password", password}, {"code", w.code(person)}}, "file", "", nil)
	}
	add(other, "kimura", theirs).at(t, "/v/keys?done=key-added")
	a := add(b, "sato", theirs)
	if a.status/100 != 4 {
		t.Errorf("the key of another person: %d", a.status)
	}
	kept := answer{body: html.UnescapeString(a.body)}
	kept.has(t, "この鍵は別の人の鍵として登録されています。", `href="#key"`, strings.Fields(theirs)[1])
	mine := townhall.Key(t)
	add(b, "sato", mine).at(t, "/v/keys?done=key-added")
	add(b, "sato", mine).has(t, "この鍵はすでに登録されています。")
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(theirs))
	if err != nil {
		t.Fatal(err)
	}
	if a = b.post("/v/keys/revoke", url.Values{"fingerprint": {ssh.FingerprintSHA256(public)}}); a.status/100 != 4 {
		t.Errorf("revoking another person's key: %d", a.status)
	}
	if !slices.Contains(w.activeKeys("E-0040"), ssh.FingerprintSHA256(public)) {
		t.Error("the key is revoked")
	}
}

// The last key can be revoked, since a lost key must be; the page then says what that means, and a key is registered anew.
func TestTheLastKeyIsRevoked(t *testing.T) {
	w := found(t)
	b := w.as("sato")
	keys := w.activeKeys("E-0031")
	if len(keys) == 0 {
		t.Fatal("no key to begin with")
	}
	for i, print := range keys {
		a := b.post("/v/keys/revoke", url.Values{"fingerprint": {print}})
		page := b.get(a.at(t, "/v/keys?done=key-revoked"))
		page.has(t, "鍵を失効させました。")
		if last := i == len(keys)-1; page.holds("使える鍵がありません。") != last {
			t.Errorf("after key %d of %d: said %v", i+1, len(keys), !last)
		}
		if again := b.post("/v/keys/revoke", url.Values{"fingerprint": {print}}); again.status/100 != 4 {
			t.Errorf("revoked twice: %d", again.status)
		}
	}
	if n := len(w.activeKeys("E-0031")); n > 0 {
		t.Errorf("%d keys work", n)
	}
	b.upload("/v/keys", [][2]string{{"key", townhall.Key(t)}, {"password", password}, {"code", w.code("sato")}}, "file", "", nil).at(t, "/v/keys?done=key-added")
	if b.get("/v/keys").holds("使える鍵がありません。") {
		t.Error("the page does not see the new key")
	}
	if n := fmt.Sprint(w.entriesBy(0, "E-0031")); strings.Count(n, "key.revoked") != len(keys) {
		t.Errorf("entries %s", n)
	}
}
