package pages

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestAMonthIsReviewedByKeyboardAndExported: an auditor reviews each work of a month through the pages by keys alone, week by week. Questions and
// findings go their way, a vendor is frozen, a recording is damaged and one is disposed of. Then the month is exported in every form, read back,
// and its figures are counted again from the ledger's export alone.
func TestAMonthIsReviewedByKeyboardAndExported(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	m := newMonth(t, monthSessions(t))
	a := &auditing{month: m, l: drawn{lang: "ja", width: 1280}}
	var incident string
	for week := range monthDays / 5 {
		m.week()
		m.ranks()
		if week == 1 {
			incident = m.freezes()
		}
		m.answers()
		m.Pass(time.Hour)
		a.reviewsAll()
	}
	a.report()
	m.answers()
	m.purges()
	o := m.opens(t)
	o.exports(incident)
}

// answers lets the vendors answer the questions that stand, and the findings.
func (m *month) answers() {
	m.t.Helper()
	for _, w := range m.all {
		if w.verdict == api.ReviewQuestion && m.verdictOf(w) == api.ReviewQuestion {
			_, err := m.o.Reviews.Answer(m.t.Context(), w.window, api.QuestionAnswer{Answer: "手順書の誤りです。直しました"}, townhall.Caller(w.person))
			m.ok("answer "+w.window, err)
			w.questioned = true
		}
	}
}

// verdictOf is the judgement that stands; empty: none, or a question that was answered.
func (m *month) verdictOf(w *monthWork) (v api.ReviewState) {
	m.t.Helper()
	m.ok("read", m.DB.Read(m.t.Context(), func(s *store.Snap) error {
		r, err := s.Review(w.window)
		if v = api.ReviewState(r.Verdict); !r.Answered.IsZero() {
			v = ""
		}
		return err
	}))
	return v
}

// purges disposes of the first recording, whose time is over by then.
func (m *month) purges() {
	m.t.Helper()
	m.to(m.began.AddDate(0, 0, 28))
	m.ok("purge", m.freezer.Purge(m.t.Context(), m.all[0].session, "保存期間の終わり", townhall.Caller("mori")))
}

// auditing is the auditor at the keyboard.
type auditing struct {
	*month
	l    drawn
	b    *tab
	cost []cost
}

// cost is the time and the keys that one review took.
type cost struct {
	window string
	keys   int
	took   time.Duration
	by     string // how
}

// chord presses an access key: the letter with Alt. chromedp.KeyEvent leaves out the character, by which Chromium knows access keys.
func (b *tab) chord(letter rune) {
	b.t.Helper()
	b.keys++
	for _, k := range kb.Encode(letter) {
		k.Modifiers = int64(chromedp.ModifierAlt)
		command(b, input.DispatchKeyEvent, *k)
	}
}

// accesses presses an access key that opens a page.
func (b *tab) accesses(letter rune) {
	b.t.Helper()
	b.loads(func() { b.chord(letter) })
}

// loads runs an act that opens a page, and waits until the page is loaded.
func (b *tab) loads(do func()) {
	b.t.Helper()
	eval[bool](b, `window.left = true`)
	do()
	b.until(`window.left !== true && document.readyState === "complete"`)
}

// skips goes past the menu to the page's contents.
func (b *tab) skips() {
	b.t.Helper()
	b.press(kb.Tab)
	if on := b.focus(".skip"); !on.Wanted {
		b.t.Fatalf("%s: the first stop is %q", b.path(), on.Text)
	}
	b.press(kb.Enter)
}

// reviewsAll reviews each work that waits.
func (a *auditing) reviewsAll() {
	a.t.Helper()
	owed := 0
	for _, w := range a.all {
		if v := a.verdictOf(w); v == "" {
			owed++
		}
	}
	if a.b == nil {
		a.b = a.tab("", a.l)
	}
	b := a.b
	b.open("/today")
	a.signsIn(b, "mori")
	b.skips()
	b.follow(`main a.button[href="/reviews"]`)
	b.skips()
	b.follow(`main a[accesskey="n"]`)
	for i := range owed {
		window := strings.TrimPrefix(b.path(), "/reviews/")
		at := slices.IndexFunc(a.all, func(w *monthWork) bool { return w.window == window })
		if at < 0 {
			a.t.Fatalf("review %d of %d: the page is %s:\n%s", i+1, owed, b.path(), b.text())
		}
		a.Pass(4 * time.Minute) // a person takes their time, and more looks in a moment would be refused
		one := cost{window: window, keys: b.keys}
		from := time.Now()
		one.by = a.reviews(a.all[at], i)
		one.keys, one.took = b.keys-one.keys, time.Since(from)
		a.cost = append(a.cost, one)
		if i == owed-1 {
			break
		}
		if one.by == "tab" {
			b.skips()
			b.follow(`main a[accesskey="n"]`)
		} else {
			b.accesses('n')
		}
	}
	if eval[bool](b, `!!document.querySelector("main a[accesskey=n]")`) {
		a.t.Errorf("after the last review the page still offers one:\n%s", b.text())
	}
	a.ok("note what was sent", a.o.Views.NoteServed(a.t.Context(), true))
	b.wellBehaved("the month")
}

// reviews is one review: reasons and comparison are read, the recording plays, the judgement is signed.
func (a *auditing) reviews(w *monthWork, i int) (by string) {
	a.t.Helper()
	b := a.b
	a.reads(w)
	if by = "access keys"; i == 0 {
		by = "tab"
		b.skips()
		b.follow(`main nav a[accesskey="p"]`)
	} else {
		b.accesses('p')
	}
	a.plays(w)
	if by == "tab" {
		b.follow(`main a[accesskey="j"]`)
	} else {
		b.accesses('j')
	}
	if at := b.path(); at != "/reviews/"+w.session {
		a.t.Fatalf("from the recording of %s the way leads to %s", w.session, at)
	}
	verdict := url.Values{"verdict": {string(api.ReviewOK)}}
	until := a.Now().AddDate(0, 0, 7).In(townhall.Zone).Format(time.DateOnly)
	switch {
	case w.questioned:
		verdict.Set("note", "kaitou no toori")
	case w.verdict != api.ReviewOK:
		verdict = url.Values{"verdict": {string(w.verdict)}, "note": {"tejun " + w.session}, "addressee": {w.vendor}, "answer_by": {until}}
		if w.verdict == api.ReviewQuestion {
			verdict.Set("addressee", w.person)
		}
	case w.cut:
		verdict.Set("note", "denwa de kakunin")
	}
	b.fill(verdict, "#judge + form button.primary")
	b.submit()
	if want, got := verdict.Get("verdict"), string(a.verdictOf(w)); got != want {
		a.t.Fatalf("%s was to be signed as %q and is %q:\n%s", w.window, want, got, b.text())
	}
	return by
}

// reads reads the statements of the page about the work before the recording opens.
func (a *auditing) reads(w *monthWork) {
	a.t.Helper()
	text := a.b.text()
	want := []string{"理由(なぜ選ばれたか)", "申請と実際", w.session, policy.Reason(w.cause).Label().JA}
	for reason, is := range map[api.Pick]bool{api.PickCut: w.cut, api.PickFiles: w.files, api.PickUrgent: w.urgent, api.PickMasked: w.masked, api.PickRuled: w.ruled} {
		if is {
			want = append(want, reason.Label().JA)
		}
	}
	for _, one := range want {
		if !strings.Contains(text, one) {
			a.t.Errorf("the review of %s lacks %q:\n%s", w.window, one, text)
		}
	}
}

// plays opens the recording for the purpose that stands chosen, and lets it play.
func (a *auditing) plays(w *monthWork) {
	a.t.Helper()
	b := a.b
	b.skips()
	b.press(kb.Tab)
	if on := b.focus("input[name=purpose]:checked"); !on.Wanted || on.Value != string(policy.PeriodicReview) {
		a.t.Fatalf("%s: after the skip link the focus is on %+v", b.path(), on)
	}
	b.submit()
	if w.damaged {
		b.shows("証拠として使えない記録を")
		b.fill(url.Values{"purpose": {string(policy.PeriodicReview)}, "damaged": {"true"}}, "main form button.primary")
		b.submit()
	}
	b.until(`Number(document.getElementById("seek").max) > 1`)
	b.chord('p')
	b.until(`Number(document.getElementById("seek").value) >= 1`)
}

// report prints the cost of a review.
func (a *auditing) report() {
	by := map[string][]cost{}
	for _, c := range a.cost {
		by[c.by] = append(by[c.by], c)
	}
	for how, all := range by {
		keys, took := 0, time.Duration(0)
		for _, c := range all {
			keys, took = keys+c.keys, took+c.took
		}
		n := len(all)
		a.t.Logf("%d reviews by %s: %d keys and %.1f s each", n, how, keys/n, took.Seconds()/float64(n))
	}
}
