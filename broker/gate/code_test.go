package gate

import (
	"strings"
	"testing"
	"time"

	"sekimori/broker/registry"
	"sekimori/policy"
)

// given answers the code prompts one after the other.
func given(codes ...func() string) *answers {
	n := -1
	return &answers{consent: "y", code: func() string {
		n++
		return codes[min(n, len(codes)-1)]()
	}}
}

func (e *engineer) codeAt(off time.Duration) func() string {
	return func() string {
		c, err := registry.CodeAt(factorSecret, e.w.clock.Now().Add(off))
		if err != nil {
			e.w.t.Fatal(err)
		}
		return c
	}
}

// A code of a clock that is off is refused with a hint about clocks, to a person who proved the key.
func TestCodeOfAClockThatIsOff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lang   string
		offs   []time.Duration // of the codes given before the right one
		asked  []string        // in the prompts after the first
		absent string
	}{
		"60 s slow":                         {"en", []time.Duration{-time.Minute}, []string{"about 1 min slow"}, "fast"},
		"50 min slow":                       {"ja", []time.Duration{-50 * time.Minute}, []string{"約50分遅れています"}, "進んで"},
		"60 s fast is said the second time": {"en", []time.Duration{time.Minute, 90 * time.Second}, []string{"Code not accepted", "about 1 min fast"}, "slow"},
		"guesses that fit different clocks": {"en", []time.Duration{time.Minute, 40 * time.Minute}, []string{"Code not accepted", "Code not accepted"}, "fast"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := w.engineer("sato", tt.lang)
			w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
			var codes []func() string
			for _, off := range tt.offs {
				codes = append(codes, e.codeAt(off))
			}
			a := given(append(codes, e.code)...)
			e.mustDial("sato+hr-db", a).Close()
			seen := a.seen()
			for i, want := range tt.asked {
				if !strings.Contains(seen[i+1], want) || strings.Contains(seen[i+1], tt.absent) {
					t.Errorf("prompt %d lacks %q: %q", i+1, want, seen[i+1])
				}
			}
		})
	}
}

// A code used twice is reported to the person who gave the right code.
func TestACodeUsedTwiceSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	e.mustDial("sato", given(e.code)).Close()
	a := given(e.codeAt(0), e.code)
	e.mustDial("sato+hr-db", a).Close()
	if seen := a.seen(); len(seen) != 3 || !strings.Contains(seen[1], "used before") || !strings.Contains(seen[1], "使用済み") {
		t.Errorf("prompts: %q", seen)
	}
}

// A caller without a key learns nothing about a code: the API answers alike for a wrong, a used and an early code.
func TestAttackCodesWithoutTheKeyTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "ja")
	e.mustDial("sato", given(e.code)).Close()
	for _, code := range []string{e.codeAt(0)(), e.codeAt(-time.Minute)(), e.codeAt(time.Hour / 2)(), "000000"} {
		_, err := w.reg.Login(t.Context(), registry.LoginInput{Person: "sato", Password: "正しい馬の電池とホチキス", Code: code, Source: "192.0.2.7", Via: "cli"})
		if _, hint := err.(*registry.WrongProof); hint || err == nil || err.Error() != "refused: auth-failed" {
			t.Errorf("%T %v", err, err)
		}
	}
}

// ssh://sato+hr-db@gate: OpenSSH sends a space for the plus.
func TestOpenSSHURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	c := e.openSSH(t)
	if stdout, stderr, exit := c.run("ssh://sato+hr-db@"+c.host+":"+c.port, "uptime"); stdout != "ran uptime\n" || exit != 7 {
		t.Errorf("%d %q\n%s", exit, stdout, stderr)
	}
	if stdout, stderr, exit := c.run("ssh://sato+maint%40hr-db@"+c.host+":"+c.port, "uptime"); stdout != "ran uptime\n" || exit != 7 {
		t.Errorf("with an account: %d %q\n%s", exit, stdout, stderr)
	}
}

// A person whose program cannot prompt reads the reason and the next step before "Permission denied". A client that proved no key
// reads neither.
func TestFirstLoginHiddenByPermissionDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engineer("sato", "en")
	w.window(e, "maint", noon.Add(-time.Hour), 2*time.Hour, policy.WindowPermitted)
	c := e.openSSH(t)
	for _, tt := range []struct {
		user, say string
	}{{"sato+hr-db", "log in once by hand"}, {"sato", "ssh sato@gate help"}, {"sato+a+b", "ssh sato@gate help"}, {"suzuki+hr-db", ""}} {
		_, stderr, exit := c.run("-o", "KbdInteractiveAuthentication=no", tt.user+"@"+c.host, "uptime")
		if exit != 255 || !strings.Contains(stderr, "Permission denied") || !strings.Contains(stderr, tt.say) {
			t.Errorf("%s: %d\n%s", tt.user, exit, stderr)
		}
		if tt.say == "" && strings.Contains(stderr, "Sekimori") {
			t.Errorf("a stranger reads a banner:\n%s", stderr)
		}
	}
}
