package policy_test

import (
	"testing"

	. "sekimori/policy"
)

func TestWhatIsOnATargetIsForStaff(t *testing.T) {
	for _, c := range []struct {
		p    Person
		want bool
	}{
		{Person{Kind: Staff}, true}, {Person{Kind: Staff, Locked: &Lock{}}, false}, {Person{Kind: Engineer}, false}, {Person{Kind: Contact}, false}, {Person{}, false},
	} {
		if SeesTargets(c.p) != c.want {
			t.Errorf("%+v: want %t", c.p, c.want)
		}
	}
}
