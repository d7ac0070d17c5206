package store

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sekimori/policy"
)

// reshaped gives the closed store of the examples with a person locked, and a connection for statements by hand.
func reshaped(t *testing.T, statements ...string) (Options, string) {
	t.Helper()
	c := &clock{at: noon}
	o := &office{t: t, clock: c, path: filepath.Join(t.TempDir(), "sekimori.db"), opt: options(t, c)}
	blank(t, o.path)
	var err error
	if o.DB, err = Open(t.Context(), o.path, o.opt); err != nil {
		t.Fatal(err)
	}
	o.declare()
	o.write(func(tx *Tx) error { return tx.LockPerson("E-0031", "U-001", "鍵の紛失") })
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	byHand(t, o.path, statements...)
	return o.opt, o.path
}

func byHand(t *testing.T, path string, statements ...string) {
	t.Helper()
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	for _, q := range statements {
		if _, err := raw.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// schemaAttacks change parts of the database that the digests of rows do not cover.
var schemaAttacks = map[string]struct {
	edits []string
	says  string
}{
	"a default moved lifts every lock": {[]string{
		`PRAGMA writable_schema = 1`,
		`UPDATE sqlite_schema SET sql = replace(sql, 'lifted    INTEGER NOT NULL DEFAULT 0', 'lifted    INTEGER NOT NULL DEFAULT 1700000000000') WHERE name = 'locks'`,
		`PRAGMA writable_schema = RESET`,
		`UPDATE locks SET lifted = 1700000000000`}, "the table locks is not as"},
	"a trigger swallows freezes": {[]string{`CREATE TRIGGER quiet BEFORE INSERT ON freezes BEGIN SELECT RAISE(IGNORE); END`}, "the trigger quiet is none"},
	"a trigger on goose's table": {[]string{`CREATE TRIGGER quiet AFTER INSERT ON goose_db_version BEGIN DELETE FROM freezes; END`}, "the trigger quiet is none"},
	"a view stands for an empty table": {[]string{
		`PRAGMA foreign_keys = 0`, `DROP TABLE deputations`,
		`CREATE VIEW deputations AS SELECT 1 AS id, 'U-001' AS approver, 'U-002' AS deputy, 0 AS starts, 99999999999999 AS ends, 'x' AS reason, 'U-001' AS set_by, 0 AS set_at, NULL AS cleared_by, 0 AS cleared_at`}, "deputations"},
	"a table too many":    {[]string{`CREATE TABLE more (id INTEGER PRIMARY KEY)`}, "the table more is none"},
	"an index taken away": {[]string{`DROP INDEX locks_in_force`}, "the index locks_in_force is missing"},
	"an index of another condition": {[]string{`DROP INDEX locks_in_force`,
		`CREATE UNIQUE INDEX locks_in_force ON locks (kind, subject) WHERE lifted = 1`}, "the index locks_in_force is not as"},
	"a check taken out of a table": {[]string{
		`PRAGMA writable_schema = 1`,
		`UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (kind IN (''person'', ''vendor''))', 'CHECK (1)') WHERE name = 'locks'`}, "the table locks is not as"},
	"two tables in one place": {[]string{
		`PRAGMA writable_schema = 1`,
		`UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'lock_lifts') WHERE name = 'hold_releases'`}, "in the schema twice"},
}

// Open refuses such a database, and verification names the damage.
func TestAttackSchemaChangedByHand(t *testing.T) {
	for name, c := range schemaAttacks {
		t.Run(name, func(t *testing.T) {
			opt, path := reshaped(t, c.edits...)
			db, err := Open(t.Context(), path, opt)
			if err == nil {
				db.Close()
			}
			looked := Look(t.Context(), path, opt, func(s *Snap, _ Seen) error { return s.VerifyLedger(nil, nil) })
			for which, err := range map[string]error{"open": err, "verify": looked} {
				var place *Damage
				if !errors.Is(err, ErrTampered) || !errors.As(err, &place) || !strings.Contains(place.Text.EN, c.says) {
					t.Errorf("%s: %v, want %q", which, err, c.says)
					continue
				}
				if !strings.ContainsFunc(place.Text.JA, func(r rune) bool { return r > 0x3000 }) {
					t.Errorf("%s in Japanese: %q", which, place.Text.JA)
				}
			}
		})
	}
}

// The lock stands in its table, still bound; the index that finds it has lost it.
func TestAttackIndexLosesARow(t *testing.T) {
	opt, path := reshaped(t,
		`UPDATE locks SET lifted = 1`,
		`CREATE TABLE aside AS SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE name = 'locks_in_force'`,
		`PRAGMA writable_schema = 1`,
		`DELETE FROM sqlite_schema WHERE name = 'locks_in_force'`,
		`PRAGMA writable_schema = RESET`,
		`UPDATE locks SET lifted = 0`,
		`PRAGMA writable_schema = 1`,
		`INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) SELECT * FROM aside`,
		`PRAGMA writable_schema = RESET`,
		`DROP TABLE aside`)
	err := verify(opt, path, nil)
	var place *Damage
	if !errors.As(err, &place) || !strings.Contains(place.Text.EN, "the table locks do not match") {
		t.Errorf("%v", err)
	}
}

// A trigger added while the broker runs cannot swallow a freeze or an entry: the act fails.
func TestAttackTriggerSwallowsAnInsertWhileOpen(t *testing.T) {
	for _, table := range []string{"freezes", "ledger_entries", "ledger_hashes", "checkpoints"} {
		o := open(t)
		o.declare()
		byHand(t, o.path, `CREATE TRIGGER quiet BEFORE INSERT ON `+table+` BEGIN SELECT RAISE(IGNORE); END`)
		err := o.Write(t.Context(), func(tx *Tx) error {
			_, err := tx.Append(act("test.act"))
			return all(err, tx.AddFreeze(policy.Freeze{ID: "I-900", Scope: policy.FreezeAll, By: "U-001", Since: tx.Now, Reason: "侵入"}))
		})
		if !errors.Is(err, errNothingInserted) {
			t.Errorf("%s: %v", table, err)
		}
		var place *Damage
		err = o.Read(t.Context(), func(s *Snap) error { return s.VerifyLedger(nil, nil) })
		if !errors.As(err, &place) || !strings.Contains(place.Text.EN, "trigger quiet") {
			t.Errorf("%s: verified: %v", table, err)
		}
		byHand(t, o.path, `DROP TRIGGER quiet`)
	}
}

// A database that is about to be migrated is first compared with the migrations it has had.
func TestAttackTriggerBeforeAMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sekimori.db")
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	p, err := migrator(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	byHand(t, path, `CREATE TRIGGER quiet AFTER INSERT ON goose_db_version BEGIN DELETE FROM freezes; END`)
	opt := options(t, &clock{at: noon})
	if db, err := Open(t.Context(), path, opt); !errors.Is(err, ErrTampered) {
		t.Errorf("%v", err)
		db.Close()
	}
	clean := filepath.Join(t.TempDir(), "sekimori.db")
	if err := os.WriteFile(clean, before, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), clean, opt)
	if err != nil {
		t.Fatalf("without the trigger: %v", err)
	}
	db.Close()
}

// An administrator's ANALYZE is no damage.
func TestStatisticsAreNoDamage(t *testing.T) {
	opt, path := reshaped(t, `ANALYZE`, `VACUUM`)
	if err := verify(opt, path, nil); err != nil {
		t.Error(err)
	}
}
