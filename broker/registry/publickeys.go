package registry

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/forms"
	"sekimori/broker/store"
)

// least size of an RSA key, in bits.
const leastRSA = 2048

// publicKey reads a person's key in authorized_keys form. It returns the line without comment and the
// fingerprint; both are empty when there is a problem.
func publicKey(v forms.Value) (line, fingerprint string) {
	text := v.Text()
	if text == "" {
		return "", ""
	}
	line, fingerprint, err := ParseKey(text)
	if err != nil {
		v.Problem("bad-key", "SSHの公開鍵として使えません: "+err.Error(), "not usable as a public key: "+err.Error())
		return "", ""
	}
	return line, fingerprint
}

// ParseKey reads one public key in authorized_keys form and returns it without comment, and its
// SHA256 fingerprint. Options, certificates and kinds of key that are too weak are errors.
func ParseKey(text string) (line, fingerprint string, err error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(text))
	switch {
	case err != nil:
		return "", "", fmt.Errorf("it does not parse (%s)", strings.TrimPrefix(err.Error(), "ssh: "))
	case len(options) > 0:
		return "", "", fmt.Errorf("options such as %s are not taken", options[0])
	case len(rest) > 0:
		return "", "", fmt.Errorf("more than one line")
	}
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
	case ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		if err := madeForSSH(key); err != nil {
			return "", "", err
		}
	case ssh.KeyAlgoRSA:
		if err := strongRSA(key); err != nil {
			return "", "", err
		}
	default:
		return "", "", fmt.Errorf("keys of type %s are not taken", key.Type())
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), ssh.FingerprintSHA256(key), nil
}

// madeForSSH looks at the application that a security key signs for (PROTOCOL.u2f): a key that a web page had made
// signs for the page.
func madeForSSH(key ssh.PublicKey) error {
	var application string
	switch key.Type() {
	case ssh.KeyAlgoSKED25519:
		var w struct {
			Name        string
			Key         []byte
			Application string
		}
		if err := ssh.Unmarshal(key.Marshal(), &w); err != nil {
			return err
		}
		application = w.Application
	default:
		var w struct {
			Name, Curve string
			Key         []byte
			Application string
		}
		if err := ssh.Unmarshal(key.Marshal(), &w); err != nil {
			return err
		}
		application = w.Application
	}
	if !strings.HasPrefix(application, "ssh:") {
		return errors.New("a security key's application must begin with \"ssh:\"")
	}
	return nil
}

// hostKey reads a target's pinned key. ECDSA over the NIST curves is not taken (decisions: algorithms).
func hostKey(v forms.Value) string {
	text := v.Text()
	if text == "" {
		return ""
	}
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(text))
	if err == nil && len(options)+len(rest) > 0 {
		err = fmt.Errorf("only the key itself belongs here")
	}
	if err == nil {
		switch key.Type() {
		case ssh.KeyAlgoED25519:
		case ssh.KeyAlgoRSA:
			err = strongRSA(key)
		default:
			err = fmt.Errorf("host keys of type %s are not taken; use ssh-ed25519 or ssh-rsa", key.Type())
		}
	}
	if err != nil {
		said := strings.TrimPrefix(err.Error(), "ssh: ")
		v.Problem("bad-host-key", "接続先のホスト鍵として使えません: "+said, "not usable as a host key: "+said)
		return ""
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func strongRSA(key ssh.PublicKey) error {
	c, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return fmt.Errorf("the RSA key does not parse")
	}
	pub, ok := c.CryptoPublicKey().(*rsa.PublicKey)
	if !ok || pub.N.BitLen() < leastRSA {
		return fmt.Errorf("an RSA key needs %d bits", leastRSA)
	}
	return nil
}

// checkSecret refuses what could not open the account: nothing, a key that does not parse, any secret
// for an account that has none.
func checkSecret(a store.Account, secret []byte) error {
	bad := func(code, ja, en string) error {
		return &forms.Invalid{Problems: []forms.Problem{{Field: "secret", Code: code, JA: ja, EN: en}}}
	}
	switch a.Credential {
	case store.CredentialPassword:
		if len(secret) == 0 {
			return bad("secret-empty", "パスワードが空です。", "the password is empty")
		}
	case store.CredentialKey:
		if _, err := ssh.ParsePrivateKey(secret); err != nil {
			return bad("bad-key", "秘密鍵として読めません(パスフレーズ付きは使えません)。", "not a private key that opens without a passphrase")
		}
	default:
		return bad("no-secret", "このアカウントは証明書で開くので、秘密はありません。", "the account is opened by a certificate and has no secret")
	}
	return nil
}
