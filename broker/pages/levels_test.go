package pages

import (
	"net/http"
	"slices"
	"testing"

	"sekimori/broker/api"
	"sekimori/broker/view"
)

// A page that shows a list has the level of the API's route, and opening it as different people leaves the same entry.
func TestListsHaveTheLevelOfTheAPI(t *testing.T) {
	w := found(t)
	w.more()
	for _, one := range []struct{ address, page, entry string }{
		{string(api.People), "/people", "list.viewed"}, {string(api.Systems), "/systems", "list.viewed"}, {string(api.Freezes), "/incidents", "list.viewed"},
		{string(api.Vendors), "/vendors", "vendor.listed"}, {string(api.Reviews), "/reviews", "review.listed"}, {string(api.LedgerPath), "/ledger", "ledger.listed"}, {string(api.LedgerPath), "/ledger/entries", "ledger.listed"},
		{string(api.Requests), "/requests", ""}, {string(api.Windows), "/windows", ""}, {string(api.Sessions), "/sessions", ""}, {string(api.Alarms), "/alarms", ""}, {string(api.Changes), "/changes", "list.viewed"},
		{string(api.Permits), "/permits", ""}, {string(api.LateEntries), "/late-entries", ""}, {string(api.ViewingKeys), "/viewing-keys", ""}, {string(api.Accesses), "/recording-access", ""}, {string(api.Days), "/days", ""}, {string(api.CalendarPath), "/calendar", ""}, {string(api.NotificationsPath), "/notifications", ""}, {string(api.UndeliveredPath), "/notifications/undelivered", ""},
	} {
		at := slices.IndexFunc(w.pages.rows, func(r row) bool { return r.method == http.MethodGet && r.path == one.page })
		if at < 0 {
			t.Errorf("no page %s", one.page)
			continue
		}
		r := w.pages.rows[at]
		if want, ok := view.LevelOf(one.address); !ok || r.level != want || (want == view.L1) != (one.entry != "") {
			t.Errorf("%s has level %d, and %s has %d (a list: %v)", one.page, r.level, one.address, want, ok)
		}
		person, ok := w.whoOpens(r)
		if !ok {
			t.Fatalf("no one opens %s", one.page)
		}
		b := w.as(person)
		before := w.size()
		if a := b.get(one.page); a.status != http.StatusOK {
			t.Errorf("%s as %s: %d", one.page, person, a.status)
		}
		var want []string
		if one.entry != "" {
			want = []string{one.entry}
		}
		if kinds := w.entriesBy(before, person); !slices.Equal(kinds, want) {
			t.Errorf("%s as %s: the ledger tells %v, want %v", one.page, person, kinds, want)
		}
	}
}
