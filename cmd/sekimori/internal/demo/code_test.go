package demo

import (
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// A code that is given late in a step of half a minute is good for a while: the gate takes the step before until the present one is over.
func TestACodeIsGoodForAWhile(t *testing.T) {
	const secret = "JBSWY3DPEHPK3PXP"
	begin := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	for second := range 30 {
		at := begin.Add(time.Duration(second) * time.Second)
		a := &actor{d: &demo{World: World{Now: func() time.Time { return at }}}, secret: secret}
		given := map[string]bool{}
		for {
			code, fresh, err := a.fresh()
			if err != nil {
				t.Fatal(err)
			}
			if !fresh {
				break
			}
			if given[code] {
				t.Errorf("after %d s a code is given twice", second)
			}
			given[code] = true
			const later = 14 * time.Second
			if taken, err := totp.ValidateCustom(code, secret, at.Add(later), totp.ValidateOpts{Period: 30, Skew: 1, Digits: 6}); err != nil || !taken {
				t.Errorf("a code given after %d s is no longer taken %s later (%v)", second, later, err)
			}
			if taken, err := totp.ValidateCustom(code, secret, at, totp.ValidateOpts{Period: 30, Skew: 1, Digits: 6}); err != nil || !taken {
				t.Errorf("a code given after %d s is not taken yet (%v)", second, err)
			}
		}
		if len(given) < 2 {
			t.Errorf("after %d s there are %d codes", second, len(given))
		}
	}
}
