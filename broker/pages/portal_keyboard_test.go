package pages

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// TestThePortalByKeyboardAlone: what a vendor's people do beside the work itself, in a browser and without a pointer: keys, the pledge, an own
// request, the countdown, more time, the report, the answer to a review, the monthly statement. Forms meet a mistake and keep the rest.
func TestThePortalByKeyboardAlone(t *testing.T) {
	wholeRun(t)
	startChromium(t)
	for _, l := range some(inBoth...) {
		t.Run(l.lang, func(t *testing.T) {
			t.Parallel() // each waits for its tabs most of the time
			w := found(t)
			w.contact()
			w.put(func(tx *store.Tx) error { return tx.PutInstitution(policy.Institution{Declared: true}) })
			sato := w.tab("sato", l)
			w.keysByKeyboard(sato, l)
			w.pledgeByKeyboard(sato, l)
			no := w.requestByKeyboard(sato, l)

			w.as("kato").post("/requests/"+no+"/take", nil).at(t, "/requests/"+no)
			w.put(func(tx *store.Tx) error { // the section names its attendant
				r, err := tx.Request(no)
				if err != nil {
					return err
				}
				r.Body.Attendant = "ito"
				return tx.UpdateRequest(r)
			})
			start := w.approvedBy(t, no, "head", "deputy")
			w.Pass(start.Add(time.Minute).Sub(w.Now()))
			session := w.workedIn(no + "-1")
			sato = w.tab("sato", l)
			w.extensionByKeyboard(sato, no, l)
			w.Pass(2 * time.Hour)
			sato = w.tab("sato", l)
			w.reportByKeyboard(sato, no, session, l)
			w.asksSato(t, no+"-1")
			w.answerByKeyboard(sato, no, l)
			sato.wellBehaved("the engineer")

			contact := w.tab("madoguchi", l)
			w.rosterByKeyboard(contact, l)
			contact.wellBehaved("the contact")
		})
	}
}

// mistaken fails unless the page is a form that tells of a mistake.
func (b *tab) mistaken(l drawn) {
	b.t.Helper()
	if title := eval[string](b, "document.title"); !strings.HasPrefix(title, a(l.lang, "エラー:", "Error:")) {
		b.t.Fatalf("%s tells of no mistake: %q\n%s", b.path(), title, b.text())
	}
}

func (w *world) keysByKeyboard(b *tab, l drawn) {
	w.t.Helper()
	dir := w.t.TempDir()
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(testbed.WriteKey(w.t, filepath.Join(dir, "key")))))
	b.open("/v/")
	b.follow(`main a[href="/v/keys"]`)
	const button = "main form[action='/v/keys'] button.primary"
	b.fill(url.Values{"key": {line[:40]}, "password": {password}, "code": {w.code("sato")}}, button)
	b.submit()
	b.mistaken(l)
	b.fill(url.Values{"key": {line}, "password": {password}, "code": {w.code("sato")}}, button)
	b.submit()
	if at := b.path(); at != "/v/keys?done=key-added" {
		w.t.Fatalf("after the key the page is %s:\n%s", at, b.text())
	}
	security, print := securityKey(w.t, "ssh:")
	file := filepath.Join(dir, "id_ed25519_sk.pub")
	if err := os.WriteFile(file, []byte(security), 0o600); err != nil {
		w.t.Fatal(err)
	}
	b.chooses(nil, "#file", file)
	b.fill(url.Values{"password": {password}, "code": {w.code("sato")}}, button)
	b.submit()
	b.shows(print)
	if kinds := w.entriesBy(0, "E-0031"); !slices.Contains(kinds, "key.added") {
		w.t.Errorf("entries %v", kinds)
	}
}

func (w *world) pledgeByKeyboard(b *tab, l drawn) {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "pledge.pdf")
	if err := os.WriteFile(file, []byte("%PDF-1.7 I undertake"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	const button = "main form[action='/v/pledge'] button.primary"
	b.open("/v/pledge")
	b.fill(url.Values{"kind": {"pledge"}, "person": {"E-0031"}}, button)
	b.submit()
	b.mistaken(l)
	b.chooses(url.Values{"from": {"2026-11-01"}, "until": {"2027-03-31"}}, `input[type="file"]`, file)
	b.fill(nil, button)
	b.submit()
	if at := b.path(); at != "/v/pledge?done=filed" {
		w.t.Fatalf("after the pledge the page is %s:\n%s", at, b.text())
	}
}

func (w *world) requestByKeyboard(b *tab, l drawn) (no string) {
	w.t.Helper()
	b.open("/v/")
	b.follow(`main a[href="/v/requests/new"]`)
	form := w.application(w.t) // the vendor has not worked there before, so that neither system, account nor attendant can be chosen
	form.Set("accounts_more", form.Get("accounts"))
	form.Del("accounts")
	form.Del("attendant")
	b.fill(form, `button.primary[value="check"]`)
	b.submit()
	if at := b.path(); !strings.HasSuffix(at, "/check") {
		w.t.Fatalf("after the form the page is %s:\n%s", at, b.text())
	}
	b.fill(url.Values{"clauses_told": {"yes"}, "recording_told": {"yes"}}, "main form button.primary")
	b.submit()
	no, _, _ = strings.Cut(strings.TrimPrefix(b.path(), "/v/requests/"), "?")
	if w.requestState(no) != policy.RequestProposed {
		w.t.Errorf("%s is %s", no, w.requestState(no))
	}
	b.shows(a(l.lang, "申請を受け付けました。", no))
	return no
}

// workedIn lets the window be in use, after a first session that has ended.
func (w *world) workedIn(window string) (session string) {
	w.t.Helper()
	w.put(func(tx *store.Tx) error {
		one, err := tx.Window(window)
		if err != nil {
			return err
		}
		one.State, one.Attendant, one.OpenedAt, one.PermittedBy = policy.WindowPermitted, "ito", tx.Now, "ito"
		if err := tx.UpdateWindow(one); err != nil {
			return err
		}
		if session, err = tx.NextSessionNo(tx.Now); err != nil {
			return err
		}
		return tx.AddSession(store.Session{ID: session, State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Request: one.Request, Window: window, Grant: window + "-1", System: "hr", Target: "hr-db",
			Account: "hr-db/hrmnt01", Created: tx.Now, Started: tx.Now, Ended: tx.Now, Until: one.End, Reason: policy.EndedByEngineer})
	})
	return session
}

func (w *world) extensionByKeyboard(b *tab, no string, l drawn) {
	w.t.Helper()
	b.open("/v/windows/" + no + "-1")
	b.shows(a(l.lang, "残り ", " left"))
	b.until(`document.querySelector("[role=timer][aria-live=off] [data-countdown]").dataset.countdown > 0`)
	b.follow(`main a[href$="/extensions"]`)
	b.fill(url.Values{"by": {"9h"}, "reason": {"検証に時間が必要"}}, "main form button.primary, main form button[type=submit]")
	b.submit()
	b.mistaken(l)
	b.fill(url.Values{"by": {"15m"}}, "main form button.primary, main form button[type=submit]")
	b.submit()
	b.shows("検証に時間が必要", a(l.lang, "延長申請 15分", "asked for 15 min"))
}

func (w *world) reportByKeyboard(b *tab, no, session string, l drawn) {
	w.t.Helper()
	b.open("/v/windows/" + no + "-1")
	b.follow(`main a[href="/v/report/` + no + `-1"]`)
	form := url.Values{"session": {session}, "done": {"端数の丸めを直した"}}
	b.fill(form, "main form button.primary")
	b.submit()
	b.mistaken(l)
	b.fill(url.Values{"result": {"done"}, "rolled_back": {"no"}, "pii_viewed": {"no"}, "pii_copied": {"no"}}, "main form button.primary")
	b.submit()
	b.shows(a(l.lang, "作業報告書を提出しました", "The work report is handed in"))
}

// asksSato lets the auditor ask the engineer about a window's work.
func (w *world) asksSato(t *testing.T, window string) {
	t.Helper()
	w.put(func(tx *store.Tx) error {
		if err := tx.AddReview(store.Review{ID: window, Window: window, System: "hr", Vendor: "V-012", Due: tx.Now.Add(time.Hour)}); err != nil {
			return err
		}
		return tx.SignReview(window, "mori", store.Signature{Verdict: "question", Note: "なぜ二回", Addressee: "sato", To: policy.Addressee{Person: "E-0031"}, AnswerBy: tx.Now.Add(24 * time.Hour)})
	})
}

func (w *world) answerByKeyboard(b *tab, no string, l drawn) {
	w.t.Helper()
	b.open("/v/")
	b.shows(a(l.lang, "点検からの質問 1件", "Questions from reviews: 1"))
	b.follow(`main .todo a[href="/v/questions"]`)
	b.follow(`main a[href="/v/reviews/` + no + `-1/answer"]`)
	b.fill(nil, "main form button[type=submit]")
	b.submit()
	b.mistaken(l)
	b.fill(url.Values{"answer": {"一度目は切れました"}}, "main form button[type=submit]")
	b.submit()
	b.shows(a(l.lang, "回答あり", "Answered"), "一度目は切れました")
}

func (w *world) rosterByKeyboard(b *tab, l drawn) {
	w.t.Helper()
	b.open("/v/")
	b.follow(`main a[href="/v/roster"]`)
	b.fill(url.Values{"note": {"11月分"}}, "main form button.primary")
	b.submit()
	b.mistaken(l)
	b.fill(url.Values{"who.E-0031": {"stays"}}, "main form button.primary")
	b.submit()
	b.shows(a(l.lang, "前回の確認", "窓口"))
	if kinds := w.entriesBy(0, "madoguchi"); !slices.Contains(kinds, "roster.confirmed") {
		w.t.Errorf("entries %v", kinds)
	}
}
