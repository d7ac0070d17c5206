package pages

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	downloads "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// inBoth are the looks of the journeys by keyboard.
var inBoth = []drawn{{lang: "ja", width: 1280}, {lang: "en", width: 320}}

// follow goes by Tab to the link or button that the selector finds, and presses Enter.
func (b *tab) follow(selector string) { b.t.Helper(); b.fill(nil, selector); b.submit() }

// shows fails unless the page shows each text.
func (b *tab) shows(want ...string) {
	b.t.Helper()
	said := b.text()
	for _, one := range want {
		if !strings.Contains(said, one) {
			b.t.Fatalf("%s lacks %q:\n%s", b.path(), one, said)
		}
	}
}

// refusedBy fails unless the page is a refusal with its number, cause, next step and the telephone.
func (b *tab) refusedBy(number, cause string, l drawn) {
	b.t.Helper()
	b.shows("["+number+"]", cause, a(l.lang, "次にすること", "What to do next"), a(l.lang, "連絡先", "Whom to call"), "0000-00-")
	if next := eval[string](b, `document.querySelectorAll("dl.refusal dd")[1].innerText.trim()`); next == "" || next == a(l.lang, "前の画面に戻ってください。", "Go back to the page before.") {
		b.t.Errorf("%s: the refusal %s has no next step of its own: %q", b.path(), number, next)
	}
}

// handedIn puts the report of a session into the store, as the vendor hands it in.
func (w *world) handedIn(s store.Session) {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Append(townhall.Draft("test.reported")); err != nil {
			return err
		}
		return tx.AddWorkReport(store.WorkReport{ID: "WR-1", Sessions: []string{s.ID}, Window: s.Window, Request: s.Request, System: s.System, Vendor: s.Vendor, State: store.ReportSubmitted, SubmittedBy: s.Person,
			SubmittedAt: s.Ended, Due: s.Ended.Add(time.Hour), SHA256: "ab", Body: `{"sessions":["` + s.ID + `"],"done":"端数の修正","result":"done","files":[],"engineers":["E-0031"]}`})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestTheWorkAfterwardsByKeyboardAlone: the attendant attests, the head accepts the report and confirms the day, the auditor judges, reads
// the ledger and exports it.
func TestTheWorkAfterwardsByKeyboardAlone(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	for _, l := range some(inBoth...) {
		t.Run(l.lang, func(t *testing.T) {
			w := found(t)
			s := w.worked()
			w.handedIn(s)
			w.Pass(3 * time.Hour)
			w.attests(s, l)
			w.accepts(s, l)
			mori := w.tab("mori", l)
			w.judges(mori, s, l)
			w.reads(mori, s, l)
			w.exports(mori, l)
			mori.wellBehaved("the auditor")
		})
	}
}

// attests is the attendant's part: a statement that is left open is said at its field, then it is made.
func (w *world) attests(s store.Session, l drawn) {
	w.t.Helper()
	b := w.tab("ito", l)
	b.open(sessionPath(s.ID) + "/attest")
	b.follow("main form button.primary")
	b.shows(a(l.lang, "予定外の操作の有無を答えてください", "say whether anything unexpected was done"))
	b.until(`document.activeElement && document.activeElement !== document.body`)
	if said := b.focused(); !strings.Contains(said, "errors") {
		w.t.Errorf("after a mistake the focus is on %q", said)
	}
	b.fill(url.Values{"unexpected": {"no"}, "remarks": {"なし"}}, "main form button.primary")
	b.submit()
	b.shows(a(l.lang, "確認書を訂正する", "Correct the record"))
	b.checked("the attendance record", l)
	if kinds := w.Kinds(w.t, s.Window); !slices.Contains(kinds, "attendance.attested") {
		w.t.Fatalf("entries %v", kinds)
	}
}

// accepts is the head's part: the report, the day, and an export that is refused.
func (w *world) accepts(s store.Session, l drawn) {
	w.t.Helper()
	b := w.tab("head", l)
	b.open("/sessions/WR-1/report")
	b.follow(`main a[href^="/reports/WR-1/accept"]`)
	b.follow("main form button.primary")
	if at := b.path(); !strings.HasPrefix(at, "/sessions/WR-1/report?done=") {
		w.t.Fatalf("after the acceptance the page is %s:\n%s", at, b.text())
	}
	b.open("/days")
	day := store.DayID(policy.DateOf(s.Created, time.UTC), "hr")
	b.follow(`main a.button[href="/days/` + day + `"]`)
	b.fill(url.Values{"note": {"申請のとおり"}}, "main form button.primary")
	b.submit()
	b.shows(a(l.lang, "これまでの確認", "Confirmations so far"), "申請のとおり")
	if kinds := w.Kinds(w.t, day); !slices.Contains(kinds, "day.confirmed") {
		w.t.Errorf("entries %v", kinds)
	}
	b.open("/ledger")
	b.fill(nil, "main button.blocked")
	b.press(kb.Enter) // a blocked button does nothing, and says why
	b.shows(a(l.lang, "書き出しは点検担当だけが行えます", "Only the auditor may export"))
	b.open("/ledger/export")
	b.refusedBy("310", a(l.lang, "書き出しは点検担当だけが行えます", "nly the auditor may export"), l)
	b.wellBehaved("the head")
}

// judges is the review of the auditor who was named: a judgement without its reason is said, then it is signed.
func (w *world) judges(b *tab, s store.Session, l drawn) {
	w.t.Helper()
	b.open("/reviews")
	b.follow(`main a.button[href="/reviews/` + s.Window + `"]`)
	b.fill(url.Values{"verdict": {"ok"}}, "main form button.primary")
	b.submit()
	b.shows(a(l.lang, "適正とする理由が必要です", "reason"))
	b.checked("a judgement without its reason", l)
	b.fill(url.Values{"note": {"電話で確かめた"}}, "main form button.primary")
	b.submit()
	b.shows(a(l.lang, "適正", "Appropriate"), "電話で確かめた")
	if kinds := w.Kinds(w.t, s.Window); !slices.Contains(kinds, "review.signed") {
		w.t.Fatalf("entries %v", kinds)
	}
}

// reads verifies the ledger from its page and looks at an entry.
func (w *world) reads(b *tab, s store.Session, l drawn) {
	w.t.Helper()
	b.open("/ledger?month=all")
	b.shows(s.ID, a(l.lang, "検証できていません", "ot verified"))
	b.follow(`main form[action="/ledger/verify"] button`)
	if err := w.o.Views.VerifyAsked(w.t.Context()); err != nil { // as the timer does
		w.t.Fatal(err)
	}
	b.open("/ledger?month=all")
	b.shows(a(l.lang, "改ざんなし", "No tampering found"))
	b.follow(`main .scroll th a[href^="/ledger/"], main form.filter + p a[href="/ledger/entries"]`)
	b.follow(`main .scroll a[href^="/ledger/"]`)
	b.shows(a(l.lang, "検証値", "Hash of the entry"), a(l.lang, "確定点", "Checkpoint"))
	b.checked("an entry", l)
}

// exports saves the file and verifies it as an auditor does on another machine.
func (w *world) exports(b *tab, l drawn) {
	w.t.Helper()
	saved := b.saves()
	b.open("/ledger")
	b.follow(`main a.button[href="/ledger/export"]`)
	b.follow("main form button.primary")
	b.shows(a(l.lang, "閲覧目的を選んでください", "hoose a purpose"))
	b.fill(url.Values{"purpose": {"periodic-review"}}, "main form button.primary")
	b.press(kb.Enter)
	export := saved()
	r, err := ledger.Verify(bytes.NewReader(export), ledger.VerifyOptions{Key: w.Keys.LedgerVerifier()})
	if err != nil || !r.SignerVerified || r.Entries < 10 || !bytes.Contains(export, []byte("ledger.exported")) {
		w.t.Errorf("the file of %d bytes: %+v %v", len(export), r, err)
	}
}

// saves lets the tab save files. The function that it returns waits for one and reads it.
func (b *tab) saves() func() []byte {
	b.t.Helper()
	dir, done, on := b.t.TempDir(), make(chan string, 1), true
	if err := chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*downloads.EventDownloadProgress); ok && e.State != downloads.DownloadProgressStateInProgress {
			select {
			case done <- e.GUID:
			default: // it was told before
			}
		}
	}); err != nil {
		b.t.Fatal(err)
	}
	command(b, downloads.SetDownloadBehavior, downloads.SetDownloadBehaviorParams{Behavior: downloads.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		DownloadPath: dir, EventsEnabled: &on})
	return func() []byte {
		b.t.Helper()
		select {
		case name := <-done:
			file, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				b.t.Fatal(err)
			}
			return file
		case <-time.After(stuck):
			b.t.Fatalf("%s: no file was saved", b.path())
		}
		return nil
	}
}

// TestAFreezeByKeyboardAlone: one person stops a vendor with one press, the same person cannot lift twice, and two lift it.
func TestAFreezeByKeyboardAlone(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	for _, l := range some(inBoth...) {
		t.Run(l.lang, func(t *testing.T) {
			w := found(t)
			ito := w.tab("ito", l)
			ito.open("/incidents")
			ito.follow(`main a.danger[href="/incidents/freeze"]`)
			ito.fill(url.Values{"scope": {"vendor V-012"}}, "main form button.danger")
			ito.submit()
			ito.shows(a(l.lang, "凍結中", "Frozen"), "例示システム(株)", a(l.lang, "一人目を待っています", "the first person is awaited"))
			ito.checked("the freeze", l)
			lift := func(who string) *tab {
				b := w.tab(who, l)
				b.open("/incidents/I-001")
				b.follow(`main a[href^="/freezes/I-001/lift"]`)
				b.fill(url.Values{"reason": {"調べ終わった"}, "password": {"right"}, "code": {"000000"}}, "main form button[type=submit]")
				b.submit()
				return b
			}
			head := lift("head")
			head.shows(a(l.lang, "解除同意 1/2", "One of two agreed"))
			head.open("/freezes/I-001/lift")
			head.shows("[307]", a(l.lang, "次に: 別の一人に同意を依頼してください", "Next: ask a second person to agree"), "0000-00-")
			deputy := lift("deputy")
			deputy.shows(a(l.lang, "切断した接続は再開しません。", "Cut sessions do not resume"))
			deputy.checked("the lifted freeze", l)
			if kinds := w.Kinds(t, "I-001"); !slices.Contains(kinds, "freeze.lifted") {
				t.Errorf("entries %v", kinds)
			}
			for _, b := range []*tab{ito, head, deputy} {
				b.wellBehaved("the freeze")
			}
		})
	}
}
