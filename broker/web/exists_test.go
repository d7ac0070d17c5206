package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestAttackIDsThatExistToldFromThoseThatDoNot: GET /v1/papers?person= answered an engineer with an empty list for a login of the staff and
// with "not found" for any other name. People of a vendor must get the same answer for another's thing and for one that does not exist, by
// path, query or body.
func TestAttackIDsThatExistToldFromThoseThatDoNot(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	// Pairs of names of one form: one that exists and is another's, one that does not exist.
	pairs := map[string][][2]string{
		"person": {{"kacho", "kachx"}, {"U-001", "U-991"}, {"c-own", "c-owx"}, {"E-OWN", "E-OWX"}, {"e-own", "e-owx"}},
		"vendor": {{"V-001", "V-991"}, {"v-001", "v-991"}},
		"no":     {{"R8-0001", "R8-7771"}, {"R8-0001", "R9-0001"}},
		"id":     {{"R8-0001-1", "R8-7771-1"}, {"S-20261124-01", "S-20261124-91"}, {"S-20261124-01-1", "S-20261124-91-1"}, {"X-0001", "X-9991"}, {"kacho", "kachx"}, {"U-001", "U-991"}, {"V-001", "V-991"}, {"E-OWN", "E-OWX"}, {"hr", "hx"}, {"hr-db", "hr-dx"}},
	}
	pairs["engineer"], pairs["subject"], pairs["system"], pairs["section"] = pairs["person"], pairs["person"], [][2]string{{"hr", "hx"}}, [][2]string{{"jinji", "jinjx"}}
	asked := 0
	for _, r := range routes() {
		var places []string
		for _, part := range strings.Split(r.path, "/") {
			if strings.HasPrefix(part, "{") {
				places = append(places, strings.Trim(part, "{}"))
			}
		}
		if len(places) > 1 || r.path == "/v1/logout" {
			continue
		}
		ask := func(login, place, name string) string {
			path, body := r.path, any(nil)
			switch {
			case len(places) == 1:
				path = strings.Replace(path, "{"+places[0]+"}", name, 1)
				if r.method == "POST" {
					body = map[string]any{}
				}
			case r.method == "POST":
				body = map[string]any{place: name, "reason": "x"}
			default:
				path += "?" + url.Values{place: {name}, "purpose": {"incident"}}.Encode()
			}
			asked++
			a := w.call(r.method, path, tokens[login], body)
			return fmt.Sprint(a.status, " ", strings.ReplaceAll(strings.ReplaceAll(string(a.body), name, "…"), "1-1", "…"))
		}
		names := places
		if len(places) == 0 {
			names = []string{"person", "vendor", "engineer", "subject", "system", "section"}
		}
		for _, login := range []string{"e-other", "c-other"} {
			for _, place := range names {
				for _, pair := range pairs[place] {
					if there, nowhere := ask(login, place, pair[0]), ask(login, place, pair[1]); there != nowhere {
						t.Errorf("%s %s, %s=%s by %s:\n%.300s\n%.300s", r.method, r.path, place, pair[0], login, there, nowhere)
					}
				}
			}
		}
	}
	if asked < 200 {
		t.Errorf("only %d questions were asked", asked)
	}
}

// The description of a paper stands in the address, and the body is the file: a filing told an engineer which logins the staff have.
func TestAttackAFilingTellsWhoExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.found()
	w.neighbours(tokens)
	for _, login := range []string{"e-other", "c-other"} {
		file := func(name string) string {
			a := w.call("POST", "/v1/papers?"+url.Values{"kind": {"pledge"}, "person": {name}, "from": {"2026-11-01"}, "until": {"2027-03-31"}}.Encode(), tokens[login], nil)
			return fmt.Sprint(a.status, " ", strings.ReplaceAll(string(a.body), name, "…"))
		}
		nobody := file("nobody")
		for _, name := range []string{"kacho", "U-001", "e-own", "E-OWN", "c-own"} {
			if got := file(name); got != nobody {
				t.Errorf("%s by %s:\n%.300s\n%.300s", name, login, got, nobody)
			}
		}
		if got := file("e-other"); got == strings.ReplaceAll(nobody, "nobody", "e-other") || !strings.Contains(got, "copy") {
			t.Errorf("the own engineer: %.300s", got)
		}
	}
}
