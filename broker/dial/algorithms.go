package dial

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// algorithms is the configuration towards targets: the algorithms that the library calls safe, without the NIST curves,
// group14, chacha20 in first place (it has no assembly there) and every MAC that does not cover the ciphertext. A target with
// legacy algorithms is offered those as well, last.
func algorithms(legacy bool) ssh.Config {
	safe := ssh.SupportedAlgorithms()
	c := ssh.Config{
		KeyExchanges: slices.DeleteFunc(safe.KeyExchanges, func(a string) bool {
			return strings.Contains(a, "nistp") || strings.Contains(a, "group14") || strings.HasSuffix(a, "sha1")
		}),
		Ciphers: prefer(safe.Ciphers, ssh.CipherAES128GCM, ssh.CipherAES256GCM),
		MACs: slices.DeleteFunc(safe.MACs, func(a string) bool {
			return !strings.Contains(a, "-etm@")
		}),
	}
	if legacy {
		c.KeyExchanges = append(c.KeyExchanges, ssh.KeyExchangeDH14SHA256, ssh.InsecureKeyExchangeDH14SHA1)
		c.Ciphers = prefer(append(c.Ciphers, ssh.CipherAES256CTR, ssh.CipherAES128CTR), c.Ciphers...)
		c.MACs = append(c.MACs, ssh.HMACSHA256, ssh.HMACSHA512, ssh.HMACSHA1)
	}
	return c
}

// prefer moves the named algorithms to the front, in the given order, if they are supported.
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

// hostKeyAlgorithms are the signatures accepted for a pinned key: only those of its own type, so that a target cannot be made
// to show another of its keys. Empty: none is acceptable. legacy adds signatures over SHA-1; the key is pinned, so they vouch
// for no other key.
func hostKeyAlgorithms(key ssh.PublicKey, legacy bool) []string {
	switch t := key.Type(); t {
	case ssh.KeyAlgoRSA:
		list := []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		if legacy {
			list = append(list, ssh.KeyAlgoRSA)
		}
		return list
	case ssh.KeyAlgoED25519:
		return []string{t}
	default:
		return nil // NIST curves, DSA, certificates: not pinned here
	}
}
