package forms_test

import (
	"errors"
	"strings"
	"testing"

	"sekimori/broker/forms"
)

func TestReason(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reason string
		needed bool
		code   string
	}{
		{"設定を戻すため", true, ""}, {"", false, ""}, {"", true, "reason-required"}, {" 　", true, "reason-required"}, {"\u202ebot", false, "control-character"},
		{strings.Repeat("あ", forms.MaxText), true, ""}, {strings.Repeat("あ", forms.MaxText+1), true, "control-character"},
	} {
		err, code := forms.Reason(tt.reason, tt.needed), ""
		if bad := (*forms.Invalid)(nil); errors.As(err, &bad) {
			code = bad.Problems[0].Code
		}
		if code != tt.code {
			t.Errorf("%.20q, needed %v: %q, want %q (%v)", tt.reason, tt.needed, code, tt.code, err)
		}
	}
}
