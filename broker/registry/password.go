package registry

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost is what one password check costs (argon2id, RFC 9106). The zero value is production's.
type Cost struct {
	Passes    uint32
	MemoryKiB uint32
	Lanes     uint8
}

// production follows the second choice of RFC 9106 §4: 64 MiB, three passes.
func (c Cost) orProduction() Cost {
	if c == (Cost{}) {
		return Cost{Passes: 3, MemoryKiB: 64 << 10, Lanes: 4}
	}
	return c
}

// Bounds of a password, in characters and bytes. The upper one keeps a request from buying CPU.
const (
	LeastPassword   = 12
	longestPassword = 1024
	saltSize        = 16
	hashSize        = 32
)

// passwordProblem says what is wrong with a new password in both languages; empty when nothing is.
func passwordProblem(password, login string) (code, ja, en string) {
	switch {
	case utf8.RuneCountInString(password) < LeastPassword:
		return "password-too-short", fmt.Sprintf("パスワードは%d字以上にしてください。", LeastPassword), fmt.Sprintf("a password needs %d characters or more", LeastPassword)
	case len(password) > longestPassword || !utf8.ValidString(password):
		return "password-too-long", "パスワードが長すぎるか、文字として読めません。", "the password is too long, or not text"
	case oneCharacter(password) || strings.Contains(password, login) && len(password) < len(login)+LeastPassword:
		return "password-guessable", "同じ字の繰返しや自分の名前は使えません。", "a password must not be one repeated character or one's own login"
	}
	return "", "", ""
}

// hash gives the PHC string of a password.
func (c Cost) hash(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails (crypto/rand)
	sum := argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, c.Lanes, hashSize)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Passes, c.Lanes, enc.EncodeToString(salt), enc.EncodeToString(sum))
}

var errHash = errors.New("stored password does not parse")

// matches compares a password with a PHC string in constant time.
func matches(encoded, password string) (bool, error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHash
	}
	var version int
	var c Cost
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Passes, &c.Lanes); err != nil {
		return false, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) != hashSize || c.Passes == 0 || c.Lanes == 0 {
		return false, errHash
	}
	if len(password) > longestPassword {
		password = "" // cannot be anyone's, but takes as long
	}
	got := argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, c.Lanes, hashSize)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func oneCharacter(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return strings.Trim(s, string(first)) == ""
}

// hash and matches take a place among those that hash at once.
func (r *Registry) hash(password string) string {
	r.hashes <- struct{}{}
	defer func() { <-r.hashes }()
	return r.o.Hash.hash(password)
}

// matches compares. Strangers first wait for one of strangersAtOnce places. A person who proved right from this address before,
// or has a token, therefore finds a place however many strangers wait.
func (r *Registry) matches(ctx context.Context, encoded, password string, known bool) (bool, error) {
	if !known {
		select {
		case r.strangers <- struct{}{}:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
		defer func() { <-r.strangers }()
	}
	select {
	case r.hashes <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-r.hashes }()
	return matches(encoded, password)
}
