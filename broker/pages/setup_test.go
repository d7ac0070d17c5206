package pages

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sekimori/broker/forms"
)

const setUpKey = "0123456789abcdef"

var setUpForm = url.Values{
	"key": {setUpKey}, "institution": {"例示市"}, "gate_name": {"gate.city.example"}, "contact": {"0000-00-0000"}, "central_name": {"情報システム課"},
	"central_phone": {"0000-00-9999"}, "section": {"jinji"}, "section_name": {"人事課"}, "section_phone": {"0000-00-1234"},
	"first_name": {"管理者"}, "first_login": {"kanri"}, "second_name": {"第二承認者"}, "second_login": {"joho"},
}

func setUpAt(t *testing.T, save func(SetUp) (SetUpDone, error)) *browser {
	t.Helper()
	h, err := NewSetUp(setUpKey, save)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return (&world{t: t}).browserOn(s.URL)
}

func TestFirstSetUp(t *testing.T) {
	var got []SetUp
	refuse := true
	b := setUpAt(t, func(s SetUp) (SetUpDone, error) {
		if refuse {
			return SetUpDone{}, &forms.Invalid{Problems: []forms.Problem{{Field: "first_login", JA: "使えません。", EN: "no"}, {Field: "elsewhere", JA: "別の誤り。", EN: "other"}}}
		}
		got = append(got, s)
		return SetUpDone{Files: []string{"/x/registry.yaml"}, Next: []string{"sekimori serve"}}, nil
	})
	b.get("/setup?key="+setUpKey).has(t, "最初の設定", "二人目", `name="second_login"`)
	b.get("/setup?lang=en&key="+setUpKey).has(t, "First set-up", "administrator")
	empty := b.post("/setup?lang=ja", url.Values{"key": {setUpKey}, "institution": {"例示市"}})
	if empty.status != http.StatusUnprocessableEntity {
		t.Errorf("an empty form: %d", empty.status)
	}
	empty.has(t, `href="#second_login"`, `value="例示市"`, "エラー:")
	b.post("/setup", setUpForm).has(t, "使えません。", "別の誤り。", `value="kanri"`)
	refuse = false
	b.post("/setup", setUpForm).has(t, "書きました", "/x/registry.yaml", "sekimori serve")
	b.post("/setup", setUpForm).has(t, "書きました") // pressed twice
	if len(got) != 1 || got[0].First.Login != "kanri" || got[0].SectionName != "人事課" {
		t.Errorf("%+v", got)
	}
	b2 := setUpAt(t, func(SetUp) (SetUpDone, error) { return SetUpDone{}, errors.New("disk full") })
	if a := b2.post("/setup", setUpForm); a.status != http.StatusInternalServerError || !strings.Contains(a.body, "disk full") || !strings.Contains(a.body, `value="kanri"`) {
		t.Errorf("a failure keeps what was typed: %d\n%s", a.status, a.body)
	}
}

// Other people of the machine, and other sites in the browser, reach the listener too.
func TestAttackFirstSetUp(t *testing.T) {
	b := setUpAt(t, func(SetUp) (SetUpDone, error) { t.Error("written"); return SetUpDone{}, nil })
	for name, a := range map[string]answer{"no key": b.get("/setup"), "a wrong key": b.get("/setup?key=0123456789abcdee"), "posted without": b.post("/setup", url.Values{"institution": {"x"}})} {
		if a.status != http.StatusForbidden || strings.Contains(a.body, "<form") {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	request := func(change func(*http.Request)) answer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.base+"/setup", strings.NewReader(setUpForm.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(r)
		return b.do(r)
	}
	if a := request(func(r *http.Request) { r.Host = "evil.test" }); a.status != http.StatusBadRequest {
		t.Errorf("a name of another site that points here: %d", a.status)
	}
	if a := request(func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.test")
	}); a.status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", a.status)
	}
}
