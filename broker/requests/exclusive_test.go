package requests_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/requests"
	"sekimori/policy"
)

func TestExclusiveSystemHasNoTwoWindows(t *testing.T) {
	_, d := desk(t)
	no := submit(t, d, hr(), "kato")
	overlapping := func(from, to time.Duration) error {
		f := hr()
		f.Start, f.End = f.Start.Add(from), f.End.Add(to)
		_, err := d.Submit(t.Context(), f, townhall.Caller("kato"))
		return err
	}
	var bad *forms.Invalid
	if err := overlapping(89*time.Minute+59*time.Second, time.Hour); !errors.As(err, &bad) || !bad.Has("overlap") {
		t.Errorf("one second of overlap with a pending request: %v", err)
	}
	if err := overlapping(90*time.Minute, time.Hour); err != nil {
		t.Errorf("right after the other: %v", err)
	}
	approve(t, d, no, "head")
	approve(t, d, no, "deputy")
	if err := overlapping(0, 0); !errors.As(err, &bad) || !bad.Has("overlap") {
		t.Errorf("over an approved window: %v", err)
	}
	want(t, "edit of the window itself", d.Edit(t.Context(), no, hr(), townhall.Caller("kato")), "")
}

// A proposal is not a request yet and blocks no other; by the time it is taken over, or approved, another may hold the interval.
func TestExclusiveSystemIsAskedAgainWhenTakenAndApproved(t *testing.T) {
	_, d := desk(t)
	overlaps := func(what string, err error) {
		t.Helper()
		var bad *forms.Invalid
		if !errors.As(err, &bad) || !bad.Has("overlap") {
			t.Errorf("%s: %v", what, err)
		}
	}
	early := submit(t, d, hr(), "E-0031") // two proposals for the same interval
	late := submit(t, d, hr(), "E-0031")
	want(t, "take the first", d.Take(t.Context(), early, townhall.Caller("kato")), "")
	overlaps("take the second beside a pending one", d.Take(t.Context(), late, townhall.Caller("kato")))
	approve(t, d, early, "head")
	approve(t, d, early, "deputy")
	overlaps("take the second beside a window", d.Take(t.Context(), late, townhall.Caller("kato")))
	want(t, "withdraw the first", d.Withdraw(t.Context(), early, "取りやめ", townhall.Caller("kato")), "")
	want(t, "take the second", d.Take(t.Context(), late, townhall.Caller("kato")), "")
}

func TestASystemMadeExclusiveAfterTwoRequests(t *testing.T) {
	h := townhall.Open(t)
	text := townhall.Registry(t)
	h.Apply(t, strings.Replace(text, "identity_check: true, exclusive: true", "identity_check: true", 1), "admin")
	d := requests.New(requests.Options{DB: h.DB, Acts: h.Runner(), Zone: townhall.Zone})
	one, two := submit(t, d, hr(), "kato"), submit(t, d, hr(), "kato")
	plan := h.Apply(t, text, "admin")
	want(t, "confirm the rule", second(h.Registry.Confirm(t.Context(), plan.Pending, townhall.By("deputy"))), "")
	for _, by := range []string{"head", "deputy"} {
		approve(t, d, one, by)
	}
	_, err := d.Approve(t.Context(), two, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has("overlap") || state(t, d, two) != policy.PendingFirst {
		t.Errorf("a second window on an exclusive system: %v, %s", err, state(t, d, two))
	}
}
