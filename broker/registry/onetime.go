package registry

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// One-time codes: RFC 6238 with what every authenticator app understands.
const (
	codeStep    = 30 * time.Second
	codeSkew    = 1 // steps either side that are taken
	secretBytes = 20
)

var base32NoPad = base32.StdEncoding.WithPadding(base32.NoPadding)

// newSecret is a fresh second factor, in the base32 that apps take.
func newSecret() string {
	b := make([]byte, secretBytes)
	rand.Read(b) // never fails (crypto/rand)
	return base32NoPad.EncodeToString(b)
}

// keyURL is the otpauth URL that apps read from a QR code.
func keyURL(issuer, login, secret string) string {
	q := url.Values{"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + login, RawQuery: q.Encode()}
	return u.String()
}

// CodeAt is the one-time code of a secret at an instant: what an authenticator app shows. The
// demonstration and the benchmark answer their own prompts with it.
func CodeAt(secret string, at time.Time) (string, error) {
	return codeOf(secret, at.Unix()/int64(codeStep/time.Second))
}

func codeOf(secret string, step int64) (string, error) {
	code, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("one-time code: %w", err)
	}
	return code, nil
}

// hintSteps is how far from now a code is looked for that was wrong, to tell a person whose clock is off: an hour.
const hintSteps = 120

// WrongCode is auth-failed for a one-time code that was right in its way. Only callers who proved the person's key, or
// hold their token and gave the right password, are told; of the clock only the former.
type WrongCode struct {
	Used bool          // it was used before
	Off  time.Duration // it is right by a clock so far ahead, or behind where negative; 0: by none
	err  error
}

// Error and Unwrap make it the refusal that it is.
func (e *WrongCode) Error() string { return e.err.Error() }

// Unwrap gives the *policy.Denied.
func (e *WrongCode) Unwrap() error { return e.err }

// offOf finds by how much a clock is off whose code this is; 0 where no clock within an hour shows it.
func offOf(secret, code string, now time.Time) (time.Duration, error) {
	current := now.Unix() / int64(codeStep/time.Second)
	for n := int64(codeSkew + 1); n <= hintSteps; n++ {
		for _, step := range []int64{current - n, current + n} {
			want, err := codeOf(secret, step)
			if err != nil {
				return 0, err
			}
			if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
				return time.Duration(step-current) * codeStep, nil
			}
		}
	}
	return 0, nil
}

// stepOf finds the step whose code was given, the nearest to now among those taken; ok is false
// when none is. It compares all of them, whichever matches.
func stepOf(secret, code string, now time.Time) (step int64, ok bool, err error) {
	current := now.Unix() / int64(codeStep/time.Second)
	for _, s := range []int64{current - codeSkew, current + codeSkew, current} {
		want, err := codeOf(secret, s)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok, nil
}
