package pages

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chromedp/cdproto/dom"
	pagedomain "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// control is the element that has the focus.
type control struct {
	Tag     string   `json:"tag"`
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Value   string   `json:"value"`
	Checked bool     `json:"checked"`
	Options []string `json:"options"`
	Wanted  bool     `json:"wanted"` // it is the one that the selector finds
	First   bool     `json:"first"`  // it had the focus before: Tab went round
	Text    string   `json:"text"`
}

// focus describes the element that has the focus, and marks it.
func (b *tab) focus(selector string) control {
	b.t.Helper()
	wanted, _ := json.Marshal(selector)
	return eval[control](b, `(() => {
		const e = document.activeElement || document.body, first = !!e.visited && window.before !== e; // a date has several stops
		e.visited = true;
		window.before = e;
		return {tag: e.tagName.toLowerCase(), type: e.type || "", name: e.name || "", value: "value" in e ? String(e.value) : "", checked: !!e.checked,
			options: e.options ? [...e.options].map(o => o.value) : [], wanted: e.matches(`+string(wanted)+`), first, text: (e.innerText || "").trim().slice(0, 40)};
	})()`)
}

// fill goes through the form by Tab, types and chooses what the values say, and stops at the element that the selector finds. Every value
// must have found its field.
func (b *tab) fill(values url.Values, selector string) {
	b.t.Helper()
	left := map[string]bool{}
	for key := range values {
		left[key] = true
	}
	var passed []string
	for range 500 {
		b.press(kb.Tab)
		c := b.focus(selector)
		passed = append(passed, strings.TrimSpace(c.Tag+" "+c.Name+" "+c.Text))
		if want, ok := values[c.Name]; ok && c.Name != "" {
			b.enter(c, want)
			delete(left, c.Name)
		}
		if c.Wanted {
			for key := range left {
				b.t.Errorf("%s: Tab reaches no field %q before %s", b.path(), key, selector)
			}
			return
		}
		if c.First && c.Tag != "body" && c.Type != "radio" {
			break
		}
	}
	b.t.Fatalf("%s: Tab never reaches %s; it went through %q", b.path(), selector, passed)
}

// enter gives the focused field its value by keys.
func (b *tab) enter(c control, want []string) {
	b.t.Helper()
	switch {
	case c.Type == "checkbox":
		if c.Checked != slices.Contains(want, c.Value) {
			b.press(" ")
		}
	case c.Type == "radio":
		for range 20 {
			now := b.focus("*")
			if now.Value == want[0] {
				if !now.Checked {
					b.press(" ")
				}
				return
			}
			b.press(kb.ArrowDown)
		}
		b.t.Fatalf("%s: the arrow keys never choose %s of %s", b.path(), want[0], c.Name)
	case c.Type == "date":
		if c.Value == want[0] { // a date has several stops
			return
		}
		year, month, day := want[0][:4], want[0][5:7], want[0][8:]
		order := eval[string](b, `new Intl.DateTimeFormat(navigator.language).formatToParts().map(p => ({year: "{y}", month: "{m}", day: "{d}"}[p.type] || "")).join("")`)
		b.press(strings.NewReplacer("{y}", year, "{m}", month, "{d}", day).Replace(order))
		if now := b.focus("*"); now.Value != want[0] {
			b.t.Fatalf("%s: %s holds %q and not %q", b.path(), c.Name, now.Value, want[0])
		}
	case c.Tag == "select":
		at, to := slices.Index(c.Options, c.Value), slices.Index(c.Options, want[0])
		if to < 0 {
			b.t.Fatalf("%s: %s offers %q and not %q", b.path(), c.Name, c.Options, want[0])
		}
		for ; at < to; at++ {
			b.press(kb.ArrowDown)
		}
		for ; at > to; at-- {
			b.press(kb.ArrowUp)
		}
		if now := b.focus("*"); now.Value != want[0] {
			b.t.Fatalf("%s: %s is %q and not %q", b.path(), c.Name, now.Value, want[0])
		}
	default:
		b.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
		b.press(kb.Delete)
		b.press(want[0])
		if now := b.focus("*"); now.Value != want[0] && utf8.RuneCountInString(now.Value) != utf8.RuneCountInString(want[0]) {
			b.t.Fatalf("%s: %s holds %q and not %q", b.path(), c.Name, now.Value, want[0])
		}
	}
}

// chooses fills in what the values say, goes by Tab to an input for a file, opens its dialog by Enter and gives it the file. The dialog
// itself belongs to the system and not to the page.
func (b *tab) chooses(values url.Values, selector, path string) {
	b.t.Helper()
	b.fill(values, selector)
	command(b, pagedomain.Enable, pagedomain.EnableParams{})
	command(b, pagedomain.SetInterceptFileChooserDialog, pagedomain.SetInterceptFileChooserDialogParams{Enabled: true})
	b.press(kb.Enter)
	select {
	case node := <-b.chosen:
		command(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, BackendNodeID: node})
	case <-time.After(stuck):
		b.t.Fatalf("%s: Enter on %s opens no dialog", b.path(), selector)
	}
}

// signsIn signs the person in on the page that asks for it, by keys.
func (w *world) signsIn(b *tab, person string) {
	w.t.Helper()
	w.enrol(person)
	b.fill(url.Values{"login": {person}, "password": {password}, "code": {w.code(person)}}, "form.narrow button[type=submit]")
	b.submit()
}

// quoted is a text as a script writes it.
func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always marshals
	return string(b)
}
