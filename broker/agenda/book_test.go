package agenda_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"sekimori/broker/agenda"
	"sekimori/broker/api"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// book is a town hall with a third section, and a book of its plans.
type book struct {
	*townhall.Hall
	*agenda.Book
	t *testing.T
}

func open(t *testing.T) book {
	t.Helper()
	h := townhall.Open(t)
	text := strings.Replace(townhall.Registry(t), "vendors:\n", "  - {id: tax, name: 税務課}\nvendors:\n", 1)
	text = strings.Replace(text, "engineers:\n", "  - {login: zei, name: 税務担当, section: tax, roles: [requester]}\nengineers:\n", 1)
	text = strings.Replace(text, "systems:\n", "systems:\n  - {id: kazei, name: 課税, section: tax, line: none}\n", 1)
	h.Apply(t, `institution:
  holidays: [{date: 2026-11-27, name: 開庁記念日}, {date: 2026-11-23, name: 窓口開庁, open: true}]
  no_work:
    - {system: hr, from: 2026-11-25T10:00, until: 2026-11-25T15:00, reason: 給与支給日}
    - {from: 2026-11-28, until: 2026-11-29, reason: 停電}
    - {system: kazei, from: 2026-11-26T10:00, until: 2026-11-26T11:00, reason: 締切}
`+text, "admin")
	return book{h, agenda.New(agenda.Options{DB: h.DB, Zone: townhall.Zone, Domain: "townhall.example"}), t}
}

func clock(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02T15:04", s, townhall.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// write makes a test's change, with an entry.
func (b book) write(fn func(*store.Tx) error) {
	b.t.Helper()
	err := b.DB.Write(b.t.Context(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// ask hands in a request of E-0031 and gives it a window if the state is a final approval.
func (b book) ask(no, system, account string, state policy.RequestState, start, end string) {
	b.t.Helper()
	b.write(func(tx *store.Tx) error {
		r := store.Request{No: no, State: state, Version: 1, System: system, Vendor: "V-012", Requester: "kato", Start: clock(b.t, start), End: clock(b.t, end),
			Body: store.RequestBody{Engineers: []string{"E-0031"}, Accounts: []string{account}, Attendant: "ito", Files: policy.FilesNone}}
		if err := tx.AddRequest(r); err != nil {
			return err
		}
		if !state.Final() {
			return nil
		}
		w := store.Window{Window: policy.Window{ID: no + "-1", Request: no, System: system, Start: r.Start, End: r.End, State: policy.WindowScheduled}}
		if err := tx.AddWindow(w); err != nil {
			return err
		}
		return tx.AddGrant(policy.Grant{ID: no + "-1-1", Person: "E-0031", Vendor: "V-012", Target: strings.Split(account, "/")[0], Account: account, Request: no,
			Window: w.Window, Files: policy.FilesNone, State: policy.GrantActive})
	})
}

func (b book) month(by, section string) api.Month {
	b.t.Helper()
	m, err := b.Month(b.t.Context(), clock(b.t, "2026-11-15T12:00"), section, townhall.By(by))
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func day(t *testing.T, m api.Month, date policy.Date) api.Day {
	t.Helper()
	for _, d := range m.Days {
		if d.Date == date {
			return d
		}
	}
	t.Fatalf("%s is not in the month", date)
	return api.Day{}
}

func TestAMonthHasEveryDayWithItsNames(t *testing.T) {
	b := open(t)
	m := b.month("kato", "")
	if m.Month != "2026-11" || len(m.Days) != 30 || m.Days[0].Date != "2026-11-01" || m.Days[0].Weekday != "sun" || m.Days[0].Open {
		t.Fatalf("%+v", m.Days[0])
	}
	if d := day(t, m, "2026-11-03"); d.Holiday != "文化の日" || d.HolidayEN != "Culture Day" || d.Open {
		t.Errorf("%+v", d)
	}
	if d := day(t, m, "2026-11-27"); d.Holiday != "開庁記念日" || d.HolidayEN != "" || d.Open {
		t.Errorf("%+v", d)
	}
	if d := day(t, m, "2026-11-23"); d.Holiday != "" || !d.Open {
		t.Errorf("%+v", d)
	}
	if d := day(t, m, "2026-11-25"); len(d.NoWork) != 1 || d.NoWork[0].Whole || d.NoWork[0].SystemName != "人事給与" || !d.NoWork[0].From.Equal(clock(t, "2026-11-25T10:00")) {
		t.Errorf("%+v", d.NoWork)
	}
	for _, date := range []policy.Date{"2026-11-28", "2026-11-29"} {
		if d := day(t, m, date); len(d.NoWork) != 1 || !d.NoWork[0].Whole || d.NoWork[0].Reason != "停電" {
			t.Errorf("%s %+v", date, d.NoWork)
		}
	}
	if d := day(t, m, "2026-11-30"); len(d.NoWork) != 0 {
		t.Errorf("the day after: %+v", d.NoWork)
	}
	// Another section's no-work time would reveal its systems.
	if d := day(t, m, "2026-11-26"); len(d.NoWork) != 0 {
		t.Errorf("%+v", d.NoWork)
	}
	if d := day(t, b.month("admin", ""), "2026-11-26"); len(d.NoWork) != 1 {
		t.Errorf("%+v", d.NoWork)
	}
}

func TestOtherSectionsAreToldThatItIsBusyAndNothingElse(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:30")
	b.ask("R8-0002", "map", "map-web/web", policy.PendingFirst, "2026-11-24T13:00", "2026-11-24T14:00")
	for _, by := range []string{"kato", "head", "admin", "mori", "deputy"} {
		d := day(t, b.month(by, ""), "2026-11-24")
		if len(d.Entries) != 2 {
			t.Fatalf("%s sees %+v", by, d.Entries)
		}
		e := d.Entries[0]
		if e.ID != "R8-0001-1" || e.State != "scheduled" || e.SystemName != "人事給与" || e.VendorName != "例示システム(株)" || e.AttendantName != "立会者" || !e.Exclusive || e.Pending {
			t.Errorf("%s sees %+v", by, e)
		}
		if e = d.Entries[1]; !e.Pending || e.State != "pending-first" || e.Exclusive {
			t.Errorf("%s sees %+v", by, e)
		}
	}
	d := day(t, b.month("zei", ""), "2026-11-24")
	for _, e := range d.Entries {
		want := api.CalendarEntry{Start: e.Start, End: e.End, Busy: true}
		if e != want {
			t.Errorf("another section sees %+v", e)
		}
	}
	if len(d.Entries) != 2 || !d.Entries[0].Start.Equal(clock(t, "2026-11-24T10:00")) {
		t.Errorf("another section sees %+v", d.Entries)
	}
	if d := day(t, b.month("kato", "tax"), "2026-11-24"); len(d.Entries) != 0 {
		t.Errorf("of another section's systems: %+v", d.Entries)
	}
	for _, who := range []string{"E-0031", "nobody", ""} {
		if _, err := b.Month(t.Context(), b.Now(), "", townhall.By(who)); townhall.Reason(err) != "forbidden" {
			t.Errorf("%q: %v", who, err)
		}
	}
	if _, err := b.Month(t.Context(), b.Now(), "nowhere", townhall.By("kato")); err == nil {
		t.Error("a section that is none")
	}
}

// TestADeputyIsToldWhatTheHeadIs: a deputy sees the head's plans for as long as the deputation lasts, from any section.
func TestADeputyIsToldWhatTheHeadIs(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T10:00", "2026-11-24T11:30")
	b.write(func(tx *store.Tx) error {
		zei, err := tx.Person("zei")
		if err != nil {
			return err
		}
		zei.Roles = append(zei.Roles, policy.Approver)
		head, err := tx.Person("head")
		if err != nil {
			return err
		}
		if err := tx.PutPerson(zei); err != nil {
			return err
		}
		_, err = tx.AddDeputation(store.Deputation{SetAt: tx.Now, Deputation: policy.Deputation{SetBy: head.ID, For: head.ID, Deputy: zei.ID,
			From: b.Now().Add(time.Hour), Until: b.Now().Add(2 * time.Hour), Reason: "出張"}})
		return err
	})
	for _, told := range []bool{false, true, false} {
		e := day(t, b.month("zei", ""), "2026-11-24").Entries[0]
		if e.Busy == told || (e.Request == "R8-0001") != told {
			t.Errorf("told %v: %+v", told, e)
		}
		b.Pass(time.Hour)
	}
}

// A window belongs to every day that it touches, and touching is half open.
func TestWindowsAtTheEdgeOfADay(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-24T22:00", "2026-11-25T00:00")
	b.ask("R8-0002", "map", "map-web/web", policy.RequestApproved, "2026-11-24T22:00", "2026-11-25T00:01")
	b.ask("R8-0003", "map", "map-web/web", policy.RequestApproved, "2026-10-31T22:00", "2026-11-01T00:01")
	b.ask("R8-0004", "map", "map-web/web", policy.RequestApproved, "2026-10-31T22:00", "2026-11-01T00:00")
	b.ask("R8-0005", "map", "map-web/web", policy.RequestApproved, "2026-12-01T00:00", "2026-12-01T01:00")
	m := b.month("kato", "")
	for date, want := range map[policy.Date]string{"2026-11-24": "R8-0001 R8-0002", "2026-11-25": "R8-0002", "2026-11-01": "R8-0003", "2026-11-30": ""} {
		var got []string
		for _, e := range day(t, m, date).Entries {
			got = append(got, e.Request)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", date, got, want)
		}
	}
	if e := day(t, m, "2026-11-01").Entries[0]; e.State != "ended" {
		t.Errorf("over since October: %+v", e)
	}
}

func TestClashesAreNamed(t *testing.T) {
	for _, c := range []struct {
		name, system, start, end string
		clash                    bool
	}{
		{"one minute", "map", "2026-11-24T13:59", "2026-11-24T15:00", true},
		{"at the end", "map", "2026-11-24T14:00", "2026-11-24T15:00", false},
		{"another system", "hr", "2026-11-24T13:00", "2026-11-24T14:00", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t)
			b.ask("R8-0127", "map", "map-web/web", policy.RequestApproved, "2026-11-24T13:00", "2026-11-24T14:00")
			b.ask("R8-0128", c.system, map[string]string{"map": "map-web/web", "hr": "hr-db/hrmnt01"}[c.system], policy.PendingFirst, c.start, c.end)
			d := day(t, b.month("kato", ""), "2026-11-24")
			if got := len(d.Clashes) == 1; got != c.clash {
				t.Fatalf("%+v", d.Clashes)
			}
			if c.clash && strings.Join(d.Clashes[0].Requests, " ") != "R8-0127 R8-0128" {
				t.Errorf("%+v", d.Clashes)
			}
			if d := day(t, b.month("zei", ""), "2026-11-24"); len(d.Clashes) != 0 {
				t.Errorf("another section is told of %+v", d.Clashes)
			}
		})
	}
}

func TestOccurrencesOfAPendingRequestAreEachShown(t *testing.T) {
	b := open(t)
	b.write(func(tx *store.Tx) error {
		r := store.Request{No: "R8-0009", State: policy.PendingSecond, Version: 1, System: "map", Vendor: "V-012", Requester: "kato", Start: clock(t, "2026-11-10T10:00"), End: clock(t, "2026-11-10T11:00")}
		for _, d := range []string{"2026-11-10", "2026-11-17", "2026-12-01"} {
			r.Body.Occurrences = append(r.Body.Occurrences, store.Interval{Start: clock(t, d+"T10:00"), End: clock(t, d+"T11:00")})
		}
		return tx.AddRequest(r)
	})
	m := b.month("kato", "")
	if a, c := day(t, m, "2026-11-10").Entries, day(t, m, "2026-11-17").Entries; len(a) != 1 || len(c) != 1 || a[0].ID != "R8-0009-1" || c[0].ID != "R8-0009-2" {
		t.Errorf("%+v %+v", a, c)
	}
}

// The first page reads no more than it must, and tells the same as the month: the day itself, and the first thing on a later day of the month.
func TestTodayTellsWhatTheMonthTells(t *testing.T) {
	b := open(t)
	b.ask("R8-0001", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-02T10:00", "2026-11-02T11:00")
	b.ask("R8-0002", "map", "map-web/web", policy.PendingFirst, "2026-11-05T23:00", "2026-11-06T01:00")
	b.ask("R8-0003", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-11-05T10:00", "2026-11-05T11:00")
	b.ask("R8-0004", "hr", "hr-db/hrmnt01", policy.PendingSecond, "2026-11-29T10:00", "2026-11-29T11:00")
	b.ask("R8-0005", "hr", "hr-db/hrmnt01", policy.RequestApproved, "2026-12-01T10:00", "2026-12-01T11:00")
	month, err := b.Month(t.Context(), clock(t, "2026-11-01T00:00"), "", townhall.By("kato"))
	if err != nil {
		t.Fatal(err)
	}
	for i, day := range month.Days {
		today, next, err := b.Today(t.Context(), clock(t, "2026-11-01T12:00").AddDate(0, 0, i), townhall.By("kato"))
		if err != nil {
			t.Fatal(err)
		}
		var want *api.CalendarEntry
		for _, d := range month.Days[i+1:] {
			if len(d.Entries) > 0 {
				want = &d.Entries[0]
				break
			}
		}
		if !reflect.DeepEqual(today, day) || !reflect.DeepEqual(next, want) {
			t.Errorf("%s: %+v, then %+v; the month says %+v, then %+v", day.Date, today, next, day, want)
		}
	}
}
