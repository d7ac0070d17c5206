package pages

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/confirmation"
	"sekimori/broker/disposal"
	"sekimori/broker/evidence"
	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/internal/works"
	"sekimori/broker/ledger"
	"sekimori/broker/reports"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// monthSessions is how many sessions the month has: SEKIMORI_MONTH, or a tenth of what a city has.
func monthSessions(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SEKIMORI_MONTH")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 20 {
		t.Fatalf("SEKIMORI_MONTH=%q: a number of sessions, at least 20", text)
	}
	return n
}

const (
	monthDays = 20 // working days
	monthName = "2027-01"
	monthSeed = 11
)

// monthWork is one work of the month, with the auditor's judgement of it.
type monthWork struct {
	no, window, session, system, vendor, person string
	cause                                       policy.Reason
	cut, files, urgent, masked, ruled, damaged  bool
	odd                                         works.Oddity
	verdict                                     api.ReviewState
	questioned                                  bool // it was asked about before
}

// month is a month of an institution's work.
type month struct {
	*world
	t       *testing.T
	make    *works.Maker
	freezer *freeze.Freezer
	queue   *review.Queue
	n       int
	all     []*monthWork
	began   time.Time // its first working day, a Monday
	at      int       // working days that passed
}

// ok ends the test after an error.
func (m *month) ok(what string, err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("%s: %v", what, err)
	}
}

func newMonth(t *testing.T, n int) *month {
	t.Helper()
	m := &month{t: t, n: n, began: time.Date(2027, 1, 4, 0, 0, 0, 0, townhall.Zone)}
	m.world = found(t, func(o *Options) { // as a broker is wired: in the institution's zone
		o.Reviews = review.New(review.Options{Acts: o.Acts, DB: o.DB, Zone: townhall.Zone})
	})
	m.freezer = freeze.New(freeze.Options{DB: m.DB, Acts: m.o.Acts, Archive: disposal.New(disposal.Options{DB: m.DB, Dir: m.dir})})
	m.make = &works.Maker{Hall: m.Hall, Dir: m.dir, Rnd: rand.New(rand.NewPCG(monthSeed, 11))}
	keep := evidence.New(evidence.Options{DB: m.DB, Dir: m.dir, Clock: m.Now, Viewing: m.Keys.ViewingIdentity()})
	m.queue = review.New(review.Options{Acts: m.o.Acts, DB: m.DB, Ring: m.Keys, Zone: townhall.Zone, Clock: m.Now, Traits: keep.Traits})
	m.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: store.KindNoticeInForce, Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Payload: store.NoticeInForce{Version: 1, KeptDays: 25}})
		for _, one := range []store.Person{
			{Person: policy.Person{ID: "E-0032", Login: "suzuki", Kind: policy.Engineer, Name: "保守要員C", Vendor: "V-012", Phone: "0000-11-1112"}},
			{Person: policy.Person{ID: "E-0041", Login: "hayashi", Kind: policy.Engineer, Name: "保守要員D", Vendor: "V-013", Phone: "0000-22-2223"}},
		} {
			err = errors.Join(err, tx.PutPerson(one), tx.AddPledge(store.Pledge{Person: one.ID, Pledge: policy.Pledge{Signed: townhall.Start, Until: townhall.Start.AddDate(1, 0, 0)}}))
		}
		return err
	})
	return m
}

// write writes rows, with the entry that belongs to them.
func (m *month) write(rows func(*store.Tx) error) {
	m.t.Helper()
	m.ok("write", m.DB.Write(m.t.Context(), rows))
}

// to lets time pass to an instant that has not come.
func (m *month) to(at time.Time) {
	if d := at.Sub(m.Now()); d > 0 {
		m.Pass(d)
	}
}

// week makes the works of five working days.
func (m *month) week() (made []*monthWork) {
	m.t.Helper()
	for range 5 {
		day := m.began.AddDate(0, 0, m.at/5*7+m.at%5)
		m.to(day.Add(9 * time.Hour))
		for range m.n / monthDays {
			w := m.plan(len(m.all))
			m.all, made = append(m.all, w), append(made, w)
			m.work(w, works.Jobs[(len(m.all)-1)%len(works.Jobs)])
		}
		m.at++
	}
	m.ok("measure the recordings", m.queue.Measure(m.t.Context()))
	return made
}

// plan gives a work its peculiarities.
func (m *month) plan(i int) *monthWork {
	w := &monthWork{cause: policy.EndedByEngineer, verdict: api.ReviewOK, files: i%6 == 1, urgent: i%9 == 3, ruled: i%12 == 8, damaged: i == 7}
	switch {
	case i%9 == 4:
		w.cause, w.cut = policy.CutByAttendant, true
	case i%9 == 6:
		w.cause = policy.WindowEnded
	case i%11 == 10:
		w.cause = policy.IdleTimeout
	case i%13 == 5:
		w.cause, w.cut = policy.ClientLost, true
	}
	if i%4 == 2 {
		w.odd = works.Oddities[i/4%len(works.Oddities)]
		w.masked = w.odd == works.NumberSeen
	}
	switch i % 8 {
	case 2:
		w.verdict = api.ReviewFix
	case 5:
		w.verdict = api.ReviewQuestion
	}
	return w
}

// work is a work from its request to the report.
func (m *month) work(w *monthWork, j works.Job) {
	m.t.Helper()
	ctx := m.t.Context()
	w.system, w.vendor, w.person = j.System, j.Vendor, j.Person
	if m.make.One(0.3) {
		w.person = j.Second
	}
	account := map[string]string{"hr": "hr-db/hrmnt01", "map": "map-web/web"}[j.System]
	table := works.Pick(m.make, j.Tables)
	start := m.Now().Add(2 * time.Minute)
	body := request.Body{Accounts: []string{account}, Engineers: []string{w.person}, Purpose: "表 " + table + " の障害の調査と修正", WorkType: "update", Procedure: "画面の表示を確かめ、表 " + table + " を直す", RootReason: "設定の修正",
		ResponsibleParty: j.Vendor, Phone: "0000-11-1111", Attendant: "ito", Files: policy.FilesNone, IndividualNumber: len(m.all)%15 == 1, IndividualReason: "障害の再現"}
	if w.files {
		body.Files, body.FilesDetail = policy.FilesAllowed, "修正版 1件"
	}
	if w.urgent {
		body.Urgent = "窓口が止まっている"
	}
	no, err := m.o.Desk.Submit(ctx, request.Form{System: j.System, Start: start, End: start.Add(80 * time.Minute), Body: body}, townhall.Caller("kato"))
	m.ok("submit", err)
	out, err := m.o.Desk.Approve(ctx, no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head"))
	m.ok("approve "+no, err)
	if len(out.Windows) == 0 {
		out, err = m.o.Desk.Approve(ctx, no, requests.Approval{Because: townhall.Because()}, townhall.Caller("deputy"))
		m.ok("approve "+no+" as the second", err)
	}
	w.no, w.window = no, out.Windows[0]
	m.to(start.Add(time.Minute))
	m.ok("open "+w.window, m.o.Attendance.Open(ctx, w.window, townhall.Caller("ito")))
	m.connects(w, j, table)
	m.to(start.Add(80*time.Minute + time.Second))
	by := townhall.Caller(w.person)
	_, err = m.o.Reports.Submit(ctx, reports.WorkReport{Sessions: []string{w.session}, Done: "表 " + table + " を直した", Changes: "設定ファイル", Result: reports.ResultDone, Files: []reports.File{}}, by)
	m.ok("report "+w.session, err)
}

// connects is the session: its recording by the recorder, its rows and entries as the supervisor writes them.
func (m *month) connects(w *monthWork, j works.Job, table string) {
	m.t.Helper()
	engineer := ledger.Actor{Kind: "person", ID: w.person, Via: "ssh"}
	timer := ledger.Actor{Kind: "broker", ID: "broker", Via: "timer"}
	row := store.Session{State: store.SessionActive, Person: w.person, Vendor: w.vendor, Grant: w.window + "-1", Window: w.window, Request: w.no, System: w.system, Target: j.Target,
		Account: j.Target + "/" + map[string]string{"hr": "hrmnt01", "map": "web"}[w.system], Source: netip.MustParseAddrPort("203.0.113.7:50022"), Factor: "code", Ruled: w.ruled, Masked: w.masked}
	m.write(func(tx *store.Tx) (err error) {
		if row.ID, err = tx.NextSessionNo(tx.Now); err != nil {
			return err
		}
		row.Created, row.Started = tx.Now, tx.Now
		_, err = tx.Append(ledger.Draft{Kind: "session.opening", Actor: engineer, Subjects: []string{row.ID, w.person, w.no, w.system}, Payload: map[string]any{"session_id": row.ID, "request_no": w.no, "grant": row.Grant,
			"window": w.window, "system": w.system, "target": j.Target, "account": row.Account, "vendor": w.vendor, "engineer": w.person, "attendant": "ito", "source": row.Source.String(), "factor": "code"}})
		return errors.Join(err, tx.AddSession(row))
	})
	w.session = row.ID
	if w.ruled {
		m.write(func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "session.rule-applied", Actor: timer, Subjects: []string{row.ID, w.person, w.no, w.system}, Payload: map[string]any{"session_id": row.ID, "rule": "systemctl stop *", "effect": "warn", "on": "line"}})
			return err
		})
	}
	d := m.make.Record(m.t, works.Work{ID: row.ID, Odd: w.odd, Job: j, Table: table, Files: w.files, Cause: w.cause,
		Head: recordings.Header{Request: w.no, Window: w.window, Person: w.person, Vendor: w.vendor, System: w.system, Target: j.Target, Account: row.Account}})
	row.State, row.Ended, row.Reason, row.Recording, row.RecordingSum, row.RecordingSize = store.SessionEnded, m.Now(), w.cause, d.File, d.SHA256.String(), d.Size
	ended := map[string]any{"session_id": row.ID, "request_no": w.no, "started_at": row.Started, "ended_at": row.Ended, "seconds": row.Ended.Sub(row.Started).Seconds(), "end_cause": w.cause, "number": w.cause.Number(), "recording": d}
	if w.masked {
		row.MaskedCount = 2
		ended["masked"] = 2
	}
	m.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: cmp.Or(map[bool]ledger.Actor{true: townhall.By("ito")}[w.cause == policy.CutByAttendant], engineer), Subjects: []string{row.ID, w.person, w.no, w.system}, Payload: ended})
		return errors.Join(err, tx.UpdateSession(row), review.Owe(tx, row.ID), confirmation.Owe(tx, row.ID, townhall.Zone))
	})
	if w.damaged {
		path := filepath.Join(m.dir, d.File)
		b, err := os.ReadFile(path)
		m.ok("read the recording", err)
		b[len(b)-len(b)/5] ^= 1
		m.ok("damage the recording", os.WriteFile(path, b, 0o600))
	}
}

// freezes stops a vendor, and two people lift it.
func (m *month) freezes() (incident string) {
	m.t.Helper()
	ctx := m.t.Context()
	incident, err := m.freezer.On(ctx, policy.FreezeVendor, "V-013", "不審な接続の通報", townhall.Caller("ito"))
	m.ok("freeze", err)
	m.Pass(20 * time.Minute)
	for _, who := range []string{"head", "deputy"} {
		_, err := m.freezer.Lift(ctx, incident, "調べ終わった", townhall.Caller(who))
		m.ok(fmt.Sprintf("%s lifts", who), err)
	}
	return incident
}
