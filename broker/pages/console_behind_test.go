package pages

import (
	"net/http"
	"testing"
	"time"

	"sekimori/broker/api"
)

// TestALagOnTheConsole: the console of a session, and each other console of its window, says that it is paused because its recording lags. A person's
// pause is told beside it. Nothing is told when the session goes on or has ended.
func TestALagOnTheConsole(t *testing.T) {
	t.Parallel()
	w := found(t)
	c := api.Console{Offers: []api.Offer{{Act: "pause", Open: true}, {Act: "resume", Open: true}}}
	r := get("/dev/lag", staff, text2("遅れ", "Lag"), open(), l0, func(_ *Pages, v *visit) error { return v.show(v.consolePage(c, "/dev/lag")) })
	w.pages.muxes[staff].HandleFunc("GET /dev/lag", func(rw http.ResponseWriter, req *http.Request) { w.pages.serve(rw, req, staff, r) })
	ito := w.as("ito")
	const (
		ja     = "操作記録の保存が遅れているため、09:00:02 から一時停止中です。入力も出力も通りません。"
		en     = "Paused since 09:00:02: the recording&#39;s disk is slow. Neither keys nor output pass."
		person = "Paused: the engineer&#39;s keys are not delivered."
	)
	shown := func(what string, s api.Session, own bool, want []string, not ...string) {
		t.Helper()
		s.ID, c.Session = "S-20261124-01", nil
		c.Attendance.Sessions = []api.Session{s}
		if own {
			c.Session = &s
		}
		page := ito.get("/dev/lag?lang=en")
		page.has(t, want...)
		for _, n := range append(not, "操作記録の保存が遅れている") {
			if page.holds(n) {
				t.Errorf("%s: the page says %q", what, n)
			}
		}
	}
	at := time.Date(2026, 11, 24, 9, 0, 2, 0, w.o.Zone)
	pause, resume := `id="pause"`, `id="resume"`
	shown("lags", api.Session{State: "paused", Behind: at}, true, []string{en, pause, "Paused</"}, person, resume, "S-20261124-01: Paused")
	ito.get("/dev/lag?lang=ja").has(t, ja, "一時停止中</")
	shown("lags while a person has paused it", api.Session{State: "paused", Behind: at, Paused: at, PausedBy: "U-001"}, true, []string{en, person, resume}, pause)
	shown("a person's pause alone", api.Session{State: "paused", Paused: at, PausedBy: "U-001"}, true, []string{person, resume}, "Paused since", pause)
	shown("goes on", api.Session{State: "active"}, true, []string{pause}, "Paused since", person)
	shown("on the window's console", api.Session{State: "paused", Behind: at}, false, []string{"S-20261124-01: " + en})
	shown("on the window's console, goes on", api.Session{State: "active"}, false, nil, "Paused since")
	shown("has ended", api.Session{State: "ended-early", EndCause: "recording-failed", EndNumber: 210, Ended: at}, true, []string{"[210]"}, "Paused since")
}

// TestADiskThatLagsOnTheConsole: a disk lags under a real session. Its console, its page and the list say so, and say it no more once the disk has
// caught up.
func TestADiskThatLagsOnTheConsole(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	w := found(t)
	e := w.withEntrance(t)
	w.granted(t)
	ito, s, id := w.connected(t, e)
	const said = "Paused since "
	ito.get("/sessions/"+id+"/live?lang=en").has(t, "Connected</")
	goOn := w.disk.StallSync()
	defer goOn()
	s.types("echo lag\r")
	s.await("the recording's disk is slow")
	for _, path := range []string{"/sessions/" + id + "/live", "/windows/R8-0001-1/console", "/sessions/" + id} {
		ito.get(path).has(t, said, "the recording&#39;s disk is slow")
	}
	ito.get("/sessions").has(t, "Paused</")
	goOn()
	s.await("Resumed, ")
	for _, path := range []string{"/sessions/" + id + "/live", "/windows/R8-0001-1/console", "/sessions/" + id, "/sessions"} {
		if a := ito.get(path); a.holds(said) || a.holds("Paused</") {
			t.Errorf("%s says that the session is paused", path)
		}
	}
}
