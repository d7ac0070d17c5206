package pages

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	paper "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// sheetRules finds what has no place on paper: what is pressed, text under 9 pt, and a table that is cut off at the margin.
const sheetRules = `(() => {
	const bad = [], shown = e => e.checkVisibility() && e.getClientRects().length > 0 && !e.closest(".unseen");
	for (const e of document.querySelectorAll("button, nav, iframe, a.button, .top, .help, input:not([type=hidden]), select, textarea"))
		if (shown(e) && (!e.closest(".byhand") || e.matches("button"))) bad.push("on paper: " + e.outerHTML.slice(0, 120));
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = walker.nextNode(); n; n = walker.nextNode())
		if (n.data.trim() && shown(n.parentElement) && parseFloat(getComputedStyle(n.parentElement).fontSize) < 11.99) bad.push("under 9 pt: " + n.data.trim().slice(0, 60));
	for (const e of document.querySelectorAll("table, dl, pre")) if (shown(e) && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1) bad.push("cut off: " + e.outerHTML.slice(0, 120));
	return bad;
})()`

// onPaper shows the page as it is printed. The width is that of the paper within its margins: 170 mm, across 257 mm.
func (b *tab) onPaper(width int64) {
	b.t.Helper()
	command(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
}

// pdf prints the page.
func (b *tab) pdf() (out []byte) {
	b.t.Helper()
	on := true
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		r, err := cdp.Call(ctx, t, paper.PrintToPDF, paper.PrintToPDFParams{PreferCSSPageSize: &on})
		out = r.Data
		return err
	}))
	return out
}

var footOf = regexp.MustCompile(`(検証値|Digest) [0-9a-f]{8}-[0-9a-f]{8}\s+(関守|Sekimori) v1\.2\.3`)

// TestThePagesOnPaper prints the forms: a foot with check value and version, nothing to press, no text under 9 pt, nothing cut off, and not
// more sheets than the form may have. With SEKIMORI_PDF_DIR the files are kept, to be looked at.
func TestThePagesOnPaper(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	w.handedIn(w.worked())
	w.Pass(3 * time.Hour)
	tabs := map[string]*tab{}
	for n, form := range []struct {
		name, who, path string
		width           int64 // CSS pixels within the margins
		sheets          int
	}{
		{"request", "head", "/requests/R8-0001/print", 642, 2}, {"decision", "head", "/requests/R8-0001/decide", 642, 3}, {"window", "head", "/windows/R8-0001-1", 642, 1},
		{"ledger", "head", "/ledger?month=all", 971, 1}, {"month", "head", "/calendar?view=month", 971, 1}, {"days", "head", "/calendar", 642, 2},
		{"attendance record", "ito", "/sessions/S-20261124-02/attest", 642, 2}, {"work report", "head", "/sessions/WR-1/report", 642, 2}, {"review", "mori", "/reviews/R8-0001-1", 642, 3},
		{"checkpoint", "head", "/ledger/checkpoint", 642, 1}, {"blank request", "kato", "/requests/new", 642, 5},
	} {
		l := drawn{lang: languages[n%2], width: 1280}
		b := tabs[form.who+l.lang]
		if b == nil {
			b = w.tab(form.who, l)
			tabs[form.who+l.lang] = b
		}
		b.open(form.path)
		b.onPaper(form.width)
		for _, broken := range eval[[]string](b, sheetRules) {
			t.Errorf("%s in %s: %s", form.name, l.lang, broken)
		}
		if foot := eval[string](b, `document.querySelector(".foot")?.innerText ?? ""`); !footOf.MatchString(foot) {
			t.Errorf("%s in %s: the foot is %q", form.name, l.lang, foot)
		}
		if hand := eval[bool](b, `!!document.querySelector(".byhand .paperonly")?.checkVisibility()`); hand != slices.Contains([]string{"attendance record", "review", "blank request"}, form.name) {
			t.Errorf("%s in %s: lines for a pen: %v", form.name, l.lang, hand)
		}
		file := b.pdf()
		if sheets := len(regexp.MustCompile(`/Type /Page\b`).FindAll(file, -1)); sheets == 0 || sheets > form.sheets {
			t.Errorf("%s in %s: %d sheets", form.name, l.lang, sheets)
		}
		if dir := os.Getenv("SEKIMORI_PDF_DIR"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, form.name+"-"+l.lang+".pdf"), file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b.wellBehaved(form.name)
	}
}
