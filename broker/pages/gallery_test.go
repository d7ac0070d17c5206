package pages

import (
	"html/template"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/papers"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// GalleryPage shows each part of the pages in each of its states. It is in tests only, at /dev/gallery.
type GalleryPage struct {
	Frame
	Groups []galleryGroup
	Card   Card
	Fields []Field
	Offers []Offer
}

type galleryGroup struct {
	Name  string
	Chips []Chip
}

// states are all states that pages show, by what they are states of.
func states() []galleryGroup {
	return []galleryGroup{
		every("requests", requestLooks, policy.RequestState.Label), every("windows", windowLooks, policy.WindowState.Label), every("sessions", sessionLooks, api.SessionState.Label),
		every("reviews", reviewLooks, api.ReviewState.Label), every("freezes", freezeLooks, api.FreezeState.Label), every("tells", tellLooks, api.TellState.Label), every("days", dayLooks, api.DayState.Label),
		every("items", itemLooks, func(s string) text.Text { return policy.ItemState(s).Label() }), every("papers", paperLooks, store.PaperState.Label), every("standing", standingLooks, papers.State.Label),
	}
}

// every is the chip of each state that has a look.
func every[S ~string](name string, looks map[S]look, label func(S) text.Text) galleryGroup {
	g := galleryGroup{Name: name}
	for _, s := range slices.Sorted(maps.Keys(looks)) {
		g.Chips = append(g.Chips, chip(label(s), looks[s]))
	}
	return g
}

// TestEveryStateHasItsWords: a state without words in a language would show its code.
func TestEveryStateHasItsWords(t *testing.T) {
	for _, g := range states() {
		for _, c := range g.Chips {
			if c.Text.JA == c.Text.EN || c.Text.EN == "" {
				t.Errorf("%s: a chip reads %q and %q", g.Name, c.Text.JA, c.Text.EN)
			}
		}
	}
}

// gallery adds /dev/gallery to the staff's pages.
func (w *world) gallery() {
	w.t.Helper()
	page := &GalleryPage{}
	for _, lang := range languages {
		t, err := template.New("").Funcs(words(lang)).ParseFS(templateFiles, "templates/layout/*.html", "templates/parts/*.html")
		if err == nil {
			t, err = t.ParseFS(os.DirFS("testdata/gallery"), "*.html")
		}
		if err != nil {
			w.t.Fatal(err)
		}
		w.pages.sheets[lang][reflect.TypeOf(page)] = t.Lookup("layout")
	}
	r := get("/dev/gallery", staff, text2("状態の一覧", "Gallery of states"), open(), l0, func(_ *Pages, v *visit) error {
		one := &GalleryPage{Frame: v.frame()}
		one.State, one.Drill = text2("見本", "sample"), true
		one.Errors = []Problem{{Field: "text-wrong", Text: text2("目的を入力してください。", "Enter the purpose.")}}
		var kinds []Chip
		for _, kind := range []string{"ok", "info", "waiting", "attention", "warning", "stop", "frozen"} {
			kinds = append(kinds, chip(text.Same(kind), look{"info", kind}))
		}
		one.Groups = append([]galleryGroup{{"kinds", kinds}}, states()...)
		at := w.Now()
		when, state := span(at, at.Add(90*time.Minute), w.o.Zone), requestChip(string(policy.PendingFirst))
		one.Card = Card{Rows: []CardRow{{Label: text2("いつ", "When"), Span: &when}, {Label: text2("状態", "State"), Chip: &state}, {Label: text2("なぜ", "Why"), Text: text.Same("<b>&\"'")}}}
		for _, control := range []string{"text", "textarea", "number", "checkbox", "datetime-local", "date", "password"} {
			plain := Field{Key: control, Label: text.Same(control), Hint: text2("例", "such as"), Control: control}
			wrong := plain
			wrong.Key, wrong.Label, wrong.Error = control+"-wrong", text.Same(control+" !"), text2("直してください。", "Mend this.")
			one.Fields = append(one.Fields, plain, wrong)
		}
		choices := []Choice{{Word: "a", Text: text.Same("a")}, {Word: "b", Text: text.Same("b"), Set: true}}
		one.Fields = append(one.Fields, Field{Key: "select", Label: text.Same("select"), Control: "select", Choices: choices}, Field{Key: "radio", Label: text.Same("radio"), Control: "radio", Choices: choices},
			Field{Key: "checkboxes", Label: text.Same("checkboxes"), Control: "checkboxes", Choices: choices})
		one.Offers = []Offer{{ID: "offer-open", Text: text2("立会いを始める", "Take the post"), Href: "/x", Open: true}, {ID: "offer-cut", Text: text2("強制切断", "Cut now"), Href: "/y", Open: true, Danger: true},
			{ID: "offer-closed", Text: text2("開始を許可する", "Permit the start"), Href: "/z", Reason: text2("[305] すでに決定済みです", "[305] Already decided")}}
		return v.show(one)
	})
	w.pages.muxes[staff].HandleFunc("GET /dev/gallery", func(rw http.ResponseWriter, req *http.Request) { w.pages.serve(rw, req, staff, r) })
}

// TestEveryStateInEveryLook: the gallery has each part in each state, and breaks no rule in any language, width and colours.
func TestEveryStateInEveryLook(t *testing.T) {
	t.Parallel()
	startChromium(t)
	w := found(t)
	w.gallery()
	w.consoleGallery()
	for _, l := range some(looks...) {
		b := w.tab("", l)
		for _, page := range []string{"/dev/gallery", "/dev/console"} {
			b.open(page)
			b.until(`document.querySelectorAll("main h2").length > 2`)
			b.checked(page+", "+l.String(), l)
		}
	}
}

// TestTheFirstPageIsUnder100kB: what a person's browser fetches for the first page, with styles and scripts.
func TestTheFirstPageIsUnder100kB(t *testing.T) {
	t.Parallel()
	startChromium(t)
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	b := w.tab("ito", looks[0])
	b.open("/today")
	wire := eval[float64](b, `[performance.getEntriesByType("navigation")[0], ...performance.getEntriesByType("resource")].reduce((n, e) => n + e.transferSize, 0)`)
	if wire == 0 || wire >= 100_000 {
		t.Errorf("%.0f bytes", wire)
	}
	t.Logf("%.0f bytes over the wire", wire)
}
