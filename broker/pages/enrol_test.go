package pages

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
)

// issued gives a code for a person.
func (w *world) issued(person string) string {
	w.t.Helper()
	if person == "admin" {
		return w.Plan.Code
	}
	code, err := w.Registry.IssueCode(w.t.Context(), person, townhall.By("admin"))
	if err != nil {
		w.t.Fatal(err)
	}
	return code.Text
}

var shownSecret = regexp.MustCompile(`<code>([A-Z2-7 ]+)</code>`)

// secretOn is the authenticator's secret on a page.
func secretOn(t *testing.T, a answer) string {
	t.Helper()
	m := shownSecret.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no secret on the page (%d):\n%s", a.status, a.body)
	}
	return strings.ReplaceAll(m[1], " ", "")
}

// codeBy is a one-time code of a secret, by a clock that is off by so much.
func (w *world) codeBy(secret string, off time.Duration) string {
	w.t.Helper()
	c, err := registry.CodeAt(secret, w.Now().Add(off))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func TestEnrolmentOnPages(t *testing.T) {
	w := found(t)
	w.enrol("admin")
	code := w.issued("head")
	b := w.browser()
	b.get("/enrol").has(t, "登録コード", `href="/recover"`)
	if a := b.post("/enrol", url.Values{"enrolment": {"AAAAA-BBBBB"}}); a.status != http.StatusForbidden {
		t.Errorf("a wrong code: %d", a.status)
	} else {
		a.has(t, "この登録コードは使えません", `value="AAAAA-BBBBB"`, "エラー:")
	}
	a := b.post("/enrol", url.Values{"enrolment": {" " + strings.ToLower(code) + " "}})
	secret := secretOn(t, a)
	a.has(t, "課長", "<svg class=\"qr\"", "新しいパスワード", `autocomplete="one-time-code"`)
	form := func(change url.Values) url.Values {
		f := url.Values{"enrolment": {code}, "password": {password}, "again": {password}, "code": {w.codeBy(secret, 0)}}
		for k, v := range change {
			f[k] = v
		}
		return f
	}
	for name, c := range map[string]struct {
		change url.Values
		says   string
	}{
		"two passwords":  {url.Values{"again": {"another one entirely"}}, "パスワードが一致しません"},
		"a short one":    {url.Values{"password": {"short"}, "again": {"short"}}, "12字以上"},
		"a wrong code":   {url.Values{"code": {"000000"}}, "認証コードが違います"},
		"a slow clock":   {url.Values{"code": {w.codeBy(secret, -20*time.Minute)}}, "時計が約20分遅れています"},
		"a fast clock":   {url.Values{"code": {w.codeBy(secret, 5*time.Minute)}}, "時計が約5分進んでいます"},
		"a bad SSH key":  {url.Values{"keys": {"ssh-rsa AAAA"}}, "SSHの公開鍵として使えません"},
		"no code at all": {url.Values{"code": {""}}, "認証コードが違います"},
	} {
		if name == "no code at all" {
			continue // five tries: three are used above
		}
		a := b.post("/enrol/finish", form(c.change))
		if a.status == http.StatusOK {
			t.Errorf("%s: enrolled", name)
		}
		if got := secretOn(t, a); got != secret {
			t.Errorf("%s: another secret, which the authenticator does not have", name)
		}
		a.has(t, c.says, `href="#`)
	}
	a = b.post("/enrol/finish", form(nil))
	if a.status != http.StatusOK {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	a.has(t, "登録が終わりました", `href="/today"`)
	if a := b.get("/today"); a.status != http.StatusOK {
		t.Errorf("the person is not signed in: %d", a.status)
	}
	if a := b.post("/enrol", url.Values{"enrolment": {code}}); a.status != http.StatusForbidden {
		t.Errorf("the code works twice: %d", a.status)
	}
}

// A vendor's engineer enrols at the portal, keys included; a code of the other entrance says so.
func TestEnrolmentAtThePortal(t *testing.T) {
	w := found(t)
	w.enrol("admin")
	code := w.issued("sato")
	w.browser().post("/enrol", url.Values{"enrolment": {code}}).has(t, "もう一方の入口")
	b := w.browserOn(w.portal.URL)
	a := b.post("/v/enrol", url.Values{"enrolment": {code}})
	a.has(t, "SSHの公開鍵", `name="keys"`)
	secret := secretOn(t, a)
	key := townhall.Key(t)
	a = b.post("/v/enrol/finish", url.Values{"enrolment": {code}, "password": {password}, "again": {password}, "code": {w.codeBy(secret, 0)}, "keys": {"# mine\r\n" + key + "\r\n"}})
	a.has(t, "登録が終わりました", `href="/v/"`)
	if kinds := strings.Join(w.Kinds(t, "E-0031"), " "); !strings.Contains(kinds, "enrolment.finished") {
		t.Error(kinds)
	}
}

// The recovery of a lost device: the code takes the old credentials away once it is in force, and the ledger and both desks know.
func TestRecoveryOnPages(t *testing.T) {
	w := found(t)
	lost := w.as("kato")
	admin := w.as("admin")
	w.browser().get("/recover").has(t, "すぐに電話する", "0000-00-0000", `href="/enrol"`, "72時間")
	admin.get("/people/kato/enrol").has(t, "登録済みの人です", `name="password"`)
	if a := admin.post("/people/kato/enrol", url.Values{}); a.status == http.StatusOK {
		t.Error("issued for an enrolled person without a proof")
	}
	if a := lost.get("/people/admin/enrol"); a.status != http.StatusForbidden {
		t.Errorf("anyone may issue: %d", a.status)
	}
	a := admin.post("/people/kato/enrol", url.Values{"password": {password}, "code": {w.code("admin")}})
	m := regexp.MustCompile(`id="enrolment-code">([^<]+)<`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no code (%d)\n%s", a.status, a.body)
	}
	if a := lost.get("/today"); a.status != http.StatusUnauthorized {
		t.Errorf("the old sign-in goes on: %d", a.status)
	}
	b := w.browser()
	secret := secretOn(t, b.post("/enrol", url.Values{"enrolment": {html.UnescapeString(m[1])}}))
	b.post("/enrol/finish", url.Values{"enrolment": {m[1]}, "password": {password}, "again": {password}, "code": {w.codeBy(secret, 0)}}).has(t, "登録が終わりました")
	// Of a person who approves, the code waits for a second person.
	w.as("head")
	w.Pass(80 * time.Hour)
	admin = w.as("admin")
	admin.post("/people/head/enrol", url.Values{"password": {password}, "code": {w.code("admin")}}).has(t, "二人目が確認すると使えます", "C-0001")
}

func TestOwnCredentialsOnPages(t *testing.T) {
	w := found(t)
	b := w.as("kato")
	b.get("/me/signin").has(t, `href="/me/signin/password"`, `href="/me/signin/code"`, `href="/recover"`)
	const next = "another horse battery staple"
	b.get("/me/signin/password").has(t, `autocomplete="new-password"`, `autocomplete="current-password"`)
	b.post("/me/signin/password", url.Values{"new": {next}, "again": {"x"}}).has(t, "一致しません")
	b.post("/me/signin/password", url.Values{"new": {"short"}, "again": {"short"}}).has(t, "12字以上", `href="#new"`)
	b.post("/me/signin/password", url.Values{"new": {next}, "again": {next}, "password": {"wrong"}, "code": {w.code("kato")}}).has(t, "パスワードが違います", `href="#password"`)
	if a := b.post("/me/signin/password", url.Values{"new": {next}, "again": {next}, "password": {password}, "code": {w.code("kato")}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get("/me/signin?done=own-password").has(t, "パスワードを変更しました")
	a := b.post("/me/signin/code", url.Values{"password": {next}, "code": {w.code("kato")}})
	secret := secretOn(t, a)
	a = b.post("/me/signin/code/finish", url.Values{"code": {w.codeBy(secret, -10*time.Minute)}})
	a.has(t, "時計が約10分遅れています")
	if a := b.post("/me/signin/code/finish", url.Values{"code": {w.codeBy(secret, 0)}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	w.secret["kato"] = secret
	// On an address of this machine passkeys do not work, and the page says where they do.
	a = b.post("/me/signin/passkey", url.Values{"password": {next}, "code": {w.code("kato")}})
	if a.status != http.StatusUnprocessableEntity {
		t.Errorf("a passkey where there are none: %d", a.status)
	}
	if a := b.post("/me/signin/passkey/none/end", url.Values{"reason": {"x"}}); a.status != http.StatusNotFound {
		t.Errorf("an unknown passkey: %d", a.status)
	}
}

func TestSignInTellsOfAClockThatIsOff(t *testing.T) {
	w := found(t)
	w.enrol("kato")
	w.Pass(time.Hour)
	b := w.browser()
	a := b.post("/signin", url.Values{"login": {"kato"}, "password": {password}, "code": {w.codeBy(w.secret["kato"], -7*time.Minute)}})
	a.has(t, "時計が約7分遅れています", "時刻を自動設定にしてから", `href="#code"`)
	a = b.post("/signin?lang=en", url.Values{"login": {"kato"}, "password": {password}, "code": {w.codeBy(w.secret["kato"], -7*time.Minute)}})
	a.has(t, "about 7 min slow")
	a = b.post("/signin?lang=ja", url.Values{"login": {"kato"}, "password": {"wrong"}, "code": {w.codeBy(w.secret["kato"], -7*time.Minute)}})
	if strings.Contains(a.body, "遅れて") {
		t.Error("told without the password")
	}
}

// The pages lead to each other: from one's own settings, and from a person's page.
func TestTheWayToOwnCredentials(t *testing.T) {
	w := found(t)
	w.as("kato").get("/me").has(t, `href="/me/signin"`)
	w.as("sato").get("/v/me/signin").has(t, `href="/v/me/signin/password"`, `href="/v/recover"`)
	w.as("admin").get("/people/kato").has(t, `href="/people/kato/enrol"`)
}
