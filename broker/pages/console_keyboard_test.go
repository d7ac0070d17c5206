package pages

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp/kb"
)

// goes presses Tab until the control has the focus, and Enter, which opens a page.
func (b *tab) goes(selector string) {
	b.t.Helper()
	b.tabTo(selector)
	b.submit()
}

// tells waits until the page's text holds the words, in the tab's language.
func (b *tab) tells(selector, words string) {
	b.t.Helper()
	b.until(`[...document.querySelectorAll(` + quoted(selector) + `)].some(e => e.innerText.includes(` + quoted(words) + `))`)
}

// TestTheConsoleByKeyboardAlone: an attendant takes a window from the first step of the checklist to the attendance record, with a real ssh
// on the other side, in both languages: identity call, permission, picture, bookmark, message, pause, extension, cut, reason, start again,
// cut without scripts, and the steps after the end.
func TestTheConsoleByKeyboardAlone(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	for _, l := range some(inBoth...) {
		t.Run(l.lang, func(t *testing.T) {
			w := found(t)
			e := w.withEntrance(t)
			w.granted(t)
			j := &attending{t: t, w: w, e: e, l: l, b: w.tab("", l)}
			j.prepares()
			first := j.admits()
			j.watches(first)
			j.stops(first)
			j.again()
			j.finishes()
			j.b.wellBehaved("the console")
		})
	}
}

// attending is one attendant's journey.
type attending struct {
	t *testing.T
	w *world
	e *entrance
	l drawn
	b *tab
}

const postOf = "/windows/R8-0001-1/console"

func (j *attending) say(ja, en string) string { return a(j.l.lang, ja, en) }

// prepares signs in and does the steps before an engineer is there.
func (j *attending) prepares() {
	b := j.b
	b.open(postOf)
	j.w.signsIn(b, "ito")
	if at := b.path(); at != postOf {
		j.t.Fatalf("after the sign-in the page is %s:\n%s", at, b.text())
	}
	b.checked("the console before the work", j.l)
	if said := eval[string](b, `document.getElementById("status").textContent + document.getElementById("alert").textContent`); strings.TrimSpace(said) != "" {
		j.t.Errorf("a live region says %q at load", said)
	}
	b.tells("#steps li:nth-child(2)", j.say("手順1が済むと押せます", "Opens when step 1 is done"))
	for i, step := range []string{j.say("庁内網切断確認", "Confirm office network is cut"), j.say("回線接続", "Connect maintenance line")} {
		b.goes(`#steps form[action$="/tick"] button`)
		li := "#steps li:nth-child(" + string(rune('1'+i)) + ")"
		b.tells(li, step)
		b.tells(li, j.say("目視", "by eye"))
	}
	b.fill(url.Values{"password": {"right"}, "code": {"000000"}}, `#steps form[action$="/open"] button`)
	b.submit()
	b.tells("#steps li:nth-child(4)", j.say("保守要員が待合に来ると押せます", "Opens when the engineer is in the waiting room"))
}

// admits calls the engineer who waits, permits the start and opens the picture.
func (j *attending) admits() *sitting {
	b := j.b
	s := j.e.ssh(j.l.lang, "-tt", "sato+hr-db@"+j.e.host)
	digits := s.await(j.say(`照合番号は (\d \d \d)`, `Your number is (\d \d \d)`))
	b.until(`!!document.querySelector("#steps input[name=digits]")`) // the page shows by itself who waits
	b.tells("#steps .call", "0000-11-1111")
	b.fill(url.Values{"digits": {strings.ReplaceAll(digits, " ", "")}}, `#steps form[action$="/identity"] button`)
	b.submit()
	b.tells("#steps .call", j.say("照合番号 一致", "the number matched"))
	b.tabTo(`#steps form[action$="/permit"] button`) // the proof of five minutes ago holds
	b.submit()
	if eval[bool](b, `!!document.getElementById("errors")`) {
		b.fill(url.Values{"password": {"right"}, "code": {"000000"}}, `main form button.primary`)
		b.submit()
	}
	s.await(j.say("開始を許可しました", "Started "))
	j.w.started(j.t, s.await(`S-\d{8}-\d\d`))
	b.until(`!!document.querySelector("#others a")`)
	b.goes("#others a")
	if at := b.path(); !strings.HasSuffix(at, "/live") {
		j.t.Fatalf("the link of the session leads to %s:\n%s", at, b.text())
	}
	return s
}

// watches uses everything that the console of a session offers.
func (j *attending) watches(s *sitting) {
	b, session := j.b, strings.Split(j.b.path(), "/")[2]
	b.checked("the console of a session", j.l)
	// New output is told only to whoever asks for it.
	if live := eval[string](b, `document.getElementById("aloud").getAttribute("aria-live")`); live != "off" {
		j.t.Errorf("the terminal's aria-live is %q", live)
	}
	b.tabTo("#read-aloud")
	b.press(" ")
	b.until(`document.getElementById("aloud").getAttribute("aria-live") === "polite"`)
	s.types("select 給与 from payroll\n")
	b.tells("#aloud", "select 給与 from payroll")
	b.untilDrawn("the engineer's screen", func(r, g, b uint32) bool { return r > 180 && g > 180 && b > 180 }, 0.0005)
	b.press(kb.Tab) // the tab order goes on past the picture: no trap
	b.typeInto("#mark", "update")
	b.goes(`form[action$="/bookmark"] button`)
	b.tells("#happened", j.say("しおり「update」", "bookmark: update"))
	b.typeInto("#message", "save your work")
	b.goes(`form[action$="/message"] button`)
	s.await("save your work")
	b.goes("#pause")
	b.tells("#cut", j.say("一時停止中。保守要員の入力は届きません。", "Paused: the engineer's keys are not delivered."))
	s.await(j.say("一時停止中", "Paused; keys"))
	b.goes("#resume")
	s.await(j.say("再開しました", "Resumed"))
	b.until(`!!document.getElementById("pause")`)

	// The engineer asks for more time; the page tells it and grants it.
	asks := j.e.ssh(j.l.lang, "sato@"+j.e.host, "extend", "15m", "--reason", "check")
	b.until(`!!document.querySelector("#asked .card")`)
	b.until(`document.getElementById("status").textContent === ` + quoted(j.say("延長の申請があります。", "An extension was asked for.")))
	asks.ended()
	before := eval[string](b, `document.querySelector("[role=timer]").dataset.until`)
	b.goes(`#asked form[action$="/grant"] button`)
	b.until(`document.querySelector("[role=timer]").dataset.until !== ` + quoted(before))
	s.await(j.say("延長", "[Ee]xten"))
	if kinds := j.w.Kinds(j.t, session); !slices.Contains(kinds, "session.bookmarked") || !slices.Contains(kinds, "session.messaged") {
		j.t.Errorf("entries %v; %s shows:\n%s", kinds, b.path(), b.text())
	}
}

// stops cuts with the second Tab stop and says why.
func (j *attending) stops(s *sitting) {
	b := j.b
	b.open(b.path())
	b.press(kb.Tab)
	b.press(kb.Tab)
	if on := b.focused(); !strings.HasPrefix(on, "button#cut-now") {
		j.t.Fatalf("the second Tab stop is %q", on)
	}
	b.submit()
	b.until(`document.activeElement && document.activeElement.id === "cut-title"`)
	if said := b.focused(); !strings.Contains(said, j.say("切断しました(", "Cut (")) {
		j.t.Errorf("after the cut the focus is on %q", said)
	}
	j.cutOff("ssh", s)
	// The page shows the end at once, and not the state of before.
	if text := b.text(); !strings.Contains(text, "[203]") {
		j.t.Errorf("after the cut:\n%s", text)
	}
	if band := eval[string](b, `document.querySelector(".bandtext").innerText`); !strings.Contains(band, j.say("途中で切断", "Cut")) {
		j.t.Errorf("after the cut the band says %q", band)
	}
	b.checked("after the cut", j.l)
	b.fill(url.Values{"why": {"mistake"}}, `#cut form button[type=submit]`)
	b.submit()
	b.until(`!document.querySelector("#cut form")`)
}

// cutOff waits until the engineer's ssh has ended by the cut. A cut closes the connection within a second: a client that has not read its status by
// then, on a busy machine, ends with 255 for the lost connection. The page and the session's end say that it was the cut.
func (j *attending) cutOff(what string, s *sitting) {
	j.t.Helper()
	if got := s.ended(); got != 253 && got != 255 {
		j.t.Errorf("%s ended with %d:\n%s", what, got, s)
	}
}

// again starts again from the identity check, and cuts where scripts are blocked.
func (j *attending) again() {
	b := j.b
	b.open(postOf)
	s := j.admits()
	at := b.path()
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(at)
	b.press(kb.Tab)
	b.press(kb.Tab)
	b.submit()
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	j.cutOff("without scripts ssh", s)
	if text := b.text(); !strings.Contains(text, j.say("切断しました(", "Cut (")) || !strings.Contains(text, "[203]") {
		j.t.Errorf("after the cut without scripts, %s:\n%s", b.path(), text)
	}
}

// finishes lets the window end, does the steps after it and writes the attendance record.
func (j *attending) finishes() {
	b := j.b
	session := b.path()
	j.w.Pass(3 * time.Hour)
	b.open(postOf)
	j.w.signsIn(b, "ito") // whoever attends nothing any more is signed out after a while
	for i := range 2 {
		b.goes(`#steps form[action$="/tick"] button`)
		b.tells("#steps li:nth-child("+string(rune('6'+i))+")", j.say("目視", "by eye"))
	}
	b.open(session)
	b.goes(`#cut a[href$="/attest"]`)
	b.checked("the attendance record", j.l)
	// A record without its statement: the focus goes to what is missing, on this page.
	b.goes(`main form button.primary`)
	b.until(`document.activeElement && document.activeElement !== document.body`)
	if on := b.focused(); !strings.Contains(on, "errors") {
		j.t.Errorf("after a mistake the focus is on %q", on)
	}
	b.fill(url.Values{"unexpected": {"no"}}, `main form button.primary`)
	b.submit()
	if kinds := j.w.Kinds(j.t, "R8-0001-1"); !slices.Contains(kinds, "attendance.attested") {
		j.t.Errorf("entries %v; %s shows:\n%s", kinds, b.path(), b.text())
	}
}
