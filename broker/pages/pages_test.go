package pages

import (
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jba/templatecheck"

	"sekimori/broker/conformance"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Each template fits its struct, in each language, and no directory of templates is left over.
func TestTemplatesFitTheirStructs(t *testing.T) {
	sheets, err := readSheets()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range shown() {
		for _, lang := range languages {
			if err := templatecheck.CheckHTML(sheets[lang][reflect.TypeOf(p)], p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	dirs, err := os.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if _, ok := shown()[d.Name()]; !ok && d.Name() != "layout" && d.Name() != "parts" {
			t.Errorf("templates/%s is no page", d.Name())
		}
	}
}

// A field of a page that has the name of one of the frame hides it: the layout, which every page shares, would read the page's instead.
func TestNoPageHidesAFieldOfTheFrame(t *testing.T) {
	frame := reflect.TypeFor[Frame]()
	for name, p := range shown() {
		of := reflect.TypeOf(p).Elem()
		for i := range of.NumField() {
			if own := of.Field(i).Name; own != "Frame" {
				if _, hides := frame.FieldByName(own); hides {
					t.Errorf("%s: %s hides the frame's", name, own)
				}
			}
		}
	}
}

func TestSignInAndOut(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	b.get("/today").has(t, "今日の予定", "立会者", `lang="ja"`)
	b.get("/today?lang=en").has(t, "Today", `lang="en"`)
	if a := b.post("/signout", nil); a.status != http.StatusSeeOther {
		t.Errorf("signing out: %d", a.status)
	}
	if a := b.get("/today"); a.status != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", a.status)
	}
}

func TestAWrongPasswordSignsNoOneIn(t *testing.T) {
	w := found(t)
	w.enrol("ito")
	a := w.browser().post("/signin", url.Values{"login": {"ito"}, "password": {"wrong"}, "code": {w.code("ito")}})
	if a.status != http.StatusForbidden || len(a.header.Values("Set-Cookie")) > 0 {
		t.Errorf("%d %v", a.status, a.header)
	}
	a.has(t, `value="ito"`, "エラー:")
}

func TestAttackFormOfAnotherSite(t *testing.T) {
	w := found(t)
	b := w.as("ito")
	r, err := http.NewRequestWithContext(t.Context(), "POST", b.base+"/signout", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := b.do(r); a.status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", a.status)
	}
	if a := b.get("/today"); a.status != http.StatusOK {
		t.Errorf("the sign-in ended: %d", a.status)
	}
}

// Each act that a page can do has words for its button.
func TestEveryActHasAName(t *testing.T) {
	for _, s := range actSpecs() {
		if _, ok := actNames[s.Name]; !ok {
			t.Errorf("%s has no name for its button", s.Name)
		}
	}
}

// The first page tells each role what waits for it, and the day in order.
func TestTodayTellsWhatWaits(t *testing.T) {
	w := found(t)
	w.planned(policy.PendingFirst, policy.WindowScheduled)
	w.as("head").get("/today").has(t, "承認待ち 1件", "最も早い開始", "/requests?state=pending-first", "時間順")
	w.as("kato").get("/today").has(t, "いま、あなたを待っているものはありません。")
	w = found(t)
	w.planned(policy.RequestApproved, policy.WindowAttended)
	b := w.as("ito")
	b.get("/today").has(t, "09:45 までに 令和8年度第1号 の立会い準備", "令和8年度第1号", "人事給与", "例示システム(株)", "(あなた)")
	w.Pass(3 * time.Hour)
	b = w.as("ito")
	b.get("/today?lang=en").has(t, "the attendance record is not written", "/windows/R8-0001-1/attest")
}

// The notice is open to everyone on both sites, and tells how often recordings were looked at. Names are the auditor's.
func TestTheNoticeIsOpen(t *testing.T) {
	w := found(t)
	for _, b := range []*browser{w.browser(), w.browserOn(w.portal.URL)} {
		path := "/notice"
		if b.base == w.portal.URL {
			path = "/v/notice"
		}
		b.get(path).has(t, "監視の範囲と保存期間", "第3版", "1年", "令和8年度(2026-04〜2027-03) 0件", "人事考課")
		b.get(path+"?lang=en").has(t, "What is monitored", "version 3", "1 year")
	}
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "recording.viewed", Actor: townhall.By("mori"), Subjects: []string{"S-20261124-01", "mori"},
			Payload: map[string]string{"purpose": "periodic-review", "explanation": "", "scope": "output"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Pass(2 * looksFor)
	w.browser().get("/notice").has(t, "1件(定期の点検 1)")
	a := w.as("kato").get("/notice/access-log")
	a.has(t, "点検担当", "定期の点検")
	if strings.Contains(a.body, "S-20261124-01") || strings.Contains(a.body, "mori") {
		t.Error("the list without names tells one")
	}
	w.as("mori").get("/notice/access-log/names").has(t, "S-20261124-01")
}

// My settings: the language, and a deputy, with a fresh proof and each mistake at its field.
func TestMySettings(t *testing.T) {
	w := found(t)
	b := w.as("head")
	if a := b.post("/me/language", url.Values{"language": {"en"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d", a.status)
	}
	b.get("/me").has(t, "My settings", `lang="en"`, "Set a deputy")
	a := b.post("/me/deputy", url.Values{"deputy": {"ito"}, "until": {"tomorrow"}, "password": {"right"}, "code": {"1"}})
	a.has(t, "Error:", `value="ito"`, `href="#reason"`)
	in := url.Values{"deputy": {"ito"}, "until": {"2026-11-30T17:00"}, "reason": {"出張"}, "password": {"wrong"}, "code": {"1"}}
	b.post("/me/deputy", in).has(t, "Error:", `value="2026-11-30T17:00"`)
	in.Set("password", "right")
	if a := b.post("/me/deputy", in); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get("/me").has(t, "出張", "/clear")
	if a := b.post("/me/deputies/1/clear", nil); a.status != http.StatusSeeOther {
		t.Errorf("%d\n%s", a.status, a.body)
	}
}

// The comparison with standards: for those who read the rules in force, in both languages, with links to pages that exist.
func TestConformanceOnThePage(t *testing.T) {
	w := found(t)
	w.as("head").get("/settings").has(t, "/settings/conformance")
	w.as("head").get("/settings/conformance?lang=ja").has(t, "規程との対応", "MA-4(7)", "医療情報システム", "機関に残ること", "注意", "認証でも監査の結果でもありません")
	w.as("head").get("/settings/conformance?lang=en").has(t, "Standards and this configuration", "What stays with the institution", "Built in; no setting switches it off.")
	if a := w.as("kato").get("/settings/conformance"); a.status != http.StatusForbidden {
		t.Errorf("%d", a.status)
	}
	for _, standard := range conformance.Standards() {
		for _, c := range standard.Clauses {
			for _, e := range c.Evidence {
				if strings.HasPrefix(e, "/") && !slices.ContainsFunc(rows(), func(r row) bool { return r.path == e && r.site&staff != 0 }) {
					t.Errorf("%s %s: there is no page %s", standard.ID, c.Number.EN, e)
				}
			}
		}
	}
}

// The rules in force come from the configuration and the registry.
func TestRulesInForce(t *testing.T) {
	w := found(t)
	w.as("head").get("/settings").has(t, "運用の決まり", "人事給与", "第3版", "30分")
	if a := w.as("kato").get("/settings"); a.status != http.StatusForbidden {
		t.Errorf("%d", a.status)
	}
}

// The calendar as list, week and month; a feed's address is shown once.
func TestTheCalendar(t *testing.T) {
	w := found(t)
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	b := w.as("ito")
	b.get("/calendar").has(t, "令和8年11月", "11/23(月・祝)", "勤労感謝の日", "11/24(火)", "10:00-11:00", "人事給与", "未定", "10:00〜11:00 は人事給与を職員端末から使えません。")
	b.get("/calendar?view=week&lang=en").has(t, "Tue 24 Nov", "1 entry", `<th scope="row">`, "not usable from staff terminals")
	b.get("/calendar?view=month&month=2026-11&lang=ja").has(t, `<caption>令和8年11月</caption>`, "1件", `<th scope="col">月</th>`)
	b.get("/calendar?system=map").has(t, "条件に合うものがありません。")
	if a := b.get("/calendar?month=x"); a.status != http.StatusBadRequest {
		t.Errorf("a month that is none: %d", a.status)
	}
	a := b.post("/calendar/subscribe", nil)
	a.has(t, "/calendar/", ".ics", "この一度だけ")
	if again := b.get("/calendar/subscribe"); strings.Contains(again.body, ".ics") {
		t.Error("the address is shown again")
	}
}
