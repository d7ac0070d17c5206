package pages

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// looks are drawn so that each two values of language, width and colours meet.
var looks = []drawn{
	{lang: "en", width: 320},
	{lang: "ja", width: 1280},
	{lang: "ja", width: 320, forced: true},
	{lang: "en", width: 1280, forced: true},
	{lang: "ja", width: 320, dark: true},
	{lang: "en", width: 1280, dark: true},
}

// pageRules finds what axe-core does not look for (screens §7).
const pageRules = `(() => {
	const bad = [], shown = e => e.checkVisibility() && e.getClientRects().length > 0;
	const cut = e => e.outerHTML.slice(0, 160);
	if (document.documentElement.lang !== LANG) bad.push("the page is in " + document.documentElement.lang);
	if (document.querySelectorAll("h1").length !== 1) bad.push("headings of level 1: " + document.querySelectorAll("h1").length);
	if (document.documentElement.scrollWidth > innerWidth) {
		const wide = [...document.querySelectorAll("body *")].filter(e => shown(e) && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("[role=region]"));
		bad.push("scrolls sideways: " + wide.slice(0, 3).map(cut).join(" | "));
	}
	for (const e of document.querySelectorAll("time")) if (!/[+]09:00$/.test(e.dateTime) && !/^\d{4}-\d\d-\d\d$/.test(e.dateTime)) bad.push("a time without its machine form: " + cut(e));
	for (const e of document.querySelectorAll("table")) {
		if (!e.caption || !e.caption.textContent.trim()) bad.push("a table without a caption: " + cut(e));
		for (const h of e.querySelectorAll("th")) if (!h.scope) bad.push("a heading of a table without a scope: " + cut(h));
	}
	for (const e of document.querySelectorAll("[role=region]")) if (e.scrollWidth > e.clientWidth && e.tabIndex < 0) bad.push("a region that only a pointer scrolls: " + cut(e));
	for (const e of document.querySelectorAll(".chip")) if (!e.textContent.trim()) bad.push("a chip without words: " + cut(e));
	for (const e of document.querySelectorAll("button, input:not([type=hidden]):not([type=checkbox]):not([type=radio]), select, a.button")) {
		const r = e.getBoundingClientRect();
		if (shown(e) && (r.width < 24 || r.height < 24)) bad.push("a small target, " + r.width + "x" + r.height + ": " + cut(e));
	}
	for (const e of document.querySelectorAll("[aria-disabled=true]")) if (!e.getAttribute("aria-describedby") || !document.getElementById(e.getAttribute("aria-describedby"))) bad.push("a closed button without its reason: " + cut(e));
	for (const e of document.querySelectorAll("[style], [onclick], [onsubmit]")) bad.push("inline style or script: " + cut(e));
	return bad;
})()`

func (b *tab) checked(where string, l drawn) {
	b.t.Helper()
	b.follows(where, l)
	b.accessible(where)
	b.wellBehaved(where)
}

// unseen tells whether the page has an element of a kind that is not among those seen, and adds its kinds.
func (b *tab) unseen(seen map[string]bool) bool {
	b.t.Helper()
	before := len(seen)
	for _, kind := range eval[[]string](b, elementKinds) {
		seen[kind] = true
	}
	return len(seen) > before
}

// follows fails for each rule of pages that the page breaks.
func (b *tab) follows(where string, l drawn) {
	b.t.Helper()
	b.loaded()
	for _, broken := range eval[[]string](b, strings.ReplaceAll(pageRules, "LANG", `"`+l.lang+`"`)) {
		b.t.Errorf("%s: %s", where, broken)
	}
}

// TestEveryPageInABrowser opens every page in Chromium: no rule of axe-core is broken, no script or style is outside the policy, no
// request leaves the origin, nothing scrolls sideways at 320 px. A whole run, as in CI, opens each page once, with language, width and colours drawn
// pairwise, and SEKIMORI_FULL_GRID=1 opens each page in every look. A plain run opens each fourth page in one look, the narrow one, and asks axe-core,
// which takes most of the time, only about pages with a kind of element that no page before had.
func TestEveryPageInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	w.more()
	tabs, seen := map[string]*tab{}, map[string]bool{}
	n := 0
	for _, r := range rows() {
		if r.method != http.MethodGet || skipsBrowser(r) || r.site == staff && onlyVendors(r) {
			continue
		}
		person, ok := w.whoOpens(r)
		if !ok {
			t.Errorf("no one opens %s", r.path)
			continue
		}
		if n++; n%4 != 0 && !testbed.Whole() {
			continue // CI opens every page
		}
		drawn := looks[n%len(looks) : n%len(looks)+1]
		if os.Getenv("SEKIMORI_FULL_GRID") == "1" {
			drawn = looks
		} else if !testbed.Whole() {
			drawn = looks[:1]
		}
		for _, l := range drawn {
			key := person + l.String()
			if tabs[key] == nil {
				tabs[key] = w.tab(person, l)
			}
			w.Pass(10 * time.Second)
			b := tabs[key]
			b.open(address(r))
			where := r.path + " for " + person + ", " + l.String()
			b.follows(where, l)
			if b.unseen(seen) || testbed.Whole() {
				b.accessible(where)
			}
			b.wellBehaved(where)
		}
	}
	b := w.tab("sato", looks[0])
	b.open("/v/files/" + fetchable)
	b.until(`!!document.querySelector('form[action$="/fetch"]')`)
	b.checked("a file to fetch", looks[0])
}

// skipsBrowser tells whether the answer of a row is no page: a file, or a form that ends the sign-in.
func skipsBrowser(r row) bool {
	return strings.HasPrefix(r.path, "/static/") || strings.Contains(r.path, ".") && !strings.Contains(r.path, "...")
}

// onlyVendors tells whether no member of staff opens the row: an act of vendors, which the staff's site names too.
func onlyVendors(r row) bool {
	return r.callers.Vendors && len(r.callers.Roles) == 0 && !r.callers.Everyone && !r.callers.open
}

// fetchable is a file that its engineer may fetch.
const fetchable = "S-20261124-01-2"

// more adds that file, and the people whom some pages are for and whom the town lacks: the office of permits, and a vendor's contact.
func (w *world) more() {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		_, written := tx.Append(townhall.Draft("test.planned"))
		return errors.Join(
			tx.AddFile(store.File{ID: fetchable, Direction: policy.FilesOut, State: policy.FileApproved, Session: "S-20261124-01", Window: "R8-0001-1", Request: "R8-0001", System: "hr", Target: "hr-db",
				Vendor: "V-012", Person: "E-0031", Path: []byte("/srv/out/log.txt"), Size: 2048, Length: 2048, SHA256: strings.Repeat("c", 64), Kept: []string{fetchable}, Content: fetchable, Findings: []byte("[]")}),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "office", Login: "office", Kind: policy.Staff, Name: "情報統括", Section: "is", Roles: []policy.Role{policy.PermitOfficer}}}),
			tx.PutPerson(store.Person{Person: policy.Person{ID: "C-0001", Login: "madoguchi", Kind: policy.Contact, Name: "窓口", Vendor: "V-012"}}),
			written)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// whoOpens finds a person whom the row names.
func (w *world) whoOpens(r row) (string, bool) {
	if r.callers.open && r.site == staff {
		return "", true
	}
	for _, id := range []string{"admin", "deputy", "head", "kato", "ito", "mori", "office", "E-0031", "C-0001"} {
		if outside := strings.Contains(id, "-"); outside == (r.site == portal) && (r.callers.open || w.mayOpen(r, id)) {
			if login, ok := map[string]string{"E-0031": "sato", "C-0001": "madoguchi"}[id]; ok {
				return login, true
			}
			return id, true
		}
	}
	return "", false
}

// TestTheBrowserFindsWhatIsWrong: a page with one fault of each kind. Without it, a harness that looks at nothing would pass.
func TestTheBrowserFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	startChromium(t)
	w := found(t)
	b := w.tab("ito", looks[0])
	b.open("/today")
	b.wellBehaved("before")
	seen := map[string]bool{}
	if !b.unseen(seen) || b.unseen(seen) {
		t.Error("the kinds of elements are not told apart")
	}
	eval[bool](b, `(() => {
		const main = document.querySelector("main");
		main.replaceChildren();
		for (const name of ["img", "table", "button", "input"]) main.append(document.createElement(name));
		return true;
	})()`)
	if !b.unseen(seen) {
		t.Error("an element of another kind is not seen")
	}
	if len(eval[[]string](b, strings.ReplaceAll(pageRules, "LANG", `"`+looks[0].lang+`"`))) == 0 {
		t.Error("the rules of pages find nothing")
	}
	b.do(chromedp.Evaluate[chromedp.Void](axe))
	if len(eval[[]string](b, axeRun)) == 0 {
		t.Error("axe finds nothing")
	}
	eval[bool](b, `(() => {
		const s = document.createElement("img"); s.src = "https://elsewhere.invalid/x.png"; document.body.append(s); return true;
	})()`)
	for len(b.reported()) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("a request to another origin, which the policy stops, was not seen")
		}
		eval[bool](b, `new Promise(done => requestAnimationFrame(() => done(true)))`)
	}
}
