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

// hintSteps is how far from now the search for a wrong code goes, to tell a person that their clock is off: an hour.
const hintSteps = 120

// WrongProof is auth-failed with its cause. Only callers who proved the person's key or hold their token get it; to others
// every failure looks the same, with two exceptions: Off is told to a caller who also knows the password, and Down to everyone.
type WrongProof struct {
	Password bool          // the password is wrong; the code was not looked at
	Used     bool          // the code was used before
	Passkey  bool          // a passkey was shown in place of a code, and it is not the person's or not right
	Off      time.Duration // the code is right by a clock that is so far ahead (negative: behind); 0: by no clock within an hour
	Down     bool          // the institution's directory cannot be reached; told whoever asks, about whomever
	err      error
}

// Error is the text of the refusal.
func (e *WrongProof) Error() string { return e.err.Error() }

// Unwrap gives the *policy.Denied.
func (e *WrongProof) Unwrap() error { return e.err }

// offOf finds by how much the clock that made a wrong code is off; 0 where no clock within an hour made it.
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

// step is stepOf, also by the further clock where there is one.
func (r *Registry) step(secret, code string, now time.Time) (step int64, ok bool, err error) {
	if step, ok, err = stepOf(secret, code, now); ok || err != nil || r.o.Authenticators == nil {
		return step, ok, err
	}
	return stepOf(secret, code, r.o.Authenticators())
}

// stepOf finds the step of a code, the nearest to now among those accepted; ok is false
// when none matches. It always compares all of them, so that the time tells nothing.
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
