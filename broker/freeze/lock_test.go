package freeze_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// enrolled takes people through enrolment. So soon after the founding no step needs a second person.
func enrolled(t *testing.T, h *townhall.Hall, people ...string) {
	t.Helper()
	for _, who := range people {
		code := h.Plan.Code
		if who != "admin" {
			c, err := h.Registry.IssueCode(t.Context(), who, townhall.By("admin"))
			if err != nil {
				t.Fatal(err)
			}
			code = c.Text
		}
		e, err := h.Registry.BeginEnrol(t.Context(), code, "")
		if err != nil {
			t.Fatal(err)
		}
		now, err := registry.CodeAt(e.Secret, h.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Registry.FinishEnrol(t.Context(), code, registry.EnrolInput{Password: "correct horse battery", Code: now, Via: "cli"}); err != nil {
			t.Fatal(err)
		}
	}
}

func problem(err error) string {
	var bad *forms.Invalid
	if errors.As(err, &bad) {
		return bad.Problems[0].Code
	}
	return townhall.Reason(err)
}

// The attack: one person who may press a lock locks everyone who could release it.
func TestAttackLockEverybodyWhoCouldRelease(t *testing.T) {
	h, f := open(t)
	enrolled(t, h, "admin", "deputy", "mori", "head", "kato")
	by := townhall.Caller("kato")
	for _, step := range []struct{ who, want string }{
		{"sato", ""}, {"ito", ""}, // not among those who release
		{"deputy", ""}, {"mori", ""},
		{"admin", "last-to-release"}, // the last of the information-systems section
		{"head", "last-to-release"},  // the last second person
		{"kato", "own-lock"},
	} {
		if got := problem(f.LockPerson(t.Context(), step.who, "", by)); got != step.want {
			t.Errorf("lock %s: %q, want %q", step.who, got, step.want)
		}
	}
	// The others can still release.
	want(t, "first", f.UnlockPerson(t.Context(), "deputy", "", townhall.Caller("head")), "")
	want(t, "second", f.UnlockPerson(t.Context(), "deputy", "", townhall.Caller("admin")), "")
	want(t, "now another is left", f.LockPerson(t.Context(), "admin", "", by), "")
}

// Two people lift at the same time: each counts once, and a third act finds it lifted.
func TestTwoLiftAtTheSameMoment(t *testing.T) {
	h, f := open(t)
	want(t, "lock", f.LockPerson(t.Context(), "sato", "", townhall.Caller("ito")), "")
	id, err := f.On(t.Context(), policy.FreezeAll, "", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	people := []string{"head", "deputy", "admin", "mori"}
	locks, freezes := make([]string, len(people)), make([]string, len(people))
	var all sync.WaitGroup
	for i, who := range people {
		all.Go(func() { locks[i] = townhall.Reason(f.UnlockPerson(t.Context(), "sato", "", townhall.Caller(who))) })
		all.Go(func() {
			_, err := f.Lift(t.Context(), id, "", townhall.Caller(who))
			freezes[i] = townhall.Reason(err)
		})
	}
	all.Wait()
	for what, got := range map[string][]string{"lock": locks, "freeze": freezes} {
		slices.Sort(got)
		if !slices.Equal(got, []string{"", "", "already-decided", "already-decided"}) {
			t.Errorf("%s: %q", what, got)
		}
	}
	kinds := h.Kinds(t, "E-0031")
	if n := strings.Count(strings.Join(kinds, " "), "person.unlocked"); n != 1 {
		t.Errorf("unlocked %d times: %v", n, kinds)
	}
}

// An agreement that no longer counts leaves one of the two missing.
func TestAnAgreementOfSomebodyLockedSinceDoesNotCount(t *testing.T) {
	h, f := open(t)
	want(t, "lock", f.LockVendor(t.Context(), "reiji", "", townhall.Caller("ito")), "")
	want(t, "first", f.UnlockVendor(t.Context(), "reiji", "", townhall.Caller("admin")), "")
	want(t, "lock of who agreed", f.LockPerson(t.Context(), "admin", "", townhall.Caller("ito")), "")
	want(t, "second", f.UnlockVendor(t.Context(), "reiji", "", townhall.Caller("deputy")), "")
	if got := told(t, h); got != "vendor-locked" {
		t.Errorf("one agreement lifted a lock: %s", got)
	}
	want(t, "third", f.UnlockVendor(t.Context(), "reiji", "", townhall.Caller("head")), "")
	if got := told(t, h); got != "no-grant" {
		t.Errorf("two agreements did not: %s", got)
	}
}

func TestTheReasonFollows(t *testing.T) {
	h, f := open(t)
	id, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller("kato"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "note", f.Note(t.Context(), id, "不審な出力", townhall.Caller("kato")), "")
	want(t, "more", f.Note(t.Context(), id, "連絡済み", townhall.Caller("ito")), "")
	if got := problem(f.Note(t.Context(), id, " ", townhall.Caller("ito"))); got != "required" {
		t.Errorf("an empty note: %q", got)
	}
	most := 1000 - len([]rune("不審な出力 / 連絡済み / "))
	for _, c := range []struct {
		length int
		want   string
	}{{most + 1, "too-long"}, {most, ""}, {1, "too-long"}} {
		if got := problem(f.Note(t.Context(), id, strings.Repeat("あ", c.length), townhall.Caller("ito"))); got != c.want {
			t.Errorf("%d more characters: %q, want %q", c.length, got, c.want)
		}
	}
	st, err := f.One(t.Context(), id)
	if err != nil || !strings.HasPrefix(st.Reason, "不審な出力 / 連絡済み / あ") {
		t.Errorf("%q, %v", st.Reason, err)
	}
	want(t, "lock", f.LockPerson(t.Context(), "sato", "", townhall.Caller("ito")), "")
	want(t, "note on a lock", f.NotePerson(t.Context(), "sato", "端末の紛失", townhall.Caller("kato")), "")
	want(t, "note where no lock is", f.NotePerson(t.Context(), "kimura", "x", townhall.Caller("kato")), "already-decided")
	want(t, "note by an engineer", f.NotePerson(t.Context(), "sato", "x", townhall.Caller("E-0040")), "forbidden")
	if kinds := h.Kinds(t, "E-0031"); !slices.Contains(kinds, "person.lock-noted") {
		t.Errorf("the ledger tells %v", kinds)
	}
}

func TestADrillTakesTwoToBegin(t *testing.T) {
	h, f := open(t)
	id, err := f.AskDrill(t.Context(), policy.FreezeAll, "", "年次訓練", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	if st, err := f.One(t.Context(), id); err != nil || st.State() != freeze.DrillAsked {
		t.Errorf("%s, %v", st.State(), err)
	}
	if list, err := f.Status(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("asked for, and in force: %+v, %v", list, err)
	}
	_, err = f.Lift(t.Context(), id, "", townhall.Caller("head"))
	want(t, "lift what has not begun", err, `freeze "I-001": not found`)
	_, err = f.AgreeDrill(t.Context(), id, townhall.Caller("ito"))
	want(t, "agree alone", err, "self-approval")
	_, err = f.AgreeDrill(t.Context(), id, townhall.Caller("E-0031"))
	want(t, "agree from outside", err, "forbidden")
	st, err := f.AgreeDrill(t.Context(), id, townhall.Caller("kato"))
	if err != nil || st.State() != freeze.Frozen || !st.Drill || st.AgreedBy == "" {
		t.Fatalf("%+v, %v", st, err)
	}
	_, err = f.AgreeDrill(t.Context(), id, townhall.Caller("head"))
	want(t, "agree again", err, "already-decided")
	if got := told(t, h); got != "no-grant" {
		t.Errorf("a drill stopped somebody who takes no part: %s", got)
	}
	// A real freeze needs no agreement, and is another freeze.
	real, err := f.On(t.Context(), policy.FreezeAll, "", "", townhall.Caller("ito"))
	if err != nil {
		t.Fatal(err)
	}
	if got := told(t, h); got != "frozen" {
		t.Errorf("a real freeze during a drill: %s", got)
	}
	for _, who := range []string{"head", "deputy"} {
		if _, err := f.Lift(t.Context(), id, "", townhall.Caller(who)); err != nil {
			t.Error(err)
		}
	}
	if list, err := f.Status(t.Context()); err != nil || len(list) != 1 || list[0].ID != real {
		t.Errorf("after the drill: %+v, %v", list, err)
	}
	if got := h.Kinds(t, id); !slices.Equal(got, []string{"drill.asked", "access.refused", "access.refused", "drill.agreed", "freeze.on", "alarm.raised", "freeze.lift-agreed", "freeze.lifted"}) {
		t.Errorf("the ledger tells %v", got)
	}
}

func TestADrillNobodyAgreedToLapses(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{24*time.Hour - time.Millisecond, ""}, {24 * time.Hour, "already-decided"}, {24*time.Hour + time.Millisecond, "already-decided"}} {
		h, f := open(t)
		id, err := f.AskDrill(t.Context(), policy.FreezeSystem, "hr", "訓練", townhall.Caller("ito"))
		if err != nil {
			t.Fatal(err)
		}
		h.Pass(c.after)
		_, err = f.AgreeDrill(t.Context(), id, townhall.Caller("kato"))
		want(t, c.after.String(), err, c.want)
	}
}

// An alarm goes to the section and to the central desk. An acknowledgement counts for one desk only.
func TestAcknowledgingForTheSectionLeavesTheCentralDeskOpen(t *testing.T) {
	h, f := open(t)
	if _, err := f.On(t.Context(), policy.FreezeSystem, "hr", "", townhall.Caller("ito")); err != nil {
		t.Fatal(err)
	}
	ack := func(who, desk string) string {
		_, err := h.Registry.AckAlarm(t.Context(), "A-0001", registry.Ack{Desk: desk}, townhall.By(who))
		return problem(err)
	}
	openAt := func() (desks []string) {
		err := h.DB.Read(t.Context(), func(s *store.Snap) error {
			a, err := s.Alarm("A-0001")
			for _, d := range a.Desks {
				if d.AckedAt.IsZero() {
					desks = append(desks, d.Desk)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return desks
	}
	if got := openAt(); !slices.Equal(got, []string{"information-systems", "section:personnel"}) {
		t.Fatalf("it went to %v", got)
	}
	for _, c := range []struct{ who, desk, want string }{
		{"E-0031", "", "forbidden"}, {"ito", "information-systems", "forbidden"}, {"ito", "", ""}, {"ito", "", "already-decided"}, {"head", "", "already-decided"},
		{"deputy", "section", "forbidden"},
	} {
		if got := ack(c.who, c.desk); got != c.want {
			t.Errorf("%s for %q: %q, want %q", c.who, c.desk, got, c.want)
		}
	}
	if got := openAt(); !slices.Equal(got, []string{"information-systems"}) {
		t.Errorf("after the section: %v", got)
	}
	if got := ack("deputy", ""); got != "" {
		t.Errorf("the central desk: %q", got)
	}
	if got := h.Kinds(t, "A-0001"); !slices.Equal(got, []string{"alarm.raised", "alarm.acknowledged", "alarm.acknowledged"}) {
		t.Errorf("the ledger tells %v", got)
	}
	// A lock of the information-systems section's own people alarms both desks; one person acknowledges for one.
	want(t, "lock", f.LockPerson(t.Context(), "mori", "", townhall.Caller("ito")), "")
	again := func(who, desk string) string {
		_, err := h.Registry.AckAlarm(t.Context(), "A-0002", registry.Ack{Desk: desk}, townhall.By(who))
		return problem(err)
	}
	for _, c := range []struct{ who, desk, want string }{{"deputy", "", "which-desk"}, {"deputy", "section", ""}, {"deputy", "information-systems", "already-decided"}, {"admin", "", "which-desk"}, {"admin", "information-systems", ""}} {
		if got := again(c.who, c.desk); got != c.want {
			t.Errorf("%s for %q: %q, want %q", c.who, c.desk, got, c.want)
		}
	}
}
