package requests_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// change writes a test's change straight into the store, with an entry.
func change(t *testing.T, h *townhall.Hall, fn func(tx *store.Tx) error) {
	t.Helper()
	err := h.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledgerDraft("test.changed"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// delegates sets how much the attendants of a system may extend by.
func delegates(t *testing.T, h *townhall.Hall, system string, by time.Duration) {
	t.Helper()
	change(t, h, func(tx *store.Tx) error {
		s, err := tx.System(system)
		s.Delegated = by
		return errors.Join(err, tx.PutSystem(s))
	})
}

// running is a window of the simple system that has begun, with ito on the post; it returns the window's end.
func running(t *testing.T, delegated time.Duration) (*townhall.Hall, *requests.Desk, string, time.Time) {
	t.Helper()
	h, d := desk(t)
	delegates(t, h, "map", delegated)
	_, w := granted(t, d)
	want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	h.Pass(time.Hour)
	end := townhall.Start.Add(2 * time.Hour)
	if got := window(t, d, w); !got.End.Equal(end) {
		t.Fatalf("ends %s", got.End)
	}
	return h, d, w, end
}

func window(t *testing.T, d *requests.Desk, id string) store.Window {
	t.Helper()
	w, err := d.Window(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func ask(t *testing.T, d *requests.Desk, w string, by time.Duration, who string) store.Extension {
	t.Helper()
	x, err := d.AskExtension(t.Context(), w, by, "検証に時間が必要", townhall.Caller(who))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func wantProblem(t *testing.T, what string, err error, code string) {
	t.Helper()
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has(code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func toInstant(h *townhall.Hall, at time.Time) { h.Pass(at.Sub(h.Now())) }

func TestExtensionIsAskedAndGranted(t *testing.T) {
	h, d, w, end := running(t, 30*time.Minute)
	x := ask(t, d, w, 15*time.Minute, "E-0031")
	if x.ID != "X-0001" || x.State != store.ExtensionAsked || !x.Ends.Equal(end) {
		t.Errorf("asked: %+v", x)
	}
	_, err := d.AskExtension(t.Context(), w, time.Minute, "もう一つ", townhall.Caller("E-0031"))
	wantProblem(t, "a second question", err, "extension-open")
	h.Pass(time.Second)
	got, err := d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("ito"))
	want(t, "grant", err, "")
	if got.Role != policy.Attendant || !got.NewEnd.Equal(end.Add(15*time.Minute)) || !window(t, d, w).End.Equal(got.NewEnd) {
		t.Errorf("granted: %+v", got)
	}
	// The grants' end moved too: past the old end the gate still lets the engineer in, up to the new one.
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{end.Add(-time.Millisecond), "allowed"}, {end, "allowed"}, {end.Add(15*time.Minute - time.Millisecond), "allowed"},
		{end.Add(15 * time.Minute), "window-over"}, {end.Add(15*time.Minute + time.Millisecond), "window-over"},
	} {
		toInstant(h, tt.at)
		if got := decision(t, h, "map-web"); got != tt.want {
			t.Errorf("at %s: %s, want %s", tt.at, got, tt.want)
		}
	}
	if kinds := h.Kinds(t, x.ID); !slices.Equal(kinds, []string{"extension.asked", "extension.granted"}) {
		t.Error(kinds)
	}
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("ito"))
	want(t, "grant again", err, "already-decided")
}

// At the end it is too late to ask and to answer; a millisecond before it is not.
func TestExtensionAtTheVeryEnd(t *testing.T) {
	for _, tt := range []struct {
		before time.Duration
		reason string
	}{{time.Second, ""}, {time.Millisecond, ""}, {0, "window-over"}, {-time.Millisecond, "window-over"}} {
		t.Run(tt.before.String(), func(t *testing.T) {
			h, d, w, end := running(t, 30*time.Minute)
			x := ask(t, d, w, time.Minute, "E-0031")
			toInstant(h, end.Add(-tt.before))
			_, err := d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("ito"))
			want(t, "grant", err, tt.reason)
			lapsed, err := d.LapseExtensions(t.Context())
			if want := tt.reason != ""; err != nil || (len(lapsed) == 1) != want {
				t.Errorf("lapsed %v, %v", lapsed, err)
			}
			if moved := window(t, d, w).End.After(end); moved != (tt.reason == "") {
				t.Errorf("moved: %v", moved)
			}
		})
		t.Run("asked "+tt.before.String(), func(t *testing.T) {
			h, d, w, end := running(t, 30*time.Minute)
			toInstant(h, end.Add(-tt.before))
			_, err := d.AskExtension(t.Context(), w, time.Minute, "あと少し", townhall.Caller("E-0031"))
			want(t, "ask", err, tt.reason)
		})
	}
}

func TestExtensionWithinWhatIsDelegated(t *testing.T) {
	h, d, w, _ := running(t, 30*time.Minute)
	grant := func(longer time.Duration, who string, fresh bool) error {
		x := ask(t, d, w, longer, "E-0031")
		by := townhall.Unproven(who)
		if fresh {
			by = townhall.Caller(who)
		}
		_, err := d.GrantExtension(t.Context(), x.ID, "", by)
		if err != nil {
			if _, deny := d.DenyExtension(t.Context(), x.ID, "今日は終わりにします", townhall.Caller("ito")); deny != nil {
				t.Error(deny)
			}
		}
		return err
	}
	want(t, "31 minutes", grant(31*time.Minute, "ito", true), "forbidden")
	want(t, "20 minutes", grant(20*time.Minute, "ito", false), "")
	want(t, "10 minutes and a millisecond", grant(10*time.Minute+time.Millisecond, "ito", true), "forbidden")
	want(t, "10 minutes", grant(10*time.Minute, "ito", false), "")
	want(t, "one more", grant(time.Minute, "ito", true), "forbidden")
	if err := grant(time.Minute, "head", false); !errors.Is(err, act.ErrProofNeeded) {
		t.Errorf("the head without fresh authentication: %v", err)
	}
	want(t, "the head", grant(29*time.Minute, "head", true), "")
	want(t, "the requester", grant(time.Minute, "kato", true), "forbidden")
	want(t, "the second approver", grant(time.Minute, "deputy", true), "")
	_, err := d.AskExtension(t.Context(), w, time.Minute, "あと少し", townhall.Caller("E-0031"))
	wantProblem(t, "longer than the longest window and what is delegated", err, "too-long")
	var all []store.Extension
	err = h.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		all, err = s.Extensions(store.ExtensionFilter{Window: w, States: []store.ExtensionState{store.ExtensionGranted}})
		return err
	})
	if err != nil || len(all) != 4 || all[0].Role != policy.SecondApprover || all[1].Role != policy.Approver {
		t.Errorf("%+v, %v", all, err)
	}
}

// A conditional approval narrows what the attendant may grant.
func TestExtensionAsConditionsLeaveIt(t *testing.T) {
	h, d := desk(t)
	delegates(t, h, "map", 30*time.Minute)
	limit := int64(10 * time.Minute / time.Millisecond)
	no := submit(t, d, simple(), "kato")
	out, err := d.Approve(t.Context(), no, requests.Approval{Because: townhall.Because(), Conditions: store.Conditions{ExtensionLimitMS: &limit}}, townhall.Caller("head"))
	if err != nil {
		t.Fatal(err)
	}
	w := out.Windows[0]
	want(t, "open", post(h).Open(t.Context(), w, townhall.Caller("ito")), "")
	h.Pass(time.Hour)
	x := ask(t, d, w, 11*time.Minute, "E-0031")
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("ito"))
	want(t, "11 of 10 minutes", err, "forbidden")
	_, err = d.DenyExtension(t.Context(), x.ID, "長すぎます", townhall.Caller("ito"))
	want(t, "deny", err, "")
	x = ask(t, d, w, 10*time.Minute, "E-0031")
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("ito"))
	want(t, "10 of 10 minutes", err, "")
}

// A freeze stops approvals, and an extension is one. Declining is allowed.
func TestNothingIsExtendedWhileFrozen(t *testing.T) {
	h, d, w, _ := running(t, 30*time.Minute)
	x := ask(t, d, w, 10*time.Minute, "E-0031")
	change(t, h, func(tx *store.Tx) error {
		return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeVendor, Subject: "V-012", By: "head", Since: h.Now(), Reason: "調査"})
	})
	for _, who := range []string{"ito", "head", "deputy"} {
		_, err := d.GrantExtension(t.Context(), x.ID, "", townhall.Caller(who))
		want(t, who, err, "frozen")
	}
	_, err := d.DenyExtension(t.Context(), x.ID, "凍結中", townhall.Caller("head"))
	want(t, "denied", err, "")
}

func TestWhoMayAskAndForHowLong(t *testing.T) {
	h, d := desk(t)
	_, w := granted(t, d)
	try := func(by time.Duration, reason, who string) error {
		x, err := d.AskExtension(t.Context(), w, by, reason, townhall.Caller(who))
		if err == nil {
			_, err = d.DenyExtension(t.Context(), x.ID, "no", townhall.Caller("head"))
		}
		return err
	}
	h.Pass(time.Hour - time.Millisecond)
	want(t, "before the start", try(time.Minute, "x", "E-0031"), "too-early")
	h.Pass(time.Millisecond)
	want(t, "at the start", try(time.Minute, "x", "E-0031"), "")
	wantProblem(t, "too short", try(time.Minute-time.Millisecond, "x", "E-0031"), "extension-length")
	wantProblem(t, "too long", try(8*time.Hour+time.Millisecond, "x", "E-0031"), "extension-length")
	wantProblem(t, "longer than a window may be", try(31*time.Minute, "x", "E-0031"), "too-long")
	want(t, "as long as a window may be", try(30*time.Minute, "x", "E-0031"), "")
	change(t, h, func(tx *store.Tx) error {
		s, err := tx.System("map")
		s.MaxWindow = 9 * time.Hour
		return errors.Join(err, tx.PutSystem(s))
	})
	want(t, "eight hours", try(8*time.Hour, "x", "E-0031"), "")
	wantProblem(t, "no reason", try(time.Minute, "", "E-0031"), "reason-required")
	wantProblem(t, "an escape", try(time.Minute, "\x1b[2J", "E-0031"), "control-character")
	want(t, "another vendor's engineer", try(time.Minute, "x", "E-0040"), "forbidden")
	want(t, "the auditor", try(time.Minute, "x", "mori"), "forbidden")
	want(t, "the requester", try(time.Minute, "x", "kato"), "")
	want(t, "closing", post(h).Cut(t.Context(), w, "止めます", townhall.Caller("head")), "")
	want(t, "a window that was cut", try(time.Minute, "x", "E-0031"), "window-over")
}

// Of two who grant at the same moment one does, and the end moves once.
func TestTwoGrantAtTheSameMoment(t *testing.T) {
	h, d, w, end := running(t, time.Hour)
	x := ask(t, d, w, 15*time.Minute, "E-0031")
	people := []string{"ito", "head", "deputy", "ito"}
	errs := make([]error, len(people))
	var all sync.WaitGroup
	for i, who := range people {
		all.Go(func() {
			_, errs[i] = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller(who))
		})
	}
	all.Wait()
	granted := 0
	for _, err := range errs {
		if err == nil {
			granted++
		} else if townhall.Reason(err) != "already-decided" {
			t.Error(err)
		}
	}
	if granted != 1 || !window(t, d, w).End.Equal(end.Add(15*time.Minute)) {
		t.Errorf("%d granted, ends %s", granted, window(t, d, w).End)
	}
	if kinds := h.Kinds(t, x.ID); len(kinds) != 2 {
		t.Error(kinds)
	}
}

// An extension runs neither into the next window of an exclusive system nor into a no-work time.
func TestExtensionMeetsWhatComesNext(t *testing.T) {
	h, d := desk(t)
	first := hr()
	no := submit(t, d, first, "kato")
	approve(t, d, no, "head")
	w := approve(t, d, no, "deputy").Windows[0]
	next := hr()
	next.Start, next.End = first.End.Add(20*time.Minute), first.End.Add(time.Hour)
	no = submit(t, d, next, "kato")
	approve(t, d, no, "head")
	approve(t, d, no, "deputy")
	toInstant(h, first.Start)
	_, err := d.AskExtension(t.Context(), w, 20*time.Minute+time.Millisecond, "x", townhall.Caller("E-0031"))
	wantProblem(t, "into the next window", err, "overlap")
	x := ask(t, d, w, 20*time.Minute, "E-0031")
	change(t, h, func(tx *store.Tx) error {
		return tx.PutNoWork([]policy.NoWork{{System: "hr", From: first.End.Add(20*time.Minute - time.Millisecond), Until: first.End.Add(time.Hour), Reason: "給与支給日"}})
	})
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("head"))
	wantProblem(t, "into a no-work time", err, "no-work")
	change(t, h, func(tx *store.Tx) error {
		return tx.PutNoWork([]policy.NoWork{{System: "hr", From: first.End.Add(20 * time.Minute), Until: first.End.Add(time.Hour), Reason: "給与支給日"}})
	})
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("head"))
	want(t, "up to it", err, "")
}

// Two people approved an hour and a half. One of them cannot make it a night: no window becomes longer than the longest request plus
// the delegated time.
func TestAttackTheHeadExtendsWithoutEnd(t *testing.T) {
	h, d := desk(t)
	no := submit(t, d, hr(), "kato")
	approve(t, d, no, "head")
	w := approve(t, d, no, "deputy").Windows[0]
	before := window(t, d, w)
	toInstant(h, before.Start)
	_, err := d.AskExtension(t.Context(), w, 8*time.Hour, "まだ終わらない", townhall.Caller("E-0031"))
	wantProblem(t, "eight hours more", err, "too-long")
	x := ask(t, d, w, 2*time.Hour, "E-0031")
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("head"))
	want(t, "two hours more", err, "")
	_, err = d.AskExtension(t.Context(), w, 8*time.Hour, "まだ終わらない", townhall.Caller("E-0031"))
	wantProblem(t, "and eight more", err, "too-long")
	if after := window(t, d, w); after.End.Sub(after.Start) > 4*time.Hour {
		t.Errorf("%s became %s", before.End.Sub(before.Start), after.End.Sub(after.Start))
	}
	// The rule became stricter between wish and answer.
	x = ask(t, d, w, 15*time.Minute, "E-0031")
	change(t, h, func(tx *store.Tx) error {
		s, err := tx.System("hr")
		s.MaxWindow = time.Hour
		return errors.Join(err, tx.PutSystem(s))
	})
	for _, who := range []string{"head", "deputy"} {
		_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller(who))
		want(t, who, err, "feature-not-granted")
	}
	_, err = d.DenyExtension(t.Context(), x.ID, "終わりにする", townhall.Caller("head"))
	want(t, "denied", err, "")
}

// Work after office hours needs a second approver here. A request that ends with office hours had one approval; only a second approver
// makes it longer, not the attendant or the head.
func TestAttackAnExtensionIntoTheNight(t *testing.T) {
	h, d, w, end := running(t, 30*time.Minute)
	change(t, h, func(tx *store.Tx) error {
		i, err := tx.Institution()
		shut := end.In(townhall.Zone)
		for day := range i.Hours {
			i.Hours[day] = policy.Hours{Until: time.Duration(shut.Hour())*time.Hour + time.Duration(shut.Minute()+10)*time.Minute}
		}
		s, other := tx.System("map")
		s.SecondWhen = []policy.SecondRule{policy.SecondOutsideHours}
		return errors.Join(err, other, tx.PutInstitution(i), tx.PutSystem(s))
	})
	x := ask(t, d, w, 10*time.Minute, "E-0031")
	_, err := d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("ito"))
	want(t, "within office hours", err, "")
	x = ask(t, d, w, 15*time.Minute, "E-0031")
	for _, who := range []string{"ito", "head"} {
		_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller(who))
		want(t, who+" extends into the night", err, "forbidden")
		var denied *policy.Denied
		if errors.As(err, &denied) && denied.Args["role"] != "extension-second" {
			t.Errorf("%s: it does not say who may: %v", who, denied.Args)
		}
	}
	_, err = d.DenyExtension(t.Context(), x.ID, "今夜はここまで", townhall.Caller("head"))
	want(t, "the head says no to the night", err, "")
	x = ask(t, d, w, 15*time.Minute, "E-0031")
	changeHead(t, h, func(tx *store.Tx, p store.Person) error { // the approver of the request, with any further role
		p.Roles = append(p.Roles, policy.SecondApprover)
		return tx.PutPerson(p)
	})
	_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("head"))
	want(t, "the first approver as the second", err, "same-second-approver")
	got, err := d.GrantExtension(t.Context(), x.ID, "", townhall.Caller("deputy"))
	want(t, "the second approver", err, "")
	if got.Role != policy.SecondApprover {
		t.Errorf("granted as %s", got.Role)
	}
}

// The offers on a wish say what the acts then do: an offer is open exactly where the person's answer is taken, with a proof where one
// is needed, and a closed one names the refusal.
func TestOffersOfAnExtensionSayWhatTheActsDo(t *testing.T) {
	people := []string{"ito", "head", "deputy", "kato", "mori", "E-0031", "E-0040"}
	for name, c := range map[string]struct {
		by    time.Duration
		spoil func(t *testing.T, h *townhall.Hall, end time.Time)
		open  bool // at least one person may grant
	}{
		"within what is delegated": {10 * time.Minute, nil, true},
		"beyond it":                {31 * time.Minute, nil, true},
		"while frozen": {10 * time.Minute, func(t *testing.T, h *townhall.Hall, _ time.Time) {
			change(t, h, func(tx *store.Tx) error {
				return tx.AddFreeze(policy.Freeze{ID: "I-001", Scope: policy.FreezeVendor, Subject: "V-012", By: "head", Since: h.Now(), Reason: "調査"})
			})
		}, false},
		"into a no-work time": {10 * time.Minute, func(t *testing.T, h *townhall.Hall, end time.Time) {
			change(t, h, func(tx *store.Tx) error {
				return tx.PutNoWork([]policy.NoWork{{From: end, Until: end.Add(time.Hour), Reason: "開票"}})
			})
		}, false},
		"after the end": {10 * time.Minute, func(t *testing.T, h *townhall.Hall, end time.Time) { toInstant(h, end) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			granted := 0
			for _, who := range people {
				for _, answer := range []string{"grant", "deny"} {
					h, d, w, end := running(t, 30*time.Minute)
					x := ask(t, d, w, c.by, "E-0031")
					if c.spoil != nil {
						c.spoil(t, h, end)
					}
					open, reason := offeredOn(t, h, x.ID, who, answer)
					var err error
					if answer == "grant" {
						_, err = d.GrantExtension(t.Context(), x.ID, "", townhall.Caller(who))
					} else {
						_, err = d.DenyExtension(t.Context(), x.ID, "今日はここまで", townhall.Caller(who))
					}
					if open != (err == nil) {
						t.Errorf("%s of %s is offered as %v (%s), and then %v", answer, who, open, reason, err)
					}
					var denied *policy.Denied
					// A person who may not call the act at all is turned away by the door, before the rule is asked.
					if errors.As(err, &denied) && reason != string(denied.Reason) && reason != string(policy.Forbidden) {
						t.Errorf("%s of %s is closed by %s, and refused as %s", answer, who, reason, denied.Reason)
					}
					if open && answer == "grant" {
						granted++
					}
				}
			}
			if c.open != (granted > 0) {
				t.Errorf("%d people may grant", granted)
			}
		})
	}
}

func offeredOn(t *testing.T, h *townhall.Hall, id, who, answer string) (open bool, reason string) {
	t.Helper()
	err := h.DB.Read(t.Context(), func(s *store.Snap) error {
		p, err := s.Person(who)
		if err != nil {
			return err
		}
		for _, o := range requests.OnExtension.Offers(s, p.Person, id) {
			if o.Act == answer {
				open, reason = o.Open, o.Reason
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return open, reason
}
