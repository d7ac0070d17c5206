package attendance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/attendance"
	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// office is a hall whose map system has a checklist and a rule for backups, and a second attendant, abe. The window
// begins an hour after the hall opens and lasts an hour.
type office struct {
	*townhall.Hall
	t      *testing.T
	desk   *requests.Desk
	post   *attendance.Service
	no     string
	window string
	ended  []policy.Reason // the reasons for which live sessions of the window were cut
	heard  int
}

// identity: the system asks for the three digits.
func newOffice(t *testing.T, identity bool) *office {
	t.Helper()
	o := &office{Hall: townhall.Open(t), t: t}
	text := strings.NewReplacer(
		"  - {login: mori,", "  - {login: abe, name: 立会者B, section: personnel, roles: [attendant]}\n  - {login: mori,",
		"line: none, attendance: on-call, max_window: 90m", fmt.Sprintf("line: none, identity_check: %v, ", identity)+`max_window: 90m, backup_age: 24h, checklist: {version: 4, title: 立会い手順書, steps: [
      {id: lan, ja: 庁内網の切断を確かめた, en: the office network is cut}, {id: note, ja: 一言, en: a word, mandatory: false},
      {id: line, ja: 回線をつないだ, en: the line is connected}, {id: off, ja: 回線を外した, en: the line is off, phase: close}, {id: back, ja: 庁内網を戻した, en: the network is back, phase: close}]}`,
	).Replace(townhall.Registry(t))
	o.Apply(t, text, "admin")
	o.desk = requests.New(requests.Options{DB: o.DB, Acts: o.Runner(), Zone: townhall.Zone})
	o.post = attendance.New(attendance.Options{
		DB: o.DB, Acts: o.Runner(), Ring: o.Keys, Zone: townhall.Zone,
		Application: func(s *store.Snap, no string) (policy.Application, error) {
			v, err := requests.Application(s, no, townhall.Zone)
			v.Runtime = policy.Runtime{Clock: policy.ClockTrusted, Recorder: policy.RecorderReady}
			return v, err
		},
		End:   func(_ string, r policy.Reason, _ ledger.Actor, _ string) { o.ended = append(o.ended, r) },
		Heard: func(string) { o.heard++ },
	})
	f := simple()
	f.Attendant = "ito"
	o.no = submit(t, o.desk, f, "kato")
	o.window = approve(t, o.desk, o.no, "head").Windows[0]
	return o
}

func (o *office) tick(step, by string) error {
	return o.post.Tick(o.t.Context(), o.window, step, store.MethodSeen, townhall.Caller(by))
}

func (o *office) open() error { return o.post.Open(o.t.Context(), o.window, townhall.Caller("ito")) }

func (o *office) backup(age time.Duration, ok bool) error {
	return o.post.Backup(o.t.Context(), o.window, policy.Backup{At: o.Now().Add(-age), How: policy.BackupByHand, OK: ok}, "夜間処理の異常", townhall.Caller("ito"))
}

// prepare does everything that an opening asks for.
func (o *office) prepare() {
	o.t.Helper()
	want(o.t, "tick lan", o.tick("lan", "ito"), "")
	want(o.t, "tick line", o.tick("line", "ito"), "")
	want(o.t, "backup", o.backup(time.Hour, true), "")
}

func (o *office) row() (w store.Window) {
	o.t.Helper()
	if err := o.DB.Read(o.t.Context(), func(s *store.Snap) (err error) { w, err = s.Window(o.window); return err }); err != nil {
		o.t.Fatal(err)
	}
	return w
}

// has tells that an error is about the form, with the code.
func has(t *testing.T, what string, err error, code string) {
	t.Helper()
	var bad *forms.Invalid
	if !errors.As(err, &bad) || !bad.Has(code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// R10: unticked mandatory step: cannot open. The order is compulsory, and everybody is named.
func TestAChecklistIsTickedInItsOrderBeforeTheOpening(t *testing.T) {
	o := newOffice(t, false)
	o.Pass(time.Hour)
	want(t, "backup", o.backup(time.Hour, true), "")
	err := o.open()
	has(t, "open with nothing ticked", err, "step-unticked")
	for _, named := range []string{"庁内網の切断を確かめた", "回線をつないだ"} {
		if bad := new(forms.Invalid); !errors.As(err, &bad) || !strings.Contains(bad.Text("ja"), named) {
			t.Errorf("%v does not name %s", err, named)
		}
	}
	for _, by := range []string{"head", "kato", "deputy", "abe", "E-0031"} { // abe attends, but the request names ito
		want(t, "ticked by "+by, o.tick("lan", by), "forbidden")
	}
	has(t, "out of order", o.tick("line", "ito"), "step-unticked")
	has(t, "no such step", o.tick("lam", "ito"), "unknown-step")
	has(t, "a step of the close", o.tick("off", "ito"), "not-opened")
	want(t, "first", o.tick("lan", "ito"), "")
	has(t, "twice", o.tick("lan", "ito"), "already-ticked")
	has(t, "open with one missing", o.open(), "step-unticked")
	want(t, "over the optional one", o.tick("line", "ito"), "")
	want(t, "open", o.open(), "")
	want(t, "an optional step late", o.tick("note", "ito"), "")
	has(t, "a step of the close before the end", o.tick("off", "ito"), "after-the-end")
	o.Pass(time.Hour - time.Millisecond)
	has(t, "1 ms before the end", o.tick("off", "ito"), "after-the-end")
	o.Pass(time.Millisecond)
	has(t, "out of order after the end", o.tick("back", "ito"), "step-unticked")
	want(t, "at the end", o.tick("off", "ito"), "")
	want(t, "the last", o.tick("back", "ito"), "")
	want(t, "a step of the opening after the end", o.tick("lan", "ito"), "window-over")
	v, err := o.post.Show(t.Context(), o.window, true)
	if err != nil || len(v.Steps) != 5 {
		t.Fatalf("%+v, %v", v.Steps, err)
	}
	for _, s := range v.Steps {
		if s.Tick == nil || s.Tick.By != "ito" || s.Tick.Method != store.MethodSeen || s.Tick.At.IsZero() {
			t.Errorf("%s: %+v", s.ID, s.Tick)
		}
	}
	kinds := []string{"request.approved", "window.backup-stated", "window.step-ticked", "window.step-ticked", "window.opened", "window.permitted",
		"window.step-ticked", "window.step-ticked", "window.step-ticked"}
	if got := slices.DeleteFunc(o.Kinds(t, o.window), func(kind string) bool { return kind == "access.refused" }); !slices.Equal(got, kinds) {
		t.Errorf("the ledger tells %v", got)
	}
}

// newVersion puts another version of the checklist in force.
func (o *office) newVersion() {
	o.t.Helper()
	err := o.DB.Write(o.t.Context(), func(tx *store.Tx) error {
		s, err := tx.System("map")
		if err != nil {
			return err
		}
		s.Checklist.Version++
		if err := tx.PutSystem(s); err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "test.changed", Actor: townhall.By("admin")})
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func TestANewVersionOfTheChecklistVoidsTheTicks(t *testing.T) {
	o := newOffice(t, false)
	o.prepare()
	o.newVersion()
	has(t, "open on ticks of version 4", o.open(), "step-unticked")
	v, err := o.post.Show(t.Context(), o.window, false)
	if err != nil || v.Voided != 2 || v.Steps[0].Tick != nil {
		t.Errorf("%d voided, %v", v.Voided, err)
	}
	o.prepare()
	want(t, "open", o.open(), "")
}

// R19: a backup older than the rule stops the start with 123, unless the head says why not.
func TestABackupHasAnAge(t *testing.T) {
	o := newOffice(t, false)
	want(t, "tick", o.tick("lan", "ito"), "")
	want(t, "tick", o.tick("line", "ito"), "")
	want(t, "none stated", o.open(), "backup-too-old")
	if cause := causeOf(t, o); !strings.Contains(cause, "backup") {
		t.Errorf("the item says %q", cause)
	}
	for _, c := range []struct {
		what    string
		age     time.Duration
		ok, may bool
	}{
		{"a day and 1 ms old", 24*time.Hour + time.Millisecond, true, false},
		{"failed", time.Hour, false, false},
	} {
		want(t, c.what, o.backup(c.age, c.ok), "")
		var stopped *attendance.Stopped
		if err := o.open(); !errors.As(err, &stopped) || stopped.Item.Code != policy.ItemBackup || stopped.Item.Reason != policy.BackupTooOld {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	has(t, "in the future", o.backup(-time.Millisecond, true), "in-the-future")
	has(t, "an unknown way", o.post.Backup(t.Context(), o.window, policy.Backup{At: o.Now(), How: "tape", OK: true}, "", townhall.Caller("ito")), "unknown-word")
	has(t, "a person who says automatic", o.post.Backup(t.Context(), o.window, policy.Backup{At: o.Now(), How: policy.BackupAutomatic, OK: true}, "", townhall.Caller("ito")), "no-sensor")
	has(t, "a person who says sensor", o.post.Tick(t.Context(), o.window, "lan", store.MethodSensor, townhall.Caller("ito")), "no-sensor")
	has(t, "failed without a reason", o.post.Backup(t.Context(), o.window, policy.Backup{At: o.Now(), How: policy.BackupByHand}, "", townhall.Caller("ito")), "reason-required")
	want(t, "stated by the head", o.post.Backup(t.Context(), o.window, policy.Backup{At: o.Now(), How: policy.BackupByHand, OK: true}, "", townhall.Caller("head")), "forbidden")
	want(t, "exactly a day old", o.backup(24*time.Hour, true), "")
	want(t, "open", o.open(), "")
	kinds := o.Kinds(t, o.window)
	if n := len(slices.DeleteFunc(kinds, func(k string) bool { return k != "window.start-stopped" })); n != 3 {
		t.Errorf("%d stops in the ledger", n)
	}
}

// causeOf is what the item of the backup says now.
func causeOf(t *testing.T, o *office) string {
	t.Helper()
	v, err := o.post.Show(t.Context(), o.window, true)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(v.Items, func(c policy.CheckItem) bool { return c.Code == policy.ItemBackup })
	if i < 0 || v.Items[i].State != policy.ItemUnmet {
		t.Fatalf("%+v", v.Items)
	}
	return v.Items[i].Cause.EN
}

func TestTheHeadOverridesABackup(t *testing.T) {
	o := newOffice(t, false)
	want(t, "tick", o.tick("lan", "ito"), "")
	want(t, "tick", o.tick("line", "ito"), "")
	override := func(code, reason, by string) error {
		return o.post.Override(t.Context(), o.window, code, reason, townhall.Caller(by))
	}
	has(t, "without a reason", override("backup", "", "head"), "reason-required")
	has(t, "of what cannot be", override("pledge", "急ぐ", "head"), "unknown-word")
	for _, by := range []string{"ito", "kato", "mori", "admin", "E-0031"} {
		want(t, "by "+by, override("backup", "急ぐ", by), "forbidden")
	}
	want(t, "another item is let go", override("reviews", "点検を始めた", "head"), "")
	want(t, "which does not speak for the backup", o.open(), "backup-too-old")
	want(t, "by the head", override("backup", "前夜の保存先を別に確認した", "head"), "")
	want(t, "open", o.open(), "")
	if got := o.row().Overrides; !slices.Equal(slices.Sorted(slices.Values(got)), []string{"backup", "reviews"}) {
		t.Errorf("overrides %v", got)
	}
	if got := o.Kinds(t, o.window); !slices.Contains(got, "window.overridden") {
		t.Errorf("the ledger tells %v", got)
	}
}

// An item that turned unmet after the approval stops the start, is named and is ledgered; at the permission as at the opening.
func TestCheckItemsAreAskedAgainAtOpeningAndPermission(t *testing.T) {
	o := newOffice(t, true)
	o.prepare()
	o.Pass(time.Hour)
	contract := func(until time.Time) {
		t.Helper()
		err := o.DB.Write(t.Context(), func(tx *store.Tx) error {
			v, err := tx.Vendor("V-012")
			if err != nil {
				return err
			}
			v.ContractUntil = until
			if err := tx.PutVendor(v); err != nil {
				return err
			}
			_, err = tx.Append(ledger.Draft{Kind: "test.changed", Actor: townhall.By("admin")})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stops := func(what string, err error) {
		t.Helper()
		var stopped *attendance.Stopped
		if !errors.As(err, &stopped) || stopped.Item.Code != policy.ItemContract || !strings.Contains(stopped.Error(), "contract") {
			t.Errorf("%s: %v", what, err)
		}
		kinds := o.Kinds(t, o.window)
		if kinds[len(kinds)-1] != "window.start-stopped" {
			t.Errorf("%s: the ledger tells %v", what, kinds)
		}
	}
	long := townhall.Start.AddDate(1, 0, 0)
	contract(townhall.Start.Add(90 * time.Minute)) // within the window
	stops("open", o.open())
	if o.row().State != policy.WindowScheduled {
		t.Errorf("the window is %s", o.row().State)
	}
	contract(long)
	want(t, "open", o.open(), "")
	shown(t, o.Hall, o.window, "E-0031", "317")
	want(t, "identity", o.post.Identity(t.Context(), o.window, attendance.IdentityAnswer{Digits: "317"}, townhall.Caller("ito")), "")
	contract(townhall.Start.Add(90 * time.Minute))
	stops("permit", o.post.Permit(t.Context(), o.window, townhall.Caller("ito")))
	contract(long)
	o.newVersion()
	has(t, "permit on ticks of an older version", o.post.Permit(t.Context(), o.window, townhall.Caller("ito")), "step-unticked")
	want(t, "tick", o.tick("lan", "ito"), "")
	want(t, "tick", o.tick("line", "ito"), "")
	want(t, "permit", o.post.Permit(t.Context(), o.window, townhall.Caller("ito")), "")
	if w := o.row(); w.State != policy.WindowPermitted || !w.Present.Equal(o.Now()) {
		t.Errorf("%s, present %v", w.State, w.Present)
	}
}

func TestThePermissionIsTakenBack(t *testing.T) {
	for _, c := range []struct {
		name, by string
		identity bool
		cause    policy.Reason
	}{
		{"by the attendant", "ito", false, policy.CutByAttendant},
		{"by the head", "head", false, policy.CutByAuthority},
		{"where identity is checked", "ito", true, policy.CutByAttendant},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t, c.identity)
			o.prepare()
			o.Pass(time.Hour)
			want(t, "open", o.open(), "")
			if c.identity {
				want(t, "nothing to take back", o.post.Unpermit(t.Context(), o.window, "", townhall.Caller("ito")), "stale-page")
				shown(t, o.Hall, o.window, "E-0031", "317")
				want(t, "identity", o.post.Identity(t.Context(), o.window, attendance.IdentityAnswer{Digits: "317"}, townhall.Caller("ito")), "")
				want(t, "permit", o.post.Permit(t.Context(), o.window, townhall.Caller("ito")), "")
			}
			for _, by := range []string{"kato", "abe"} {
				want(t, "by "+by, o.post.Unpermit(t.Context(), o.window, "", townhall.Caller(by)), "forbidden")
			}
			want(t, "unpermit", o.post.Unpermit(t.Context(), o.window, "予定外", townhall.Caller(c.by)), "")
			if w := o.row(); w.State != policy.WindowAttended || w.Attendant != "ito" || !w.PermittedAt.IsZero() || !slices.Equal(o.ended, []policy.Reason{c.cause}) {
				t.Errorf("%+v, sessions ended for %v", w, o.ended)
			}
			want(t, "the post is not free", o.open(), "stale-page")
			want(t, "permitted again", o.post.Permit(t.Context(), o.window, townhall.Caller("ito")), "")
			if w := o.row(); w.State != policy.WindowPermitted || w.PermittedBy != "ito" {
				t.Errorf("%+v", w)
			}
		})
	}
}

// asksIdentity changes the system's rule, as a confirmed change of the registry does.
func (o *office) asksIdentity(yes bool) {
	o.t.Helper()
	err := o.DB.Write(o.t.Context(), func(tx *store.Tx) error {
		sys, err := tx.System("map")
		sys.IdentityCheck = yes
		_, written := tx.Append(townhall.Draft("test.changed"))
		return errors.Join(err, tx.PutSystem(sys), written)
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// A token alone takes a post, and never permits a start, under the rule before and under the one after.
func TestAttackOpeningWithATokenAloneAroundAChangeOfTheRule(t *testing.T) {
	o := newOffice(t, true)
	o.prepare()
	o.Pass(time.Hour)
	o.asksIdentity(false) // after the door looked
	before := o.Kinds(t, o.window)
	if err := o.post.Open(t.Context(), o.window, townhall.Unproven("ito")); !errors.Is(err, act.ErrProofNeeded) {
		t.Errorf("it would permit the start: %v", err)
	}
	if w := o.row(); w.State != policy.WindowScheduled || w.Attendant != "" {
		t.Errorf("%+v", w)
	}
	if got := o.Kinds(t, o.window); !slices.Equal(got, before) {
		t.Errorf("the ledger tells %v", got)
	}
	want(t, "somebody who may not attend, who is told that instead", o.post.Open(t.Context(), o.window, townhall.Unproven("kato")), "forbidden")
	o.asksIdentity(true)
	want(t, "where the identity check comes first", o.post.Open(t.Context(), o.window, townhall.Unproven("ito")), "")
	o.asksIdentity(false) // the permission is still an act of its own, and proven
	if w := o.row(); w.State != policy.WindowAttended || !w.PermittedAt.IsZero() {
		t.Errorf("%+v", w)
	}
	want(t, "permit", o.post.Permit(t.Context(), o.window, townhall.Caller("ito")), "")
	if w := o.row(); w.State != policy.WindowPermitted || w.PermittedBy != "ito" {
		t.Errorf("%+v", w)
	}
}

// Sessions are ended once the act is committed, when the writer is free again: the supervisor then reads the reason.
func TestSessionsEndAfterTheCommit(t *testing.T) {
	o := newOffice(t, false)
	o.prepare()
	o.Pass(time.Hour)
	var found []policy.WindowState
	post := attendance.New(attendance.Options{DB: o.DB, Acts: o.Runner(), Zone: townhall.Zone, End: func(window string, _ policy.Reason, _ ledger.Actor, _ string) {
		found = append(found, o.row().State)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // held by the act itself, the writer would never be free
		defer cancel()
		undo := errors.New("undo")
		if err := o.DB.Write(ctx, func(*store.Tx) error { return undo }); !errors.Is(err, undo) {
			t.Errorf("the writer while sessions end: %v", err)
		}
	}})
	by := townhall.Caller("ito")
	want(t, "open", o.open(), "")
	want(t, "close by somebody else", post.Close(t.Context(), o.window, "", townhall.Caller("abe")), "forbidden")
	if len(found) != 0 {
		t.Errorf("a refused act ended sessions: %v", found)
	}
	want(t, "unpermit", post.Unpermit(t.Context(), o.window, "", by), "")
	want(t, "cut", post.Cut(t.Context(), o.window, "", by), "")
	if !slices.Equal(found, []policy.WindowState{policy.WindowAttended, policy.WindowCut}) {
		t.Errorf("when sessions ended the window was %v", found)
	}
}
