package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// informed gives a person of the information-systems section its role and its own place, as a founding file does.
func (w *world) informed(t *testing.T, id string) {
	t.Helper()
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		p, err := tx.Person(id)
		if err != nil {
			return err
		}
		if !p.Has(policy.InformationSystems) {
			p.Roles = append(p.Roles, policy.InformationSystems)
		}
		if err := tx.PutPerson(p); err != nil {
			return err
		}
		_, err = tx.Append(townhall.Draft("test.planned"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A rule of a system is changed by two people, each on their page; neither can do both.
func TestARuleIsChangedByTwoPeople(t *testing.T) {
	w := found(t)
	admin := w.as("admin")
	admin.get("/systems").has(t, "人事給与", `href="/systems/hr"`)
	admin.get("/systems/hr").has(t, "運用の決まり", "hr-db", "hrmnt01", `href="/systems/hr/change"`)
	form := admin.get("/systems/hr/change")
	form.has(t, "変えると二人目の確認が要ります", `value="人事給与"`, "この変更を提案する")
	typed := fieldsIn(form.body)
	typed.Set("name", "人事給与システム")
	typed.Set("max_window", "1h")
	admin.post("/systems/hr/change", with(typed, "go", "preview")).has(t, "変わること", "人事給与システム", "二人目の確認を待つ項目があります。", `value="1h`)
	admin.post("/systems/hr/change", with(typed, "go", "propose", "max_window", "never")).has(t, "エラー:", `value="never"`)
	at := admin.post("/systems/hr/change", with(typed, "go", "propose")).at(t, "/changes/")
	change := strings.TrimSuffix(at, "?done=proposed")
	admin.get(at).has(t, "提案しました。", "最長の時間枠", "1h0m0s")
	admin.get("/systems/hr").has(t, "二人目の確認を待っています")
	deputy := w.as("deputy")
	deputy.get("/changes").has(t, change)
	w.informed(t, "admin")
	own := admin.post(change+"/confirm", url.Values{"password": {password}, "code": {w.code("admin")}})
	if own.status != http.StatusForbidden {
		t.Errorf("the proposer confirms: %d", own.status)
	}
	deputy.post(change+"/confirm", nil).has(t, "パスワードと認証コードを入力してください。")
	wrong := deputy.post(change+"/confirm", url.Values{"password": {"x"}, "code": {"000000"}})
	if wrong.status != http.StatusForbidden {
		t.Errorf("a wrong proof: %d", wrong.status)
	}
	deputy.post(change+"/confirm", url.Values{"password": {password}, "code": {w.code("deputy")}}).at(t, "/changes?done=confirmed")
	deputy.get("/systems/hr").has(t, "人事給与システム")
	if kinds := w.Kinds(t, "hr"); !slices.Contains(kinds, "registry.confirmed") || !slices.Contains(kinds, "system.viewed") {
		t.Errorf("entries %v", kinds)
	}
	if a := w.as("kato").get("/systems/hr/change"); a.status != http.StatusForbidden {
		t.Errorf("kato: %d", a.status)
	}
}

// A form says nothing of what it does not show: keys, pledge and login stay, and what is not changed is no change.
func TestAChangeKeepsWhatTheFormDoesNotSay(t *testing.T) {
	w := found(t)
	admin := w.as("admin")
	for _, path := range []string{"/people/ito", "/people/E-0031", "/systems/map", "/targets/hr-db", "/accounts/map-web/root"} {
		form := admin.get(path + "/change")
		typed := fieldsIn(form.body)
		a := admin.post(path+"/change", with(typed, "go", "propose"))
		a.at(t, path+"?done=changed")
		if waiting := admin.get("/changes"); !strings.Contains(waiting.body, "確認を待つ変更はありません。") {
			t.Fatalf("%s: an unchanged form is a change: %s", path, waiting.body)
		}
	}
	if err := w.DB.Read(t.Context(), func(s *store.Snap) error {
		keys, err := s.Keys("E-0031")
		if len(keys) != 1 {
			t.Errorf("keys %v", keys)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	typed := fieldsIn(admin.get("/people/ito/change").body)
	typed["roles"] = []string{"attendant", "auditor"}
	at := admin.post("/people/ito/change", with(typed, "go", "propose")).at(t, "/changes/")
	admin.get(at).has(t, "役割", "auditor")
}
