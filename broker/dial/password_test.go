package dial

import "testing"

// TestPasswordIsGivenToOneHiddenQuestionOnly: a target that shows what is typed, or asks for more, is
// not told the stored password.
func TestPasswordIsGivenToOneHiddenQuestionOnly(t *testing.T) {
	answer := onePassword("secret")
	for _, c := range []struct {
		questions []string
		echos     []bool
		want      []string
		refused   bool
	}{
		{nil, nil, nil, false},
		{[]string{"Password: "}, []bool{false}, []string{"secret"}, false},
		{[]string{"Your name? "}, []bool{true}, nil, true},
		{[]string{"Password: ", "Again: "}, []bool{false, false}, nil, true},
	} {
		got, err := answer("", "", c.questions, c.echos)
		if (err != nil) != c.refused || len(got) != len(c.want) || len(got) == 1 && got[0] != c.want[0] {
			t.Errorf("%q: %q, %v", c.questions, got, err)
		}
	}
}
