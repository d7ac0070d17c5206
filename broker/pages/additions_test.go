package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

// confirmed lets the second person of the information-systems section confirm the change that an answer leads to.
func (w *world) confirmed(no string) {
	w.t.Helper()
	b := w.as("deputy")
	b.get("/changes/"+no).has(w.t, no)
	a := b.post("/changes/"+no+"/confirm", url.Values{"password": {password}, "code": {w.code("deputy")}})
	if a.status != http.StatusSeeOther {
		w.t.Fatalf("confirm %s: %d\n%s", no, a.status, a.body)
	}
}

// A new thing of each kind is proposed on a page, does not exist until a second person confirms it, and then does.
func TestWhatIsAddedWaitsForASecondPerson(t *testing.T) {
	w := found(t)
	admin := w.as("admin")
	admin.get("/people").has(t, `href="/add/staff"`, "職員を追加")
	admin.get("/systems").has(t, `href="/add/system"`, `href="/add/target"`, `href="/add/account"`)
	hostKey := townhall.Key(t)
	for _, one := range []struct {
		n      registry.Addition
		page   string // of the new thing
		values url.Values
	}{
		{registry.NewStaff, "/people/U-0101", url.Values{"id": {"U-0101"}, "login": {"shinjin"}, "name": {"新任"}, "section": {"personnel"}, "roles": {"requester", "attendant"}}},
		{registry.NewEngineer, "/people/E-0101", url.Values{"id": {"E-0101"}, "login": {"shinki"}, "name": {"保守要員Z"}, "vendor": {"V-012"}, "phone": {"000-0000-0101"}}},
		{registry.NewContact, "/people/C-0101", url.Values{"id": {"C-0101"}, "login": {"madoguchi2"}, "name": {"窓口"}, "vendor": {"V-012"}}},
		{registry.NewSystem, "/systems/gyoumu", url.Values{"id": {"gyoumu"}, "name": {"業務"}, "section": {"personnel"}, "line": {"none"}}},
		{registry.NewTarget, "/targets/gyoumu-db", url.Values{"id": {"gyoumu-db"}, "system": {"gyoumu"}, "host": {"gyoumu.example"}, "host_key": {hostKey}}},
		{registry.NewAccount, "/accounts/gyoumu-db/gmnt", url.Values{"target": {"gyoumu-db"}, "login": {"gmnt"}}},
	} {
		form := "/add/" + string(one.n)
		admin.get(form).has(t, "この追加を提案する")
		one.values.Set("go", "preview")
		a := admin.post(form, one.values)
		a.has(t, "変わること", "二人目の確認を待つ項目があります。")
		one.values.Set("go", "propose")
		a = admin.post(form, one.values)
		at := a.header.Get("Location")
		if a.status != http.StatusSeeOther || !strings.HasPrefix(at, "/changes/") {
			t.Fatalf("%s: %d to %q\n%s", form, a.status, at, a.body)
		}
		admin.get(at).has(t, "提案しました。")
		if got := admin.get(one.page); got.status != http.StatusNotFound {
			t.Errorf("%s exists before a second person confirmed it: %d", one.page, got.status)
		}
		no, _, _ := strings.Cut(strings.TrimPrefix(at, "/changes/"), "?")
		w.confirmed(no)
		if got := admin.get(one.page); got.status != http.StatusOK {
			t.Errorf("%s after the confirmation: %d", one.page, got.status)
		}
		a = admin.post(form, one.values)
		if a.status != http.StatusUnprocessableEntity || !a.holds("すでに登録されています。") {
			t.Errorf("%s again: %d", form, a.status)
		}
	}
}

// Staff of a section propose engineers and contacts, and nothing else; what they typed stays when something is wrong.
func TestTheSectionProposesEngineers(t *testing.T) {
	w := found(t)
	b := w.as("kato")
	b.get("/vendors/V-012").has(t, `href="/add/engineer?vendor=V-012"`, "保守要員を追加")
	for _, n := range []registry.Addition{registry.NewStaff, registry.NewSystem, registry.NewTarget, registry.NewAccount} {
		if a := b.get("/add/" + string(n)); a.status != http.StatusForbidden {
			t.Errorf("a requester opens the form of %s: %d", n, a.status)
		}
	}
	b.get("/add/engineer?vendor=V-012").has(t, `value="V-012"`)
	a := b.post("/add/engineer", url.Values{"id": {"E-0102"}, "login": {"shinki"}, "name": {"保守要員Y"}, "vendor": {"V-012"}, "go": {"propose"}})
	if a.status != http.StatusUnprocessableEntity {
		t.Errorf("without a telephone: %d", a.status)
	}
	a.has(t, "電話: 必ず書いてください。", "保守要員Y")
	a = b.post("/add/engineer", url.Values{"id": {"E-0102"}, "login": {"shinki"}, "name": {"保守要員Y"}, "vendor": {"V-012"}, "phone": {"000-0000-0102"}, "go": {"propose"}})
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	b.get(a.header.Get("Location")).has(t, "追加を提案しました。")
	var no string
	err := w.DB.Read(t.Context(), func(s *store.Snap) error {
		open, err := s.PendingChanges(store.ChangePending)
		if len(open) == 1 {
			no = fmt.Sprintf("C-%04d", open[0].No)
		}
		return err
	})
	if err != nil || no == "" {
		t.Fatalf("no change waits: %v", err)
	}
	w.confirmed(no)
	b.get("/vendors/V-012").has(t, "保守要員Y(E-0102)")
}
