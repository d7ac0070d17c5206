package web

import (
	"testing"

	"sekimori/broker/api"
)

// A person with a kept proof guesses at the password, by an act and by a call that is no act. From the first wrong proof of an act on, and
// while the person is locked out, the kept proof does not count.
func TestAttackKeptProofOutlivesALockOut(t *testing.T) {
	for name, path := range map[string]string{"act": "/v1/windows/R8-0001-1/permit", "other call": "/v1/password"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tokens := w.vendors()
			w.planned()
			call := func(path string, body any) answer { return w.call("POST", path, tokens["tachiai"], body) }
			if a := call("/v1/windows/R8-0001-1/open", w.fresh("tachiai")); a.fault != nil {
				t.Fatal(string(a.body))
			}
			if a := call("/v1/windows/R8-0001-1/unpermit", map[string]any{}); a.fault != nil {
				t.Fatal(string(a.body))
			}
			guess := api.PasswordBody{Fresh: api.Fresh{Password: "guess", Code: "000000"}, New: "another password 2026"}
			last := ""
			for range 8 {
				if path == "/v1/password" {
					last = call(path, guess).fault.Code
				} else {
					last = call(path, guess.Fresh).fault.Code
				}
			}
			if last != "too-many-failures" {
				t.Fatalf("not locked out: %s", last)
			}
			if a := call("/v1/windows/R8-0001-1/permit", map[string]any{}); a.fault == nil {
				t.Error("permitted by a kept proof while the person is locked out for guessing")
			}
		})
	}
}
