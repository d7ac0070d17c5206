package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// AlarmKind says what an alarm is about.
type AlarmKind string

// The kinds of alarm.
const (
	AlarmLockedOut     AlarmKind = "locked-out"     // a person or an address failed too often and is locked for a while
	AlarmFailures      AlarmKind = "failures"       // five failures and more from one address within ten minutes
	AlarmReenrolment   AlarmKind = "re-enrolment"   // a person's credentials are suspended for a new enrolment
	AlarmLock          AlarmKind = "lock"           // a person or a vendor was locked
	AlarmFreeze        AlarmKind = "freeze"         // something was frozen
	AlarmNobodyPresent AlarmKind = "nobody-present" // a security key was offered and not touched
	AlarmEvidence      AlarmKind = "evidence"       // a recording is not the one that the ledger names, or is missing
	AlarmTarget        AlarmKind = "target"         // a target shows another key, refuses the broker's login or has no algorithm in common
	AlarmCheckpoint    AlarmKind = "checkpoint"     // the ledger's checkpoints cannot be written outside
	AlarmUnrecordable  AlarmKind = "unrecordable"   // recordings or the ledger cannot be kept: every login is refused
	AlarmSpaceShort    AlarmKind = "space-short"    // the room for recordings lasts fewer days than the institution wants
	AlarmUndelivered   AlarmKind = "undelivered"    // a notice was given up: a mail or a call did not get through
	AlarmClientTooOld  AlarmKind = "client-too-old" // an SSH client and the gate have no algorithm in common
	AlarmLedger        AlarmKind = "ledger"         // the broker's own verification of the ledger found a place that does not hold
	AlarmUnconfirmed   AlarmKind = "unconfirmed"    // the owning section has not confirmed a day's sessions in time
	AlarmReview        AlarmKind = "review-overdue" // a review stays overdue
	AlarmPasskeyCopied AlarmKind = "passkey-copied" // a passkey's own count of uses went back: there may be a copy of it
	AlarmNotGone       AlarmKind = "not-gone"       // the end of a session on a target was not proved
	AlarmChanged       AlarmKind = "target-changed" // accounts, keys, rights or timed jobs of a target are not those of before
	AlarmEgress        AlarmKind = "egress"         // a target has connections that its list does not know
	AlarmSecret        AlarmKind = "secret"         // a stored secret could not be changed; the old one is kept
	AlarmLogins        AlarmKind = "unknown-logins" // a target has logins that the ledger does not know, or they cannot be compared
	AlarmLineLeft      AlarmKind = "line-left-on"   // a maintenance line is still on a quarter of an hour after its window
	AlarmWitness       AlarmKind = "witness"        // a witness of the ledger does not answer, or its answer is no cosignature
	AlarmRollback      AlarmKind = "rollback"       // a witness has cosigned entries that this ledger does not have: the database was restored or rewritten
	AlarmFile          AlarmKind = "file"           // kept contents of a file are not those that came
	AlarmLineLost      AlarmKind = "line-lost"      // the separation from the office network was lost while a maintenance line was on
	AlarmNotForwarded  AlarmKind = "not-forwarded"  // the ledger does not get to the collector of logs
	AlarmUntold        AlarmKind = "untold"         // no one has noted in time that somebody was told of an incident
	// AlarmOtherAccount: the directory vouches for a person's name with another account than the one that the person had before.
	AlarmOtherAccount AlarmKind = "other-account"
)

// CentralDesk is where every alarm goes (R16); the desks of sections are "section:" and the section's id.
const CentralDesk = "information-systems"

// SectionDesk is the desk of a section.
func SectionDesk(id string) string { return "section:" + id }

// Alarm is a notice to several desks. Each desk acknowledges for itself.
type Alarm struct {
	ID     string // "A-0007", allotted by RaiseAlarm
	What   AlarmKind
	About  string // id of a person, a vendor, an incident; empty: an address
	At     time.Time
	Detail map[string]any // for people; of a stranger's input only names, made safe and bounded
	Desks  []AlarmDesk
}

// AlarmDesk is one desk that an alarm went to.
type AlarmDesk struct {
	Desk    string
	AckedBy string
	AckedAt time.Time // zero: not acknowledged
	Note    string
}

// RaiseAlarm tells the central desk and the sections, and writes the entry alarm.raised, which names each desk.
func (t *Tx) RaiseAlarm(a Alarm, sections []string, by ledger.Actor) (string, error) {
	n, err := t.next("alarm")
	if err != nil {
		return "", err
	}
	id := fmt.Sprintf("A-%04d", n)
	detail := a.Detail
	if detail == nil {
		detail = map[string]any{}
	}
	text, err := encode(detail)
	if err != nil {
		return "", err
	}
	if _, err := t.exec(`INSERT INTO alarms (id, what, about, at, detail) VALUES (?, ?, ?, ?, ?)`, id, string(a.What), a.About, ms(t.Now), text); err != nil {
		return "", err
	}
	desks := []string{}
	for _, s := range sections {
		if s != "" && !slices.Contains(desks, SectionDesk(s)) {
			desks = append(desks, SectionDesk(s))
		}
	}
	slices.Sort(desks)
	desks = append(desks, CentralDesk)
	for _, d := range desks {
		if _, err := t.exec(`INSERT INTO alarm_desks (alarm, desk) VALUES (?, ?)`, id, d); err != nil {
			return "", err
		}
	}
	_, err = t.Append(ledger.Draft{Kind: "alarm.raised", Actor: by, Subjects: []string{id, a.About},
		Payload: map[string]any{"alarm": id, "what": a.What, "about": a.About, "to": desks, "detail": detail}})
	return id, err
}

// RaiseAlarmOnce is RaiseAlarm unless an alarm of that kind about the same subject was raised within the given time. It tells whether it raised one.
func (t *Tx) RaiseAlarmOnce(a Alarm, within time.Duration, sections []string, by ledger.Actor) (bool, error) {
	last, err := t.Alarms(AlarmFilter{What: a.What, About: a.About, Limit: 1})
	if err != nil || len(last) > 0 && t.Now.Sub(last[0].At) < within {
		return false, err
	}
	_, err = t.RaiseAlarm(a, sections, by)
	return err == nil, err
}

// AlarmFilter narrows Alarms.
type AlarmFilter struct {
	Desks []string // one of these; empty: any
	Open  bool     // not acknowledged by one of Desks (without Desks: by any desk it went to)
	What  AlarmKind
	About string
	Limit int // 0: 200
}

const alarmColumns = `SELECT a.id, a.what, a.about, a.at, a.detail FROM alarms a`

func scanAlarm(r scanner) (Alarm, error) {
	var a Alarm
	var text string
	err := r.Scan(&a.ID, &a.What, &a.About, at(&a.At), &text)
	if err == nil {
		err = json.Unmarshal([]byte(text), &a.Detail)
	}
	return a, err
}

func (s *Snap) withDesks(a Alarm) (Alarm, error) {
	var err error
	a.Desks, err = list(s, func(r scanner) (AlarmDesk, error) {
		var d AlarmDesk
		err := r.Scan(&d.Desk, &d.AckedBy, at(&d.AckedAt), &d.Note)
		return d, err
	}, `SELECT desk, acked_by, acked_at, note FROM alarm_desks WHERE alarm = ? ORDER BY desk`, a.ID)
	return a, err
}

// Alarm reads one alarm. Errors: ErrNotFound.
func (s *Snap) Alarm(id string) (Alarm, error) {
	a, err := get(s, scanAlarm, alarmColumns+` WHERE a.id = ?`, id)
	if err != nil {
		return a, err
	}
	return s.withDesks(a)
}

// Alarms lists alarms, the newest first.
func (s *Snap) Alarms(f AlarmFilter) ([]Alarm, error) {
	w := f.where()
	all, err := list(s, scanAlarm, alarmColumns+w.String()+` ORDER BY a.at DESC, a.id DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
	return s.eachWithDesks(all, err)
}

// AlarmPage reads a page. Alarms that a desk has not acknowledged come first; within both parts the newest come first. An alarm
// that names no known person or vendor comes last, open or not: strangers can raise any number of them and must not push out the others.
func (s *Snap) AlarmPage(f AlarmFilter, p Page) (Paged[Alarm], error) {
	newest := order{keys: []string{"a.at", "a.id"}, desc: true}
	page, err := listing[Alarm]{table: "alarms a", query: alarmColumns, scan: scanAlarm, where: f.where(),
		first: `NOT (a.about = '' AND a.what IN ('failures', 'locked-out', 'nobody-present', 'client-too-old'))
			AND EXISTS (SELECT 1 FROM alarm_desks o WHERE o.alarm = a.id AND (o.acked_at = 0 OR o.acked_at > ?))`,
		orders: [2]order{newest, newest}, column: "a.id", name: func(a Alarm) string { return a.ID }}.page(s, p)
	page.Rows, err = s.eachWithDesks(page.Rows, err)
	return page, err
}

func (f AlarmFilter) where() where {
	var desks, w where
	in(&desks, "d.desk", f.Desks)
	if f.Open {
		desks.and("d.acked_at = 0")
	}
	if len(desks.conds) > 0 {
		w.and("EXISTS (SELECT 1 FROM alarm_desks d"+desks.String()+" AND d.alarm = a.id)", desks.args...)
	}
	w.text("a.what = ?", string(f.What))
	w.text("a.about = ?", f.About)
	return w
}

func (s *Snap) eachWithDesks(all []Alarm, err error) ([]Alarm, error) {
	for i := range all {
		if err == nil {
			all[i], err = s.withDesks(all[i])
		}
	}
	return all, err
}

// AckAlarm acknowledges an alarm for one desk. Errors: ErrNotFound when it went to no such desk, or was acknowledged
// there.
func (t *Tx) AckAlarm(id, desk, by, note string) error {
	return t.one(`UPDATE alarm_desks SET acked_by = ?, acked_at = ?, note = ? WHERE alarm = ? AND desk = ? AND acked_at = 0`,
		by, ms(t.Now), note, id, desk)
}

// SectionsAbout lists the sections that an alarm about a person concerns: the person's own section, or all sections that
// the person's vendor works for.
func (s *Snap) SectionsAbout(person string) ([]string, error) {
	p, err := s.Person(person)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case p.Kind == policy.Staff:
		return []string{p.Section}, nil
	}
	return s.SectionsAboutVendor(p.Vendor)
}

// SectionsAboutVendor lists the sections that a vendor, or one of its subcontractors, ever had a request of.
func (s *Snap) SectionsAboutVendor(vendor string) ([]string, error) {
	return list(s, func(r scanner) (string, error) {
		var id string
		err := r.Scan(&id)
		return id, err
	}, `SELECT DISTINCT y.section FROM requests r JOIN systems y ON y.id = r.system JOIN vendors v ON v.id = r.vendor
		WHERE v.id = ? OR v.prime = ? ORDER BY y.section`, vendor, vendor)
}
