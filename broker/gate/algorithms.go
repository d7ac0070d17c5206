package gate

import (
	"slices"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/wire"
)

// maxAuthTries leaves room for an agent that offers many keys before the right one. The limits per
// address bound guessing.
const maxAuthTries = 20

// The algorithms offered to clients. The client's order decides. Group 16 is for Tera Term before 5.5, which has no curve25519;
// AES-CTR for PuTTY before 0.81 and paramiko before 3.5, which have no GCM, and for these the MACs, all of them
// encrypt-then-MAC. The library's defaults are wider (SHA-1, group14, NIST curves); hence every list is spelled out.
var (
	keyExchanges = []string{ssh.KeyExchangeMLKEM768X25519, ssh.KeyExchangeCurve25519, ssh.KeyExchangeDH16SHA512}
	ciphers      = []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM, ssh.CipherAES256CTR, ssh.CipherAES128CTR}
	macs         = []string{ssh.HMACSHA256ETM, ssh.HMACSHA512ETM}
)

// ciphersOffered adds chacha20-poly1305 where it is configured: OpenSSH's clients would choose it before AES-GCM, at 2.5 times the
// CPU.
func ciphersOffered(chacha20 bool) []string {
	if chacha20 {
		return append(slices.Clone(ciphers), ssh.CipherChaCha20Poly1305)
	}
	return ciphers
}

// publicKeyAlgorithms are the signatures accepted from people: all that the library considers
// safe, FIDO2 keys included, but no signature over SHA-1.
func publicKeyAlgorithms() []string {
	// The library's list of supported algorithms has one insecure name, that of RSA over SHA-1.
	return slices.DeleteFunc(ssh.SupportedAlgorithms().PublicKeyAuths, func(a string) bool {
		return a == ssh.KeyAlgoRSA || a == "ssh-dss"
	})
}

// baseConfig is the start of every connection's configuration. The callbacks are added
// per connection because they close over it.
func (s *Server) baseConfig() *ssh.ServerConfig {
	c := &ssh.ServerConfig{
		Config: ssh.Config{
			KeyExchanges: keyExchanges,
			Ciphers:      ciphersOffered(s.o.ChaCha20),
			MACs:         macs,
		},
		PublicKeyAuthAlgorithms: publicKeyAlgorithms(),
		MaxAuthTries:            maxAuthTries,
		ServerVersion:           wire.VersionLine(s.o.Version),
	}
	c.AddHostKey(s.o.HostSigner)
	return c
}
