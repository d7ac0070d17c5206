package broker_test

import (
	"slices"
	"testing"

	"sekimori/broker/api"
	"sekimori/broker/pages"
	"sekimori/broker/web"
)

// withoutPage are the acts of the API that no page does, each with its reason.
var withoutPage = map[string]string{
	api.Windows.Pattern("id", "present"):      "the console's own program says that the attendant is there; no person presses it",
	api.Reconciliations.Pattern("id", "file"): "a record in a file is read by the command, which sends what it says; the page compares what the target itself records",
}

// TestEveryActHasAPage: what a command can do, a person without a command line can do on a page.
func TestEveryActHasAPage(t *testing.T) {
	done, posts := pages.Deeds(), web.Posts()
	for _, path := range posts {
		_, has := done[path]
		if why := withoutPage[path]; has == (why != "") {
			t.Errorf("%s: page %q, excepted because %q: name its form in broker/pages/deeds.go, or say here why it has none", path, done[path], why)
		}
	}
	for path := range done {
		if !slices.Contains(posts, path) {
			t.Errorf("broker/pages/deeds.go names %s, which the API does not have", path)
		}
	}
}
