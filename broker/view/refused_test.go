package view_test

import (
	"context"
	"slices"
	"testing"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/view"
	"sekimori/policy"
)

// A person hangs up between the count of a refused look and its entry: the look was in no entry, because it counted as written.
func TestAttackARefusedLookWhoseCallerHangsUp(t *testing.T) {
	t.Parallel()
	h := townhall.Found(t)
	ctx, hangUp := context.WithCancel(t.Context())
	views := view.New(view.Options{DB: h.DB, Zone: townhall.Zone, Clock: h.Now, First: func(context.Context, ledger.Actor, string, string, string, ...string) (bool, error) {
		hangUp()
		return true, nil
	}})
	err := views.RefusedOnce(ctx, view.Reader{Person: policy.Person{ID: "kato"}, Via: "web"}, "look session", []string{"kato", "S-20261124-01"},
		map[string]string{"act": "look", "reason": "forbidden", "what": "session"})
	if kinds := h.Kinds(t, "S-20261124-01"); err != nil || !slices.Equal(kinds, []string{"access.refused"}) {
		t.Errorf("%v, entries %v", err, kinds)
	}
}
