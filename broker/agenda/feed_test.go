package agenda_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	ical "github.com/emersion/go-ical"

	"sekimori/broker/agenda"
	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

// section makes the section's feed and gives the secret of its address.
func (b book) section(lang string) (api.Feed, string) {
	b.t.Helper()
	f, err := b.CreateSection(b.t.Context(), "personnel", lang, townhall.By("kato"))
	if err != nil {
		b.t.Fatal(err)
	}
	m := regexp.MustCompile(`^/calendar/([a-z2-7]{26,})\.ics$`).FindStringSubmatch(f.Path)
	if m == nil {
		b.t.Fatalf("the address is %q", f.Path)
	}
	return f, m[1]
}

func (b book) read(secret string) map[string]ical.Event {
	b.t.Helper()
	text, err := b.Open(b.t.Context(), secret, "192.0.2.7")
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := ical.NewDecoder(bytes.NewReader(text)).Decode()
	if err != nil {
		b.t.Fatal(err)
	}
	events := map[string]ical.Event{}
	for _, e := range c.Events() {
		events[value(b.t, e, ical.PropUID)] = e
	}
	return events
}

func value(t *testing.T, e ical.Event, name string) string {
	t.Helper()
	s, err := e.Props.Text(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func number(t *testing.T, e ical.Event) int {
	t.Helper()
	n, err := e.Props.Get(ical.PropSequence).Int()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestASectionsFeed(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:30")
	b.ask("R8-0002", "map", "map-web/web", policy.PendingFirst, "2026-11-24T13:00", "2026-11-24T14:00")
	b.ask("R8-0003", "map", "map-web/web", policy.RequestRejected, "2026-11-26T13:00", "2026-11-26T14:00")
	b.ask("R8-0004", "kazei", "map-web/web", policy.PendingFirst, "2026-11-26T13:00", "2026-11-26T14:00")
	_, secret := b.section("ja")
	events := b.read(secret)
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	hr := events["R8-0001-1@townhall.example"]
	if value(t, hr, ical.PropSummary) != "人事給与 保守(例示システム(株))" || value(t, hr, ical.PropStatus) != "CONFIRMED" {
		t.Errorf("%+v", hr.Props)
	}
	said := value(t, hr, ical.PropDescription)
	for _, want := range []string{"10:00〜11:30 は人事給与を職員端末から使えません。", "立会 立会者", "令和8年度第1号", "状態 承認済み"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q does not say %q", said, want)
		}
	}
	pending := events["R8-0002-1@townhall.example"]
	if value(t, pending, ical.PropSummary) != "[課長承認待ち] 地図 保守(例示システム(株))" || value(t, pending, ical.PropStatus) != "TENTATIVE" ||
		strings.Contains(value(t, pending, ical.PropDescription), "職員端末") {
		t.Errorf("%+v", pending.Props)
	}
	if value(t, events["R8-0003-1@townhall.example"], ical.PropStatus) != "CANCELLED" {
		t.Error("a rejected request stands")
	}
	_, english := b.section("en")
	hr = b.read(english)["R8-0001-1@townhall.example"]
	if said := value(t, hr, ical.PropDescription); !strings.Contains(said, "人事給与: not usable from staff terminals 10:00-11:30.") {
		t.Error(said)
	}
}

// A request that was used, edited and then rejected owes its report. Its new wish is removed from calendars, under the same id and
// with a higher sequence than while it waited. The used window stays, and so does one that is merely over.
func TestWhatAUsedRequestAskedForAnewIsStruckOut(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "map", "map-web/web", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:00")
	b.ask("R8-0002", "map", "map-web/web", policy.RequestApproved, "2026-11-24T12:00", "2026-11-24T13:00")
	set := func(no string, fn func(*store.Request)) {
		b.write(func(tx *store.Tx) error {
			r, err := tx.Request(no)
			if err != nil {
				return err
			}
			fn(&r)
			return tx.UpdateRequest(r)
		})
	}
	set("R8-0001", func(r *store.Request) {
		r.Version, r.ApprovedVersion, r.State = 2, 1, policy.PendingFirst
		r.Start, r.End = clock(t, "2026-11-24T15:00"), clock(t, "2026-11-24T16:00")
	})
	set("R8-0002", func(r *store.Request) { r.ApprovedVersion, r.State = 1, policy.ReportDue })
	_, secret := b.section("ja")
	waits := b.read(secret)["R8-0001-2@townhall.example"]
	if value(t, waits, ical.PropStatus) != "TENTATIVE" {
		t.Fatalf("%+v", waits.Props)
	}
	set("R8-0001", func(r *store.Request) { r.State = policy.ReportDue })
	events := b.read(secret)
	gone, found := events["R8-0001-2@townhall.example"]
	if !found || len(events) != 3 {
		t.Fatalf("%d events, struck out among them: %v", len(events), found)
	}
	if value(t, gone, ical.PropStatus) != "CANCELLED" || number(t, gone) <= number(t, waits) ||
		!strings.HasPrefix(value(t, gone, ical.PropSummary), "[取消し] ") {
		t.Errorf("%+v", gone.Props)
	}
	for _, id := range []string{"R8-0001-1", "R8-0002-1"} {
		if value(t, events[id+"@townhall.example"], ical.PropStatus) != "CONFIRMED" {
			t.Errorf("%s: %+v", id, events[id+"@townhall.example"].Props)
		}
	}
}

// TestAFeedNamesNobodyWhoNeedNotBe: a feed has no engineers' names, telephones, purposes or accounts.
func TestAFeedNamesNobodyWhoNeedNotBe(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:30")
	_, secret := b.section("ja")
	text, err := b.Open(t.Context(), secret, "192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}
	unfolded := strings.ReplaceAll(string(text), "\r\n ", "")
	for _, hidden := range []string{"保守要員A", "E-0031", "sato", "0000-11-1111", "hrmnt01", "127.0.0.1", "hr-db", "担当"} {
		if strings.Contains(unfolded, hidden) {
			t.Errorf("the feed says %q", hidden)
		}
	}
}

func TestAnEngineersFeedHasOwnWindowsOnly(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:30")
	b.ask("R8-0002", "map", "map-web/web", policy.PendingFirst, "2026-11-24T13:00", "2026-11-24T14:00")
	secrets := map[string]string{}
	for _, who := range []string{"E-0031", "E-0040"} {
		f, err := b.CreateOwn(t.Context(), "ja", townhall.By(who))
		if err != nil {
			t.Fatal(err)
		}
		secrets[who] = strings.TrimSuffix(strings.TrimPrefix(f.Path, "/calendar/"), ".ics")
	}
	own := b.read(secrets["E-0031"])
	if e, ok := own["R8-0001-1@townhall.example"]; !ok || len(own) != 1 || strings.Contains(value(t, e, ical.PropDescription), "職員端末") {
		t.Errorf("%v", own)
	}
	if other := b.read(secrets["E-0040"]); len(other) != 0 {
		t.Errorf("%v", other)
	}
	// A lock stops the person's feeds, and the vendor's lock those of its people.
	b.write(func(tx *store.Tx) error { return tx.LockVendor("V-012", "head", "調査") })
	if _, err := b.Open(t.Context(), secrets["E-0031"], "192.0.2.7"); !errors.Is(err, agenda.ErrNoFeed) {
		t.Errorf("the vendor is locked: %v", err)
	}
	if _, err := b.Open(t.Context(), secrets["E-0040"], "192.0.2.7"); err != nil {
		t.Error(err)
	}
}

// TestAnEventKeepsItsNameAndCountsItsChanges: a calendar program needs both to replace an event.
func TestAnEventKeepsItsNameAndCountsItsChanges(t *testing.T) {
	b := open(t)
	_, secret := b.section("ja")
	const uid = "R8-0001-1@townhall.example"
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestProposed, "2026-11-24T10:00", "2026-11-24T11:30")
	last := number(t, b.read(secret)[uid])
	grows := func(what string, want bool, fn func(*store.Tx) error) {
		t.Helper()
		b.Pass(time.Minute)
		b.write(fn)
		e, ok := b.read(secret)[uid]
		if !ok {
			t.Fatalf("%s: the event is gone", what)
		}
		if n := number(t, e); (n > last) != want || n < last {
			t.Errorf("%s: sequence %d after %d", what, n, last)
		} else {
			last = n
		}
	}
	request := func(change func(*store.Request)) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			r, err := tx.Request("R8-0001")
			if err != nil {
				return err
			}
			change(&r)
			return tx.UpdateRequest(r)
		}
	}
	grows("taken over", true, request(func(r *store.Request) { r.State = policy.PendingFirst }))
	grows("returned", true, request(func(r *store.Request) { r.State = policy.RequestReturned }))
	grows("edited", true, request(func(r *store.Request) {
		r.State, r.Version, r.End = policy.PendingFirst, 2, r.End.Add(-time.Hour)
	}))
	grows("first approval", true, request(func(r *store.Request) { r.State = policy.PendingSecond }))
	grows("final approval", true, func(tx *store.Tx) error {
		if err := request(func(r *store.Request) { r.State, r.ApprovedVersion = policy.RequestApproved, 2 })(tx); err != nil {
			return err
		}
		r, err := tx.Request("R8-0001")
		if err != nil {
			return err
		}
		return tx.AddWindow(store.Window{Window: policy.Window{ID: "R8-0001-1", Request: r.No, System: "hr", Start: r.Start, End: r.End, State: policy.WindowScheduled}})
	})
	window := func(change func(*store.Window)) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			w, err := tx.Window("R8-0001-1")
			if err != nil {
				return err
			}
			change(&w)
			return tx.UpdateWindow(w)
		}
	}
	grows("the attendant comes", false, window(func(w *store.Window) { w.State, w.Attendant = policy.WindowAttended, "ito" }))
	grows("extended", true, window(func(w *store.Window) { w.End = w.End.Add(15 * time.Minute) }))
	grows("extended again", true, window(func(w *store.Window) { w.End = w.End.Add(15 * time.Minute) }))
	grows("cancelled", true, window(func(w *store.Window) { w.State, w.ClosedAt = policy.WindowCancelled, b.Now() }))
	if e := b.read(secret)[uid]; value(t, e, ical.PropStatus) != "CANCELLED" || !strings.HasPrefix(value(t, e, ical.PropSummary), "[取消し] ") {
		t.Errorf("%+v", e.Props)
	}
}

// TestWhatWasApprovedAndTakenBackIsStruckOutOnce: the window is removed, and no other event stands beside it. A version that was never
// approved is removed by its own wish.
func TestWhatWasApprovedAndTakenBackIsStruckOutOnce(t *testing.T) {
	b := open(t)
	_, secret := b.section("ja")
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:30")
	b.write(func(tx *store.Tx) error {
		r, err := tx.Request("R8-0001")
		if err != nil {
			return err
		}
		w, err := tx.Window("R8-0001-1")
		if err != nil {
			return err
		}
		r.ApprovedVersion, r.State, w.State = 1, policy.RequestWithdrawn, policy.WindowCancelled
		return errors.Join(tx.UpdateWindow(w), tx.UpdateRequest(r))
	})
	struck := func(want ...string) {
		t.Helper()
		got := b.read(secret)
		for _, uid := range want {
			if e, ok := got[uid+"@townhall.example"]; !ok || value(t, e, ical.PropStatus) != "CANCELLED" {
				t.Errorf("%s is not struck out", uid)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d events, want %v", len(got), want)
		}
	}
	struck("R8-0001-1")
	b.write(func(tx *store.Tx) error { // edited after the approval, and then withdrawn
		r, err := tx.Request("R8-0001")
		r.Version = 2
		return errors.Join(err, tx.UpdateRequest(r))
	})
	struck("R8-0001-1", "R8-0001-2")
}

// TestAFeedOnlyChangesWhenSomethingDid: so calendar programs get "not modified".
func TestAFeedOnlyChangesWhenSomethingDid(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:30")
	_, secret := b.section("ja")
	first, err := b.Open(t.Context(), secret, "192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}
	b.Pass(6 * time.Hour) // the window is over by then
	second, err := b.Open(t.Context(), secret, "192.0.2.7")
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("it changed by itself: %v", err)
	}
}

func TestWhoMakesAndClosesAddresses(t *testing.T) {
	b := open(t)
	for _, who := range []string{"zei", "E-0031", "nobody"} {
		if _, err := b.CreateSection(t.Context(), "personnel", "ja", townhall.By(who)); townhall.Reason(err) != "forbidden" {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := b.CreateOwn(t.Context(), "ja", townhall.By("kato")); townhall.Reason(err) != "forbidden" {
		t.Errorf("staff have no windows of their own: %v", err)
	}
	if _, err := b.CreateSection(t.Context(), "personnel", "fr", townhall.By("kato")); err == nil {
		t.Error("a language that is none")
	}
	f, secret := b.section("ja")
	if _, err := b.CreateSection(t.Context(), "personnel", "ja", townhall.By("admin")); err != nil {
		t.Errorf("information systems: %v", err)
	}
	list, err := b.Feeds(t.Context(), townhall.By("head"))
	if err != nil || len(list) != 2 || list[0].ID != "K-0001" || list[0].By != "kato" || list[0].Path != "" {
		t.Errorf("%+v %v", list, err)
	}
	said, err := json.Marshal(list)
	if err != nil || strings.Contains(string(said), secret) {
		t.Errorf("the list tells the secret: %s %v", said, err)
	}
	for _, who := range []string{"zei", "E-0031"} {
		if list, err := b.Feeds(t.Context(), townhall.By(who)); err != nil || len(list) != 0 {
			t.Errorf("%s sees %+v %v", who, list, err)
		}
		if _, err := b.Revoke(t.Context(), f.ID, townhall.By(who)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s closes it: %v", who, err)
		}
	}
	if _, err := b.Revoke(t.Context(), f.ID, townhall.By("head")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Revoke(t.Context(), f.ID, townhall.By("head")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := b.Open(t.Context(), secret, "192.0.2.7"); !errors.Is(err, agenda.ErrNoFeed) {
		t.Errorf("closed and open: %v", err)
	}
	if kinds := b.Kinds(t, f.ID); !slices.Equal(kinds, []string{"feed.created", "feed.revoked"}) {
		t.Errorf("the ledger has %v", kinds)
	}
	b.notInLedger(secret)
}

// notInLedger checks that no entry has a secret.
func (b book) notInLedger(secret string) {
	b.t.Helper()
	err := b.DB.Read(b.t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{}) {
			if err != nil {
				return err
			}
			if bytes.Contains(e.Payload, []byte(secret)) {
				b.t.Errorf("entry %d tells the secret", e.Index)
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestALockClosesTheAddressesThatThePersonMade(t *testing.T) {
	b := open(t)
	_, secret := b.section("ja")
	b.write(func(tx *store.Tx) error { return tx.LockPerson("kato", "head", "調査") })
	if _, err := b.Open(t.Context(), secret, "192.0.2.7"); !errors.Is(err, agenda.ErrNoFeed) {
		t.Errorf("%v", err)
	}
}

func TestWhoMovesToAnotherSectionTakesNoAddressAlong(t *testing.T) {
	b := open(t)
	_, secret := b.section("ja")
	b.write(func(tx *store.Tx) error {
		p, err := tx.Person("kato")
		if err != nil {
			return err
		}
		p.Section = "tax"
		return tx.PutPerson(p)
	})
	if _, err := b.Open(t.Context(), secret, "192.0.2.7"); !errors.Is(err, agenda.ErrNoFeed) {
		t.Errorf("%v", err)
	}
}

// TestAddressesTriedOut: a scan is slowed and ledgered once, and others are not affected.
func TestAddressesTriedOut(t *testing.T) {
	b := open(t)
	_, secret := b.section("ja")
	for i := range 30 {
		if _, err := b.Open(t.Context(), "guess"+strings.Repeat("x", i), "203.0.113.9"); !errors.Is(err, agenda.ErrNoFeed) {
			t.Fatalf("%d: %v", i, err)
		}
		if _, err := b.Open(t.Context(), secret, "203.0.113.9"); i < 29 && err != nil {
			t.Fatalf("after %d failures the right address is refused: %v", i+1, err)
		}
	}
	if _, err := b.Open(t.Context(), secret, "203.0.113.9"); !errors.Is(err, agenda.ErrNoFeed) {
		t.Errorf("thirty failures on, the right one opens: %v", err)
	}
	if _, err := b.Open(t.Context(), secret, "192.0.2.7"); err != nil {
		t.Errorf("another address is hindered: %v", err)
	}
	if n := count(b.Kinds(t, ""), "feed.locked"); n != 1 {
		t.Errorf("%d entries", n)
	}
	b.Pass(10*time.Minute - time.Millisecond)
	if _, err := b.Open(t.Context(), secret, "203.0.113.9"); !errors.Is(err, agenda.ErrNoFeed) {
		t.Errorf("a millisecond early: %v", err)
	}
	b.Pass(time.Millisecond)
	if _, err := b.Open(t.Context(), secret, "203.0.113.9"); err != nil {
		t.Errorf("ten minutes on: %v", err)
	}
}

func count(list []string, s string) int {
	n := 0
	for _, v := range list {
		if v == s {
			n++
		}
	}
	return n
}

// TestARealCalendarProgramReadsTheSectionsFeed (R2).
func TestARealCalendarProgramReadsTheSectionsFeed(t *testing.T) {
	python := testbed.NeedPython(t, "icalendar")
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:30")
	b.ask("R8-0002", "map", "map-web/web", policy.PendingFirst, "2026-11-24T13:00", "2026-11-24T14:00")
	_, secret := b.section("ja")
	text, err := b.Open(t.Context(), secret, "192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}
	read := exec.Command(python, "-c", `
import sys, icalendar
for v in icalendar.Calendar.from_ical(sys.stdin.buffer.read()).walk('VEVENT'):
    print(v['DTSTART'].dt.isoformat(), v['DTEND'].dt.isoformat(), v['STATUS'], v['SUMMARY'])
`)
	read.Env = append(read.Environ(), "PYTHONIOENCODING=utf-8")
	read.Stdin = bytes.NewReader(text)
	said, err := read.Output()
	const want = "2026-11-24T01:00:00+00:00 2026-11-24T02:30:00+00:00 CONFIRMED 人事給与 保守(例示システム(株))\n" +
		"2026-11-24T04:00:00+00:00 2026-11-24T05:00:00+00:00 TENTATIVE [課長承認待ち] 地図 保守(例示システム(株))\n"
	if err != nil || string(said) != want {
		t.Errorf("%s %v", said, err)
	}
}
