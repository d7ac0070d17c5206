package web

import (
	"encoding/json"
	"net/http"
	"testing"

	"sekimori/broker/api"
)

// Every list is an object with its total, respects ?limit=, and refuses a ?next= that it did not give out.
func TestEveryListPages(t *testing.T) {
	w := newWorld(t)
	tokens := w.found()
	for _, path := range []string{
		string(api.Requests), string(api.Windows), string(api.Extensions), string(api.Deputies), string(api.Sessions), string(api.Recordings), string(api.Reviews),
		string(api.Reports), string(api.Freezes), string(api.Alarms), string(api.People), string(api.Vendors), string(api.Papers), string(api.PapersDuePath),
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
