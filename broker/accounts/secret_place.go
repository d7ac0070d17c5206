package accounts

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/store"

	"sekimori/policy/text"
)

// passwordLetters are without those that people confuse: somebody may have to type one by hand on an old target.
const passwordLetters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

const (
	passwordLength = 24 // about 139 bits
	rsaBits        = 3072
)

// newSecret makes a secret of the kind, and for a key of the type of the one before: an old target may know no other.
func newSecret(kind store.CredentialKind, old []byte) ([]byte, error) {
	if kind == store.CredentialPassword || kind == store.CredentialRole {
		return newPassword(), nil
	}
	was, err := ssh.ParsePrivateKey(old)
	if err != nil {
		return nil, fmt.Errorf("stored key: %w", err)
	}
	var private any
	if was.PublicKey().Type() == ssh.KeyAlgoRSA {
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	} else {
		_, private, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "sekimori")
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}

// newPassword has letters of both cases and digits, as rules for passwords ask.
func newPassword() []byte {
	for {
		b := make([]byte, passwordLength)
		for i := range b {
			b[i] = passwordLetters[randomBelow(len(passwordLetters))]
		}
		if bytes.ContainsAny(b, "23456789") && bytes.ContainsAny(b, passwordLetters[:24]) && bytes.ContainsAny(b, passwordLetters[24:48]) {
			return b
		}
	}
}

// randomBelow is a random number below n, at most 256, each as likely as the others.
func randomBelow(n int) int {
	var b [1]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}

// public is the public half of a stored key, as type and base64.
func public(private []byte) (string, error) {
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		return "", fmt.Errorf("stored key: %w", err)
	}
	return publicLine(signer.PublicKey()), nil
}

// place sets the new secret on the target: through its steward, or in a session of the account itself.
func (s *Steward) place(ctx context.Context, v subject, k kept, old, fresh []byte) error {
	switch k.kind {
	case store.CredentialRole:
		return s.setRole(ctx, v, fresh)
	case store.CredentialPassword:
		if v.target.Steward != "" {
			_, err := s.ask(ctx, v.target, Order{Verb: VerbSetPassword, Account: v.account.Login, Password: string(fresh)})
			return err
		}
		return s.inOwnSession(ctx, v, k, old, "passwd", string(old), string(fresh), string(fresh))
	}
	was, err := public(old)
	if err != nil {
		return err
	}
	is, err := public(fresh)
	if err != nil {
		return err
	}
	if v.target.Steward != "" {
		_, err := s.ask(ctx, v.target, Order{Verb: VerbAddKey, Account: v.account.Login, Key: is, Old: was})
		return err
	}
	return s.inOwnSession(ctx, v, k, old, addKeyCommand, was, is)
}

// removeKey takes the old key out of the account's authorized_keys.
func (s *Steward) removeKey(ctx context.Context, v subject, k kept, now, old []byte) error {
	was, err := public(old)
	if err != nil {
		return err
	}
	if v.target.Steward != "" {
		_, err := s.ask(ctx, v.target, Order{Verb: VerbRemoveKey, Account: v.account.Login, Old: was})
		return err
	}
	return s.inOwnSession(ctx, v, k, now, removeKeyCommand, was)
}

// The commands for a key, for the account's own shell. The keys come on standard input, so that no process has them as arguments of the
// account's. The new line is the old one with the new key, so that its options (from, command, restrict) stay.
const (
	addKeyCommand = `IFS= read -r was; IFS= read -r is; f=.ssh/authorized_keys; cd && [ -f "$f" ] || exit 3; grep -qF -- "$is" "$f" && exit 0; ` +
		`l=$(awk -v o="$was" -v n="$is" '(i=index($0,o)) && !/^[ \t]*#/ {print substr($0,1,i-1) n substr($0,i+length(o)); exit}' "$f"); [ -n "$l" ] || exit 4; ` +
		`[ -z "$(tail -c 1 "$f")" ] || echo >>"$f"; printf '%s\n' "$l" >>"$f"`
	removeKeyCommand = `IFS= read -r was; f=.ssh/authorized_keys; cd && [ -f "$f" ] || exit 3; grep -qF -- "$was" "$f" || exit 0; ` +
		`t=$(mktemp .ssh/.sekimori.XXXXXX) || exit 5; grep -vF -- "$was" "$f" >"$t"; [ $? -le 1 ] && cat "$t" >"$f"; r=$?; rm -f -- "$t"; exit $r`
)

// inOwnSession runs a command as the account, with lines of standard input. What it prints is read to a bound and never shown: it may
// repeat a secret.
func (s *Steward) inOwnSession(ctx context.Context, v subject, k kept, secret []byte, command string, input ...string) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("%s: no answer within %s", v.target.ID, within))
	defer cancel()
	auth, err := proof(k.kind, secret)
	if err != nil {
		return err
	}
	to, err := reached(v.target, v.account.Login)
	if err != nil {
		return err
	}
	conn, err := s.o.Dialer.DialFrom(ctx, to, auth)
	if err != nil {
		return err
	}
	defer conn.Abort()
	defer context.AfterFunc(ctx, conn.Abort)()
	session, err := ssh.NewClient(conn.Conn, conn.Chans, conn.Reqs).NewSession()
	if err != nil {
		return fmt.Errorf("session of %s: %w", v.account.ID, err)
	}
	out := &limited{most: mostErrors}
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(strings.Join(input, "\n")+"\n"), out, out
	err = session.Run(command)
	var exit *ssh.ExitError
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit):
		return fmt.Errorf("the account's own command ended with status %d", exit.ExitStatus())
	case err != nil:
		return fmt.Errorf("session of %s: %s", v.account.ID, text.OneLine(err.Error(), 200))
	}
	return nil
}

// refusal is nil where a login was refused by the target.
func refusal(err error) error {
	switch {
	case err == nil:
		return errOldOpens
	case wasRefused(err) || errors.Is(err, errRoleRefused):
		return nil
	}
	return err
}
