package api

import "testing"

func TestWhatIsSaidOfMaskedNumbers(t *testing.T) {
	for _, c := range []struct {
		s  Session
		en string
	}{
		{Session{Target: "hr-db"}, ""},
		{Session{Target: "hr-db", Masked: 3}, "3 number(s) masked on hr-db"},
		{Session{Target: "hr-db", MaskedUnknown: true}, "numbers were masked (the broker stopped before it counted them)"},
	} {
		if got := c.s.SayMasked(); got.EN != c.en || (got.JA == "") != (c.en == "") {
			t.Errorf("%+v: %+v", c.s, got)
		}
	}
}
