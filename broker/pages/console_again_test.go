package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A mistake in a small form of the console is told on the console, at its input, and the typed text stays. The picture and the cut stay too.
func TestMistakesOnTheConsole(t *testing.T) {
	t.Parallel()
	w := found(t)
	e := w.withEntrance(t)
	w.granted(t)
	ito, _, session := w.connected(t, e)
	live := "/sessions/" + session + "/live"
	for _, c := range []struct{ act, field, typed, input string }{
		{"bookmark", "note", "", "mark"},
		{"bookmark", "note", strings.Repeat("x", 5000), "mark"},
		{"message", "text", "", "message"},
		{"message", "text", "a\u202eb", "message"},
	} {
		a := ito.post("/sessions/"+session+"/"+c.act, url.Values{c.field: {c.typed}, "back": {live}})
		if a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity && a.status != http.StatusConflict {
			t.Errorf("%s %.10q: %d", c.act, c.typed, a.status)
		}
		for _, want := range []string{`href="#` + c.input + `"`, `data-self="` + live + `"`, `id="cut-now"`, `id="player"`} {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s %.10q: the page lacks %s", c.act, c.typed, want)
			}
		}
		if i := strings.Index(a.body, `id="`+c.input+`"`); i < 0 || !strings.Contains(a.body[i:i+200+len(c.typed)], `aria-invalid="true"`) {
			t.Errorf("%s %.10q: its input is not marked", c.act, c.typed)
		}
	}
	// From another page the act's own form tells it, and no address of another site is followed.
	for _, back := range []string{"", "/sessions/" + session, "//evil.example/live", "/sessions/none/live"} {
		a := ito.post("/sessions/"+session+"/bookmark", url.Values{"note": {""}, "back": {back}})
		if strings.Contains(a.body, "data-self=") || !strings.Contains(a.body, `name="note"`) {
			t.Errorf("back to %q: %d %.300s", back, a.status, a.body)
		}
	}
}
