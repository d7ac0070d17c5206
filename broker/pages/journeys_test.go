package pages

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// a is the text in the language.
func a(lang, ja, en string) string { return text2(ja, en).In(lang) }

// TestARequestByKeyboardAlone: from the enrolment over the sign-in to the request that both approvers approved, in both languages, without a
// pointer.
func TestARequestByKeyboardAlone(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	for _, l := range some(inBoth...) {
		t.Run(l.lang, func(t *testing.T) {
			w := found(t)
			w.enrol("admin")
			kato := w.tab("", l)
			w.enrolsIn(kato, "kato", l)
			kato.tabTo(`main a[href="/today"]`)
			kato.submit()
			kato.tabTo(`form[action="/signout"] button`)
			kato.submit()
			kato.open("/requests/new")
			w.signsIn(kato, "kato")
			if at := kato.path(); !strings.HasPrefix(at, "/requests/new") {
				t.Fatalf("after the sign-in the page is %s:\n%s", at, kato.text())
			}
			form := w.application(t)
			first := url.Values{}
			for _, key := range []string{"work_type", "purpose", "responsible_party", "system"} { // those before the button that shows a system's targets
				first[key] = form[key]
				form.Del(key)
			}
			kato.fill(first, `button[value="refresh"]`)
			kato.submit()
			kato.fill(form, `button.primary[value="check"]`)
			kato.submit()
			if at := kato.path(); !strings.HasSuffix(at, "/check") {
				t.Fatalf("after the form the page is %s:\n%s", at, kato.text())
			}
			kato.checked("check your answers", l)
			kato.fill(url.Values{"clauses_told": {"yes"}, "recording_told": {"yes"}}, "main form button.primary")
			kato.submit()
			if said := a(l.lang, "申請を受け付けました。", "R8-0001"); !strings.Contains(kato.text(), said) {
				t.Fatalf("%s: no %q:\n%s", kato.path(), said, kato.text())
			}
			kato.wellBehaved("the request")

			head := w.tab("", l)
			head.open("/requests/R8-0001/decide")
			w.signsIn(head, "head")
			head.checked("the decision", l)
			verdict := url.Values{"verdict": {"approve"}, "password": {"right"}, "code": {"000000"}}
			// A decision without its reasons: the focus goes to what is missing, and what was chosen is kept.
			head.fill(verdict, `button[value="decide"]`)
			head.submit()
			head.until(`document.activeElement && document.activeElement !== document.body`) // the focus moves once the page is drawn
			if said := head.focused(); !strings.Contains(said, "errors") && !strings.Contains(head.path(), "#") {
				t.Errorf("after a mistake the focus is on %q", said)
			}
			if !strings.HasPrefix(eval[string](head, "document.title"), a(l.lang, "エラー:", "Error:")) {
				t.Errorf("the title of a mistake is %q", eval[string](head, "document.title"))
			}
			head.checked("a decision without its reasons", l)
			for _, item := range eval[[]string](head, `[...document.querySelectorAll("input[name^='because.']")].map(e => e.name)`) {
				verdict[item] = []string{townhall.Because()[strings.TrimPrefix(item, "because.")]}
			}
			head.fill(verdict, `button[value="decide"]`)
			head.submit()
			if at := head.path(); !strings.HasPrefix(at, "/requests/R8-0001?done=approved") {
				t.Fatalf("after the decision the page is %s:\n%s", at, head.text())
			}
			head.wellBehaved("the approved request")
			if kinds := w.Kinds(t, "R8-0001"); !slices.Contains(kinds, "request.approved") || w.requestState("R8-0001") == policy.RequestApproved {
				t.Errorf("entries %v", kinds)
			}

			second := w.tab("", l)
			second.open("/requests/R8-0001/decide")
			w.signsIn(second, "deputy")
			for key := range verdict {
				if strings.HasPrefix(key, "because.") {
					delete(verdict, key)
				}
			}
			for _, item := range eval[[]string](second, `[...document.querySelectorAll("input[name^='because.']")].map(e => e.name)`) {
				verdict[item] = []string{townhall.Because()[strings.TrimPrefix(item, "because.")]}
			}
			second.fill(verdict, `button[value="decide"]`)
			second.submit()
			if at := second.path(); !strings.HasPrefix(at, "/requests/R8-0001?done=approved") {
				t.Fatalf("after the second decision the page is %s:\n%s", at, second.text())
			}
			second.wellBehaved("the granted request")
			if state := w.requestState("R8-0001"); state != policy.RequestApproved {
				t.Errorf("both approved, and the request is %s: %v", state, w.Kinds(t, "R8-0001"))
			}
		})
	}
}

func (w *world) requestState(no string) (state policy.RequestState) {
	w.t.Helper()
	err := w.DB.Read(w.t.Context(), func(s *store.Snap) error {
		r, err := s.Request(no)
		state = r.State
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

// TestALockByKeyboardAlone: one person locks in one press, two agree to unlock, each with a proof.
func TestALockByKeyboardAlone(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	l := drawn{lang: "ja", width: 1280}
	ito := w.tab("", l)
	ito.open("/people/sato/lock")
	w.signsIn(ito, "ito")
	ito.fill(url.Values{"reason": {"訓練でない"}}, "main form button[type=submit]")
	ito.submit()
	if kinds := w.Kinds(t, "E-0031"); !slices.Contains(kinds, "person.locked") {
		t.Fatalf("entries %v", kinds)
	}
	for _, who := range []string{"head", "deputy"} {
		b := w.tab("", l)
		b.open("/people/sato/unlock")
		w.signsIn(b, who)
		b.checked("unlock", l)
		b.fill(url.Values{"reason": {"調べ終わった"}, "password": {"right"}, "code": {"000000"}}, "main form button[type=submit]")
		b.submit()
		w.Pass(time.Minute)
	}
	if kinds := w.Kinds(t, "E-0031"); !slices.Contains(kinds, "person.unlock-agreed") {
		t.Errorf("entries %v", kinds)
	}
}
