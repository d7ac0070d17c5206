package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/recordings"
)

// indexed indexes lines of a session, one a second.
func (w *world) indexed(id string, lines ...string) {
	w.t.Helper()
	_, err := w.index.Build(w.t.Context(), id, func(yield func(recordings.TextLine, error) bool) {
		for _, s := range lines {
			if !yield(recordings.TextLine{Elapsed: 1500 * 1e6, JA: s, EN: s}, nil) {
				return
			}
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A search asks for words and a purpose, says how far it went, and each hit opens the text at its time, under the same purpose.
func TestSearchPage(t *testing.T) {
	t.Parallel()
	w := found(t)
	const id = "S-20261124-01"
	w.recorded(id)
	w.indexed(id, "障害復旧 <b>&", "UPDATE 3")
	b := w.as("mori")
	if a := b.get("/sessions"); !strings.Contains(a.body, `href="/recordings/search"`) {
		t.Error("the list of sessions does not lead to the search")
	}
	form := b.get("/recordings/search")
	if form.status != http.StatusOK || strings.Contains(form.body, "障害復旧") {
		t.Fatalf("%d", form.status)
	}
	why := string(policy.PeriodicReview)
	for what, v := range map[string]url.Values{
		"308": {"words": {"障害"}}, "探す言葉は": {"words": {" "}, "purpose": {why}}, "2026-11-24 のように": {"words": {"障害"}, "purpose": {why}, "from": {"x"}},
	} {
		if a := b.post("/recordings/search", v); a.status < 400 || a.status >= 500 || strings.Contains(a.body, "障害復旧") || !strings.Contains(a.body, what) {
			t.Errorf("%v: %d", v, a.status)
		}
	}
	a := b.post("/recordings/search", url.Values{"words": {"障害"}, "purpose": {why}, "explanation": {"11月分"}})
	for _, want := range []string{"障害復旧 &lt;b&gt;&amp;", `name="at" value="1500"`, "1件の接続をすべて調べました", `action="/recordings/` + id + `/text"`} {
		if a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%d: the page lacks %s", a.status, want)
		}
	}
	read := b.post("/recordings/"+id+"/text", url.Values{"purpose": {why}, "explanation": {"11月分"}, "at": {"1500"}})
	if at := read.header.Get("Location"); !strings.Contains(at, "&at=1500#found") {
		t.Errorf("a hit leads to %q", at)
	}
	if a := b.post("/recordings/search", url.Values{"words": {"漏洩"}, "purpose": {why}}); !strings.Contains(a.body, "条件に合うものがありません") {
		t.Errorf("%d: no word that there is no hit", a.status)
	}
	if a := w.as("kato").get("/recordings/search"); a.status != http.StatusForbidden {
		t.Errorf("a requester: %d", a.status)
	}
}

// TestNoPageOffersASearchThatIsOff: where searches are switched off no page leads to one; the address itself says so [147].
func TestNoPageOffersASearchThatIsOff(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{false, true} {
		w := found(t, func(o *Options) {
			if off {
				o.Views = view.New(view.Options{DB: o.DB, Desk: o.Desk, Attendance: o.Attendance, Sessions: o.Sessions, Registry: o.Registry, Papers: o.Papers, Freezer: o.Freezer, Reports: o.Reports, Agenda: o.Agenda,
					Lines: o.Lines, Zone: o.Zone, Clock: o.Clock, Evidence: o.Evidence})
			}
		})
		s := w.worked()
		b := w.as("mori")
		for _, page := range []string{"/sessions", "/sessions/" + s.ID, "/reviews/R8-0001-1"} {
			a := b.get(page)
			if a.status != http.StatusOK || strings.Contains(a.body, "/recordings/search") == off {
				t.Errorf("off %v: %s (%d) leads to the search: %v", off, page, a.status, strings.Contains(a.body, "/recordings/search"))
			}
		}
		if a := w.as("admin").get("/settings"); a.status != http.StatusOK || strings.Contains(a.body, "/recordings/search/rebuild") == off {
			t.Errorf("off %v: the settings (%d) offer the index: %v", off, a.status, strings.Contains(a.body, "/recordings/search/rebuild"))
		}
		if a := b.get("/recordings/search"); a.holds("[147]") != off && a.holds("147") != off {
			t.Errorf("off %v: %d %.200s", off, a.status, a.body)
		}
	}
}

// TestSearchPageInABrowser opens the form and a page of hits in Chromium, in both languages.
func TestSearchPageInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	const id = "S-20261124-01"
	w.recorded(id)
	w.indexed(id, "障害復旧", "UPDATE 3 障害 "+strings.Repeat("x", 400))
	for _, l := range some(looks...) {
		b := w.tab("mori", l)
		b.open("/recordings/search")
		b.follows("the form", l)
		eval[bool](b, `(() => { document.querySelector("#words").value = "障害"; document.querySelector('input[name="purpose"]').click(); document.querySelector("main form").requestSubmit(); return true })()`)
		b.until(`!!document.querySelector("#found")`)
		b.checked("hits of a search, "+l.String(), l)
	}
}
