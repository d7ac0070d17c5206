package web

import (
	"strings"
	"testing"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/forms"
)

// The reason of a cut goes into the session's row and into the ledger, so its length is bounded.
func TestAttackAReasonWithoutEnd(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	long := strings.Repeat("x", 4*forms.MaxText+1)
	for _, what := range []string{"end", "pause", "resume"} { // a stop does not fail because of its reason
		if a := w.call("POST", "/v1/sessions/S-20261124-01/"+what, tokens["kacho"], act.Said{Reason: long}); a.status != 404 {
			t.Errorf("%s of a session: %d %v", what, a.status, a.fault)
		}
	}
	a := w.call("POST", "/v1/login", "", api.LoginBody{Login: "kacho", Fresh: api.Fresh{Password: password, Code: w.code("kacho")}, Label: long})
	if a.status < 400 || a.status >= 500 {
		t.Errorf("the label of a sign-in: %d %v", a.status, a.fault)
	}
}
