package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/netip"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

// A lock and a freeze from before agreements, drills and holds existed stay in force after the migration, and are
// lifted like any other.
func TestStopsInForceSurviveTheMigration(t *testing.T) {
	o := open(t)
	o.declare()
	if err := o.DB.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", o.path)
	if err != nil {
		t.Fatal(err)
	}
	sub, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	// The test removes the migration's additions; then the migration runs on rows of an older version.
	for _, q := range []string{
		`DROP TABLE lock_lifts`, `DROP TABLE drill_asks`, `DROP TABLE hold_releases`, `DROP TABLE holds`, `DROP TABLE alarm_desks`, `DROP TABLE alarms`,
		`ALTER TABLE freezes DROP COLUMN system`, `ALTER TABLE freezes DROP COLUMN drill`, `DELETE FROM goose_db_version WHERE version_id = 9`,
		`INSERT INTO locks (kind, subject, by, reason, since) VALUES ('person', 'E-0031', 'U-001', '以前の停止', 1)`,
		`INSERT INTO locks (kind, subject, by, reason, since, lifted_by, lifted) VALUES ('vendor', 'V-012', 'U-001', '済み', 1, 'U-002', 2)`,
		`INSERT INTO freezes (id, scope, subject, by, since, reason) VALUES ('I-001', 'all', '', 'U-001', 1, '以前の凍結')`,
	} {
		if _, err := raw.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, raw, sub, goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec(`CREATE INDEX alarms_by_about ON alarms (about, what)`); err != nil { // of a later migration, dropped with its table
		t.Fatal(err)
	}
	for _, table := range []string{"freezes", "drill_asks"} { // the columns of a later migration
		if _, err := raw.Exec(`ALTER TABLE ` + table + ` ADD COLUMN system TEXT NOT NULL DEFAULT '' CONSTRAINT ` + table + `_system CHECK (system = '' OR scope = 'vendor')`); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	if o.DB, err = Open(context.Background(), o.path, o.opt); err != nil {
		t.Fatal(err)
	}
	// A ledger of that version bound nothing: all rows count as found.
	if err := o.DB.rebind(context.Background(), 8, 9, compared{}); err != nil {
		t.Fatal(err)
	}
	o.read(func(s *Snap) error {
		l, err := s.LockInForce(LockOfPerson, "E-0031")
		if err != nil || l.Reason != "以前の停止" || len(l.Lifts) != 0 || l.Cause() != "lock-1" {
			t.Errorf("%+v, %v", l, err)
		}
		if _, err := s.LockInForce(LockOfVendor, "V-012"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a lifted lock: %v", err)
		}
		z, err := s.Freeze("I-001")
		if z.Drill || !z.Lifted.IsZero() {
			t.Errorf("%+v", z)
		}
		return err
	})
	o.write(func(tx *Tx) error { return all(tx.AddLockLift(1, "U-001", "x"), tx.AddLockLift(1, "U-002", "y")) })
	o.write(func(tx *Tx) error {
		if err := tx.AddLockLift(1, "U-001", "again"); !errors.Is(err, ErrExists) {
			t.Errorf("the same person twice: %v", err)
		}
		l, err := tx.LockInForce(LockOfPerson, "E-0031")
		if len(l.Lifts) != 2 {
			t.Errorf("%+v", l.Lifts)
		}
		return err
	})
}

// A drill covers drills, a real freeze covers everything, and the prime contractor's covers its subcontractor.
func TestWhatAFreezeCovers(t *testing.T) {
	for _, c := range []struct {
		name          string
		z             policy.Freeze
		real, isDrill bool
	}{
		{"nothing", policy.Freeze{}, false, false},
		{"real", policy.Freeze{Scope: policy.FreezeAll}, true, true},
		{"drill", policy.Freeze{Scope: policy.FreezeAll, Drill: true}, false, true},
		{"drill of the system", policy.Freeze{Scope: policy.FreezeSystem, Subject: "hr", Drill: true}, false, true},
		{"another system", policy.Freeze{Scope: policy.FreezeSystem, Subject: "tax"}, false, false},
		{"the vendor", policy.Freeze{Scope: policy.FreezeVendor, Subject: "V-020"}, true, true},
		{"its prime", policy.Freeze{Scope: policy.FreezeVendor, Subject: "V-012"}, true, true},
		{"the vendor on this system", policy.Freeze{Scope: policy.FreezeVendor, Subject: "V-012", System: "hr"}, true, true},
		{"the vendor on another system", policy.Freeze{Scope: policy.FreezeVendor, Subject: "V-012", System: "tax"}, false, false},
		{"another vendor", policy.Freeze{Scope: policy.FreezeVendor, Subject: "V-999"}, false, false},
	} {
		o := open(t)
		o.declare()
		o.write(func(tx *Tx) error {
			err := tx.PutVendor(Vendor{Vendor: policy.Vendor{ID: "V-020", Login: "saitaku", Name: "再委託", Prime: "V-012"}})
			if err != nil || c.z.Scope == "" {
				return err
			}
			c.z.ID, c.z.By, c.z.Since = "I-001", "U-001", tx.Now
			return tx.AddFreeze(c.z)
		})
		o.read(func(s *Snap) error {
			plain, err := s.covered("V-020", "hr", false)
			drill, err2 := s.covered("V-020", "hr", true)
			if plain != c.real || drill != c.isDrill {
				t.Errorf("%s: real %v, drill %v", c.name, plain, drill)
			}
			return all(err, err2)
		})
	}
}

func remembered(window string) Remembered {
	return Remembered{Person: "E-0031", Fingerprint: "SHA256:abc", Source: netip.MustParseAddr("192.0.2.7"), Window: window, Notice: "3"}
}

// A drill forgets the remembered factors of drills, and no others.
func TestADrillForgetsDrillsOnly(t *testing.T) {
	o := open(t)
	o.declare()
	o.write(func(tx *Tx) error {
		no, err := tx.grant(noon, "E-0031")
		if err != nil {
			return err
		}
		err = tx.AddWindow(Window{Window: policy.Window{ID: no + "-2", Request: no, System: "hr", Start: noon, End: noon.Add(time.Hour), State: policy.WindowScheduled, Drill: true}})
		if err := all(err, tx.RememberFactor(remembered(no+"-1")), tx.RememberFactor(remembered(no+"-2"))); err != nil {
			return err
		}
		return tx.ForgetFactors(FactorFilter{Drill: true})
	})
	o.read(func(s *Snap) error {
		if _, err := s.Remembered(remembered("R8-0001-1")); err != nil {
			t.Errorf("a real window's: %v", err)
		}
		if _, err := s.Remembered(remembered("R8-0001-2")); !errors.Is(err, ErrNotFound) {
			t.Errorf("a drill's: %v", err)
		}
		return nil
	})
}

func TestAlarmsGoToEveryDeskOnce(t *testing.T) {
	o := open(t)
	o.declare()
	broker := ledger.Actor{Kind: "broker", Via: "timer"}
	o.write(func(tx *Tx) error {
		_, err := tx.RaiseAlarm(Alarm{What: AlarmLock, About: "E-0031", Detail: map[string]any{"reason": "x"}}, []string{"jinji", "jinji", ""}, broker)
		_, err2 := tx.RaiseAlarm(Alarm{What: AlarmLockedOut}, nil, broker)
		return all(err, err2)
	})
	list := func(f AlarmFilter) (ids []string) {
		o.read(func(s *Snap) error {
			found, err := s.Alarms(f)
			for _, a := range found {
				ids = append(ids, a.ID)
			}
			return err
		})
		return ids
	}
	same(t, "all", list(AlarmFilter{}), []string{"A-0002", "A-0001"}, nil)
	same(t, "the section's", list(AlarmFilter{Desks: []string{SectionDesk("jinji")}}), []string{"A-0001"}, nil)
	o.write(func(tx *Tx) error { return tx.AckAlarm("A-0001", SectionDesk("jinji"), "U-002", "") })
	same(t, "the section's open", list(AlarmFilter{Desks: []string{SectionDesk("jinji")}, Open: true}), nil, nil)
	same(t, "the central desk's open", list(AlarmFilter{Desks: []string{CentralDesk}, Open: true}), []string{"A-0002", "A-0001"}, nil)
	o.write(func(tx *Tx) error {
		if err := tx.AckAlarm("A-0001", SectionDesk("jinji"), "U-001", ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("acknowledged twice: %v", err)
		}
		if err := tx.AckAlarm("A-0002", SectionDesk("jinji"), "U-001", ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("acknowledged where it did not go: %v", err)
		}
		a, err := tx.Alarm("A-0001")
		if len(a.Desks) != 2 || a.Detail["reason"] != "x" {
			t.Errorf("%+v", a)
		}
		return err
	})
}
