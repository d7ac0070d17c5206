package pages

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"sekimori/policy"
)

// menuRows counts the lines that the menu takes.
const menuRows = `new Set([...document.querySelectorAll("header .menu > li")].map(e => Math.round(e.getBoundingClientRect().top))).size`

// The menu of a person with many roles takes one line at 1280 px in both languages. Its second part opens by keyboard and leads to the pages.
func TestTheMenuFitsByKeyboard(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	for _, l := range []drawn{{lang: "ja", width: 1280}, {lang: "en", width: 1280}} {
		b := w.tab("deputy", l)
		b.open("/today")
		if n := eval[int](b, menuRows); n != 1 {
			t.Errorf("%s: the menu takes %d lines", l, n)
		}
	}
	w.Pass(10 * time.Second)
	for _, l := range []drawn{{lang: "ja", width: 1280, forced: true}, {lang: "en", width: 320}} {
		b := w.tab("deputy", l)
		b.open("/today")
		b.tabTo(".others summary")
		b.press(kb.Enter)
		b.checked("the open menu, "+l.String(), l)
		b.tabTo(`.others a[href="/systems"]`)
		b.submit()
		if eval[bool](b, `document.querySelector(".others").open`) || !eval[bool](b, `document.querySelector(".others summary").matches(".here")`) {
			t.Errorf("%s: the menu of the page that was opened", l)
		}
	}
}
