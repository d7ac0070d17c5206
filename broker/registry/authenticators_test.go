package registry_test

import (
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
)

// Where the clock is set forward, as in the demonstration, a telephone that goes by the real time still enrols and signs in; elsewhere its
// codes are refused.
func TestATelephoneByTheRealTimeWhereTheClockIsSetForward(t *testing.T) {
	h := townhall.Found(t)
	const ahead = 40 * time.Minute
	real := func() time.Time { return h.Now().Add(-ahead) }
	forward := h.Options()
	forward.Authenticators = real
	for _, one := range []struct {
		r  *registry.Registry
		ok bool
	}{{registry.New(h.Options()), false}, {registry.New(forward), true}} {
		issued, err := one.r.IssueCode(t.Context(), "kato", townhall.By("admin"))
		if err != nil {
			t.Fatal(err)
		}
		begun, err := one.r.BeginEnrol(t.Context(), issued.Text, "")
		if err != nil {
			t.Fatal(err)
		}
		shown := func() string {
			c, err := registry.CodeAt(begun.Secret, real())
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		_, err = one.r.FinishEnrol(t.Context(), issued.Text, registry.EnrolInput{Password: password, Code: shown(), Via: "web"})
		if (err == nil) != one.ok {
			t.Fatalf("the real time's code at enrolment, further clock %v: %v", one.ok, err)
		}
		if !one.ok {
			continue
		}
		h.Pass(time.Minute)
		if err := one.r.Fresh(t.Context(), "kato", password, shown(), ""); err != nil {
			t.Errorf("the real time's code afterwards: %v", err)
		}
		if err := one.r.Fresh(t.Context(), "kato", password, shown(), ""); err == nil {
			t.Error("a code of the real time counts twice")
		}
	}
}
