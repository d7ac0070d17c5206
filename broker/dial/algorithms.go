package dial

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// algorithms is what is spoken towards targets: what the library holds safe, less the NIST
// curves, group14, chacha20 in first place (it has no assembly there) and every MAC that does
// not cover the ciphertext.
func algorithms() ssh.Config {
	safe := ssh.SupportedAlgorithms()
	return ssh.Config{
		KeyExchanges: slices.DeleteFunc(safe.KeyExchanges, func(a string) bool {
			return strings.Contains(a, "nistp") || strings.Contains(a, "group14") || strings.HasSuffix(a, "sha1")
		}),
		Ciphers: prefer(safe.Ciphers, ssh.CipherAES128GCM, ssh.CipherAES256GCM),
		MACs: slices.DeleteFunc(safe.MACs, func(a string) bool {
			return !strings.Contains(a, "-etm@")
		}),
	}
}

// prefer moves the named ones to the front, in the order given, where they are supported.
func prefer(all []string, first ...string) []string {
	var out []string
	for _, a := range first {
		if slices.Contains(all, a) {
			out = append(out, a)
		}
	}
	for _, a := range all {
		if !slices.Contains(first, a) {
			out = append(out, a)
		}
	}
	return out
}

// hostKeyAlgorithms are the signatures accepted for a pinned key: those of its own type only,
// so that a target is not talked into showing another of its keys. Empty: none is acceptable.
func hostKeyAlgorithms(key ssh.PublicKey) []string {
	switch t := key.Type(); t {
	case ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	case ssh.KeyAlgoED25519:
		return []string{t}
	default:
		return nil // NIST curves, DSA, certificates: not pinned here
	}
}
