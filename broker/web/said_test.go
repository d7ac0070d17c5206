package web

import (
	"strings"
	"testing"

	"sekimori/broker/forms"
)

// The reason of a cut goes into the session's row and into the ledger: one call does not fill them.
func TestAttackAReasonWithoutEnd(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	long := strings.Repeat("x", 4*forms.MaxText+1)
	for _, act := range []string{"end", "pause", "resume"} { // a stop does not fail over its reason
		if a := w.call("POST", "/v1/sessions/S-20261124-01/"+act, tokens["kacho"], EndBody{Reason: long}); a.status != 404 {
			t.Errorf("%s of a session: %d %v", act, a.status, a.fault)
		}
	}
	a := w.call("POST", "/v1/login", "", LoginBody{Login: "kacho", Fresh: Fresh{Password: password, Code: w.code("kacho")}, Label: long})
	if a.status < 400 || a.status >= 500 {
		t.Errorf("the label of a sign-in: %d %v", a.status, a.fault)
	}
}
