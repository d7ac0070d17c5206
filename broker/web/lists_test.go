package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/api"
	"sekimori/broker/view"
)

// Every list is an object with its total, respects ?limit=, and refuses a ?next= that it did not give out.
func TestEveryListPages(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	for _, path := range []string{
		string(api.Requests), string(api.Windows), string(api.Extensions), string(api.Deputies), string(api.Sessions), string(api.Recordings), string(api.Reviews),
		string(api.Reports), string(api.Findings), string(api.Freezes), string(api.Alarms), string(api.People), string(api.Vendors), string(api.Papers), string(api.PapersDuePath),
		string(api.Systems), string(api.Targets), string(api.Accounts), string(api.Changes), string(api.Feeds), string(api.Keys), string(api.LedgerPath),
	} {
		var a answer
		var token string
		for _, login := range []string{"tenken", "kacho", "joho1", "kanri"} {
			if token = tokens[login]; token == "" {
				t.Fatalf("%s is not signed in", login)
			}
			if a = w.call("GET", path+"?limit=1", token, nil); a.status == http.StatusOK {
				break
			}
		}
		var page struct {
			Items *[]json.RawMessage `json:"items"`
			Total *int               `json:"total"`
			Next  string             `json:"next"`
		}
		if err := json.Unmarshal(a.body, &page); err != nil || page.Items == nil || page.Total == nil || len(*page.Items) > 1 || *page.Total < len(*page.Items) {
			t.Errorf("%s: %d %.200s", path, a.status, a.body)
			continue
		}
		if more := *page.Total > len(*page.Items); more != (page.Next != "") && path != string(api.LedgerPath) {
			t.Errorf("%s has %d of %d and goes on with %q", path, len(*page.Items), *page.Total, page.Next)
		}
		if page.Next != "" {
			if b := w.call("GET", path+"?limit=1&next="+page.Next, token, nil); b.status != http.StatusOK {
				t.Errorf("%s goes on with %d %.200s", path, b.status, b.body)
			}
		}
		if *page.Total > 0 {
			if b := w.call("GET", path+"?next=%25%25", token, nil); b.status != http.StatusBadRequest {
				t.Errorf("%s takes any next: %d", path, b.status)
			}
		}
	}
}

// notLists are the addresses that are read and are neither a list nor one thing among several.
var notLists = map[string]string{
	string(api.StatusPath): "the broker itself", string(api.NoticePath): "the notice", string(api.WhoAmIPath): "the caller", string(api.RulesPath): "the institution", string(api.ConformancePath): "the configuration",
	string(api.LedgerExportPath): "an act of its own", string(api.LedgerVerifyPath): "a check", string(api.CheckpointPath): "a check", string(api.PolicyPath): "public keys",
	string(api.SearchPath): "a look with a purpose and an entry of its own", string(api.SearchIndexPath): "the broker itself", string(api.SIEMPath): "the broker itself",
}

// Every list has its level in the one table that the pages read too, and opening it by the API leaves the entry that the level asks for: none
// at L0, one at L1.
func TestEveryListHasItsLevelAndEntry(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	entries := map[string]string{
		string(api.People): "list.viewed", string(api.Systems): "list.viewed", string(api.Targets): "list.viewed", string(api.Accounts): "list.viewed", string(api.Lines): "list.viewed", string(api.Changes): "list.viewed", string(api.Freezes): "list.viewed",
		string(api.Files): "list.viewed", string(api.Findings): "list.viewed", string(api.Reconciliations): "list.viewed", string(api.UnknownLogins): "list.viewed",
		string(api.Vendors): "vendor.listed", string(api.Reviews): "review.listed", string(api.LedgerPath): "ledger.listed",
	}
	n := 0
	for _, r := range routes() {
		if r.method != http.MethodGet || strings.Contains(r.path, "{") {
			continue
		}
		level, list := view.LevelOf(r.path)
		if why := notLists[r.path]; list == (why != "") {
			t.Errorf("%s: a list %v, excepted as %q: give it a level in broker/view/levels.go", r.path, list, why)
		}
		if !list {
			continue
		}
		kind := entries[r.path]
		if (level == view.L1) != (kind != "") {
			t.Errorf("%s has level %d and the entry %q", r.path, level, kind)
		}
		n++
		opened := false
		for _, login := range []string{"tenken", "kacho", "joho1", "kanri"} {
			_, from := w.kinds(0)
			a := w.call("GET", r.path, tokens[login], nil)
			kinds, _ := w.kinds(from)
			if a.status != http.StatusOK {
				continue
			}
			opened = true
			want := []string{}
			if kind != "" {
				want = []string{kind}
			}
			if !slices.Equal(kinds, want) {
				t.Errorf("%s by %s: the ledger tells %v, want %v", r.path, login, kinds, want)
			}
		}
		if !opened {
			t.Errorf("no one opens %s", r.path)
		}
	}
	if n < 20 {
		t.Errorf("%d lists: the test does not find them", n)
	}
}

// A person who may not open a list leaves the entry of the refusal and none of a look.
func TestARefusedListLeavesNoLook(t *testing.T) {
	w := newWorld(t)
	tokens := w.vendors()
	_, from := w.kinds(0)
	if a := w.call("GET", string(api.People), tokens["saitakumado"], nil); a.status != http.StatusForbidden {
		t.Errorf("a vendor lists people: %d", a.status)
	}
	if kinds, _ := w.kinds(from); !slices.Equal(kinds, []string{"access.refused"}) {
		t.Errorf("the ledger tells %v", kinds)
	}
}
