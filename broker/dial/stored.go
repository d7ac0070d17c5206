package dial

import (
	"fmt"
	"net/netip"

	"golang.org/x/crypto/ssh"
)

// Password are proofs by passwords, each tried once in their order.
func Password(passwords ...string) Auth {
	return func(netip.Addr) ([]ssh.AuthMethod, error) {
		asked, next := 0, 0
		return []ssh.AuthMethod{
			ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) {
				asked++
				return passwords[min(asked, len(passwords))-1], nil
			}), len(passwords)),
			ssh.RetryableAuthMethod(ssh.KeyboardInteractive(func(user, instruction string, questions []string, echos []bool) ([]string, error) {
				if len(questions) > 0 {
					next++
				}
				return onePassword(passwords[min(max(next, 1), len(passwords))-1])(user, instruction, questions, echos)
			}), len(passwords)),
		}, nil
	}
}

// Keys are proofs by private keys as people hand them in, in their order.
func Keys(pem ...[]byte) (Auth, error) {
	signers := make([]ssh.Signer, 0, len(pem))
	for _, p := range pem {
		signer, err := ssh.ParsePrivateKey(p)
		if err != nil {
			return nil, fmt.Errorf("stored key: %w", err)
		}
		signers = append(signers, signer)
	}
	return func(netip.Addr) ([]ssh.AuthMethod, error) { return []ssh.AuthMethod{ssh.PublicKeys(signers...)}, nil }, nil
}

// onePassword answers targets that ask for the password by keyboard-interactive, as PAM does. It answers a
// single hidden question only: with any other question the password could go to a wrong place.
func onePassword(password string) ssh.KeyboardInteractiveChallenge {
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		switch {
		case len(questions) == 0:
			return nil, nil
		case len(questions) == 1 && !echos[0]:
			return []string{password}, nil
		}
		return nil, fmt.Errorf("the target asks %d questions where a password is expected", len(questions))
	}
}
