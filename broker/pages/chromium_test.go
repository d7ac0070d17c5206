package pages

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	pagedomain "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sekimori/broker/internal/testbed"
)

// chromium is the one Chromium of this package's tests. Each tab has cookies and cache of its own.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

// stuck bounds one step in the browser. No test is decided by it: a step that takes longer never ends.
const stuck = 2 * time.Minute

// wholeRun leaves a test out of plain runs: Chromium takes both processors for a minute, and other tests open these pages too. CI runs all.
func wholeRun(t *testing.T) {
	t.Helper()
	if !testbed.Whole() {
		t.Skip("a whole run, with SEKIMORI_REQUIRE_PEERS=1, has this journey in Chromium")
	}
}

func startChromium(t *testing.T) context.Context {
	t.Helper()
	path := testbed.Need(t, "chromium")
	chromium.once.Do(func() {
		dir, err := os.MkdirTemp("", "sekimori-chromium-")
		if err != nil {
			chromium.err = err
			return
		}
		flags := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.WSURLReadTimeout(stuck)}
		for _, name := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync",
			"disable-dev-shm-usage", "hide-scrollbars", "no-default-browser-check"} {
			flags = append(flags, chromedp.Flag(name, true))
		}
		// A sandboxed frame in a process of its own takes the focus only once that process runs: keys pressed until then reach nothing.
		flags = append(flags, chromedp.Flag("disable-features", "IsolateSandboxedIframes"))
		within, stopAll := chromedp.NewExecAllocator(context.Background(), flags...)
		ctx, stop := chromedp.NewContext(within)
		chromium.ctx, chromium.err = ctx, chromedp.Do(ctx)
		chromium.stop = func() {
			stop()
			stopAll()
			_ = os.RemoveAll(dir)
		}
	})
	if chromium.err != nil {
		t.Fatalf("start chromium: %v", chromium.err)
	}
	return chromium.ctx
}

// stopChromium ends it, where a test started it. TestMain calls it.
func stopChromium() {
	if chromium.stop != nil {
		chromium.stop()
	}
}

// drawn is how a tab shows pages.
type drawn struct {
	lang   string
	width  int64 // CSS pixels
	forced bool  // forced colours
	dark   bool
}

func (l drawn) String() string {
	return fmt.Sprintf("%s %d px, forced colours %v, dark %v", l.lang, l.width, l.forced, l.dark)
}

// some are the cases that a test tries: all of them in a whole run, otherwise the first.
func some[T any](all ...T) []T {
	if testbed.Whole() {
		return all
	}
	return all[:1]
}

// tab is one person's tab.
type tab struct {
	t    *testing.T
	base string
	ctx  context.Context

	chosen chan cdp.BackendNodeID // inputs whose dialog for a file opened; see chooses

	keys int // that were pressed

	mu  sync.Mutex
	bad []string // what no page may do: requests to other hosts, reports of the policy, errors of scripts
}

// tab opens a tab for a person who is signed in; for "" one for a stranger on the staff's pages.
func (w *world) tab(person string, l drawn) *tab {
	w.t.Helper()
	parent := startChromium(w.t)
	b := w.browser()
	if person != "" {
		b = w.as(person)
	}
	ctx, stop := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	w.t.Cleanup(stop)
	one := &tab{t: w.t, base: b.base, ctx: ctx, chosen: make(chan cdp.BackendNodeID, 1)}
	if err := chromedp.Listen(ctx, one.watch); err != nil {
		w.t.Fatalf("open a tab: %v", err)
	}
	media := []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}
	if l.forced {
		media = append(media, &emulation.MediaFeature{Name: "forced-colors", Value: "active"})
	}
	if l.dark {
		media = append(media, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	}
	command(one, log.Enable, cdp.Empty{})
	command(one, audits.Enable, cdp.Empty{})
	command(one, network.Enable, network.EnableParams{})
	command(one, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: 900, DeviceScaleFactor: 1})
	command(one, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media})
	at, err := url.Parse(b.base)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(at) {
		if c.Name != languageCookie {
			command(one, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: b.base})
		}
	}
	command(one, network.SetCookie, network.SetCookieParams{Name: languageCookie, Value: l.lang, URL: b.base})
	return one
}

// command sends one command of the protocol.
func command[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	}))
}

// watch notes what no page may do.
func (b *tab) watch(event any) {
	said := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, b.base+"/") && !strings.HasPrefix(u, "data:image/") && u != "about:blank" {
			said = "a request leaves the origin: " + u
		}
	case *runtime.EventExceptionThrown:
		said = "a script failed: " + e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			said += " " + thrown.Description
		}
	case *audits.EventIssueAdded:
		if e.Issue.Details != nil && e.Issue.Details.ContentSecurityPolicyIssueDetails != nil {
			d := e.Issue.Details.ContentSecurityPolicyIssueDetails
			said = fmt.Sprintf("the content security policy was broken: %s %s", d.ViolatedDirective, d.BlockedURL)
		}
	case *pagedomain.EventFileChooserOpened:
		b.chosen <- e.BackendNodeID
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceSecurity || e.Entry.Source == log.EntrySourceViolation {
			said = "the browser reports: " + e.Entry.Text
		}
	}
	if said != "" {
		b.mu.Lock()
		b.bad = append(b.bad, said)
		b.mu.Unlock()
	}
}

// do runs steps in the tab; a failure ends the test.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, step := range steps {
		ctx, stop := context.WithTimeout(b.ctx, stuck)
		err := chromedp.Do(ctx, step)
		stop()
		if err != nil {
			b.t.Fatalf("in the browser: %v", err)
		}
	}
}

// open goes to a page and waits until it is loaded.
func (b *tab) open(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.base + path)) }

// eval runs a script in the page and gives its value; a promise is waited for.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, stuck)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("script %.80q: %v", script, err)
	}
	return v
}

// until waits for a condition of the page, a script's expression. A page that is left meanwhile is looked at anew.
func (b *tab) until(condition string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, stuck)
	defer stop()
	script := `new Promise(done => { const look = () => (` + condition + `) ? done(true) : setTimeout(look, 20); look() })`
	for {
		met, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
		if met {
			return
		}
		if ctx.Err() != nil {
			b.t.Fatalf("never came: %s (%v); %s shows:\n%s", condition, err, b.path(), b.text())
		}
	}
}

// loaded waits until the page and its styles are there. A page that a script opened has its elements before them.
func (b *tab) loaded() { b.t.Helper(); b.until(`document.readyState === "complete"`) }

// path is the address of the page, without the origin.
func (b *tab) path() string {
	b.t.Helper()
	return eval[string](b, `location.pathname + location.search`)
}

// focused describes the element that has the focus.
func (b *tab) focused() string {
	b.t.Helper()
	return eval[string](b, `(() => { const e = document.activeElement; return !e || e === document.body ? "" :
		e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.name ? "[" + e.name + "]" : "") + " " + (e.innerText || e.value || "").trim().slice(0, 40) })()`)
}

// trapped is after how many presses of Tab on one element the focus counts as trapped. A frame has a few stops of its own.
const trapped = 5

// tabTo presses Tab until the element that the selector finds has the focus, as a person without a pointer does.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	at, _ := json.Marshal(selector)
	seen := []string{}
	for range 400 {
		b.press(kb.Tab)
		if eval[bool](b, `!!document.activeElement && document.activeElement.matches(`+string(at)+`)`) {
			return
		}
		seen = append(seen, b.focused())
		if n := len(seen); n > trapped && seen[n-1] != "" && len(slices.Compact(slices.Clone(seen[n-trapped:]))) == 1 {
			break
		}
	}
	b.t.Fatalf("%s: Tab never reaches %s; it reached %q", b.path(), selector, seen)
}

// press sends keys to the element that has the focus. A page that follows is waited for where the key opens one.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.keys += utf8.RuneCountInString(keys)
	b.do(chromedp.KeyEvent(keys))
}

// submit presses Enter on the focused button and waits for the next page.
func (b *tab) submit() {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, stuck)
	defer stop()
	b.keys++
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		b.t.Fatalf("submit: %v", err)
	}
}

// text is what the page shows.
func (b *tab) text() string { b.t.Helper(); return eval[string](b, `document.body.innerText`) }

// wellBehaved fails for what no page may do.
func (b *tab) wellBehaved(where string) {
	b.t.Helper()
	for _, said := range b.reported() {
		b.t.Errorf("%s: %s", where, said)
	}
}

// reported takes the notes.
func (b *tab) reported() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	bad := b.bad
	b.bad = nil
	return bad
}

//go:embed testdata/axe/axe.min.js
var axe string

// axeRun runs the rules of WCAG 2.2 A and AA, and says for each broken one which element breaks it. It runs in the page alone: a sandboxed frame
// takes no messages of it.
const axeRun = `axe.run(document, {iframes: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"]}).then(r =>
	r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + v.help + " — " + n.html.slice(0, 200) + " (" + n.target.join(" ") + ")" + (n.any[0] ? " " + n.any[0].message : ""))))`

// elementKinds are the kinds of the page's elements: name, class, role, type and state.
const elementKinds = `[...new Set([...document.querySelectorAll("body, body *")].map(e =>
	[e.localName, [...e.classList].sort().join("."), e.getAttribute("role"), e.getAttribute("type"), e.getAttribute("aria-disabled"), e.parentElement.localName].join(" ")))]`

// accessible fails for each rule of axe-core that the page breaks.
func (b *tab) accessible(where string) {
	b.t.Helper()
	b.loaded()
	b.do(chromedp.Evaluate[chromedp.Void](axe))
	for _, broken := range eval[[]string](b, axeRun) {
		b.t.Errorf("%s: axe: %s", where, broken)
	}
}
