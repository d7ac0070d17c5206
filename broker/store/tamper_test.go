package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sekimori/broker/ledger"
	"sekimori/broker/testrun"
)

// spoiled is a ledger of seven entries whose file was edited by hand.
func spoiled(t *testing.T, edit string) (opt Options, path string, checkpoints [][]byte) {
	t.Helper()
	c := &clock{at: noon}
	opt, path = options(t, c), filepath.Join(t.TempDir(), "sekimori.db")
	blank(t, path)
	db, err := Open(context.Background(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	for range 7 {
		if err := db.Write(context.Background(), func(tx *Tx) error { _, err := tx.Append(act("request.approved", "R8-0124")); return err }); err != nil {
			t.Fatal(err)
		}
		if err := db.Read(context.Background(), func(s *Snap) error {
			c, err := s.LatestCheckpoint()
			checkpoints = append(checkpoints, c)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	byHand, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer byHand.Close()
	for _, statement := range strings.Split(edit, ";") {
		if _, err := byHand.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return opt, path, checkpoints
}

func verify(opt Options, path string, since []byte) error {
	db, err := Open(context.Background(), path, opt)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Read(context.Background(), func(s *Snap) error { return s.VerifyLedger(since, nil) })
}

func TestDatabaseEditedByHandIsNoticed(t *testing.T) {
	for _, c := range []struct{ name, edit, says string }{
		{"payload", `UPDATE ledger_entries SET payload = CAST('{"kind":"x"}' AS BLOB) WHERE idx = 3`, "entry 3"},
		{"header", `UPDATE ledger_entries SET header = CAST(replace(CAST(header AS TEXT), 'U-001', 'U-009') AS BLOB) WHERE idx = 3`, "entry 3"},
		{"time beside the header", `UPDATE ledger_entries SET at = at - 1 WHERE idx = 3`, "entry 3"},
		{"kind beside the header", `UPDATE ledger_entries SET kind = 'request.rejected' WHERE idx = 3`, "entry 3"},
		{"leaf", `UPDATE ledger_hashes SET hash = zeroblob(32) WHERE idx = (SELECT min(idx) FROM ledger_hashes)`, "entry 0"},
		{"payload cut out", `UPDATE ledger_entries SET salt = NULL WHERE idx = 3`, "entry 3"},
		{"row from the middle", `PRAGMA foreign_keys = 0; DELETE FROM ledger_entries WHERE idx = 3`, "entry 3"},
		{"rows from the end", `DELETE FROM ledger_subjects WHERE idx > 4; DELETE FROM ledger_entries WHERE idx > 4`, "checkpoint is of 7"},
		{"last entry", `UPDATE ledger_entries SET header = CAST(replace(CAST(header AS TEXT), 'U-001', 'U-009') AS BLOB) WHERE idx = 6`, "entry 6"},
		{"tree", `UPDATE ledger_hashes SET hash = zeroblob(32) WHERE idx = 6`, "root"},
		{"payload and salt erased", `UPDATE ledger_entries SET salt = x'', payload = x'' WHERE idx = 3`, "entry 3"},
		{"payloads and salts removed", `UPDATE ledger_entries SET salt = NULL, payload = NULL WHERE idx > 1`, "entry 2"},
		{"checkpoint", `UPDATE checkpoints SET note = CAST(replace(CAST(note AS TEXT), '7', '6') AS BLOB) WHERE size = 7`, "checkpoint"},
		{"checkpoints gone", `DELETE FROM checkpoints`, "no checkpoint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opt, path, _ := spoiled(t, c.edit)
			err := verify(opt, path, nil)
			if !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a word of %q", err, c.says)
			}
			var place *Damage
			if !errors.As(err, &place) {
				t.Fatalf("%v names no place", err)
			}
			ja := strings.ReplaceAll(strings.ReplaceAll(c.says, "entry ", ""), "checkpoint is of ", "")
			if n, err := strconv.Atoi(ja); err == nil && !strings.Contains(place.Text.JA, strconv.Itoa(n)) {
				t.Errorf("in Japanese the place lacks %d: %s", n, place.Text.JA)
			}
			if !strings.ContainsFunc(place.Text.JA, func(r rune) bool { return r > 0x3000 }) || place.Text.JA == place.Text.EN {
				t.Errorf("in Japanese: %s", place.Text.JA)
			}
		})
	}
}

// disposeOf prepares a disposal and carries it out in one transaction.
func (t *Tx) disposeOf(rule, by string, indexes ...int64) error {
	d, err := t.PrepareDisposal(indexes...)
	if err != nil {
		return err
	}
	return t.Dispose(rule, by, ledger.Actor{Kind: "broker", Via: "timer"}, d)
}

// A disposal by a rule verifies; a deletion without one does not.
func TestDisposalIsAuthorisedByAnEntry(t *testing.T) {
	o := open(t)
	var first int64
	o.read(func(s *Snap) (err error) { first, err = s.LedgerSize(); return err })
	for range 5 {
		o.write(func(tx *Tx) error { _, err := tx.Append(act("request.approved", "R8-0124")); return err })
	}
	o.write(func(tx *Tx) error { return tx.disposeOf("retention of 1825 days", "U-001", first, first+2) })
	holds := func() error { return o.Read(t.Context(), func(s *Snap) error { return s.VerifyLedger(nil, nil) }) }
	if err := holds(); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]int64{nil, {first}, {first + 10}, {first + 99}} { // nothing, twice, the authorisation itself, none
		err := o.Write(t.Context(), func(tx *Tx) error { return tx.disposeOf("rule", "U-001", bad...) })
		if err == nil {
			t.Errorf("disposed of %v", bad)
		}
	}
	if err := o.Write(t.Context(), func(tx *Tx) error { return tx.disposeOf("rule", "", 0) }); err == nil {
		t.Error("nobody disposed of an entry")
	}
	if err := holds(); err != nil {
		t.Error(err)
	}
}

func TestLedgerCutAtItsEndIsNoticedAgainstAnOlderCheckpoint(t *testing.T) {
	// Cut everywhere, in tree and checkpoints too: the rest is consistent in itself.
	opt, path, checkpoints := spoiled(t, `DELETE FROM ledger_subjects WHERE idx > 4; DELETE FROM ledger_entries WHERE idx > 4;
		DELETE FROM checkpoints WHERE size > 5; DELETE FROM ledger_hashes WHERE idx > 7`)
	if err := verify(opt, path, nil); err != nil {
		t.Fatalf("the cut ledger is not whole in itself: %v", err)
	}
	for i, since := range checkpoints {
		err := verify(opt, path, since)
		if gone := i+1 > 5; errors.Is(err, ErrTampered) != gone {
			t.Errorf("against the checkpoint of %d entries: %v", i+1, err)
		}
	}
}

func TestAnotherLedgersCheckpointIsRefused(t *testing.T) {
	opt, path, checkpoints := spoiled(t, `SELECT 1`)
	other := options(t, &clock{at: noon})
	opt.Signer, opt.Verifier = other.Signer, other.Verifier
	if err := verify(opt, path, nil); !errors.Is(err, ErrTampered) {
		t.Errorf("another key: %v", err)
	}
	opt.Verifier, opt.Origin = nil, "town.example/ledger"
	if err := verify(opt, path, nil); err == nil || !strings.Contains(err.Error(), "town.example") {
		t.Errorf("another origin: %v", err)
	}
	opt.Origin = origin
	if err := verify(opt, path, checkpoints[2]); err != nil {
		t.Errorf("without a key the tree is checked all the same: %v", err)
	}
}

func TestRowsTakenWhileOpenAreNotSignedOver(t *testing.T) {
	c := &clock{at: noon}
	opt, path := options(t, c), filepath.Join(t.TempDir(), "sekimori.db")
	blank(t, path)
	db, err := Open(context.Background(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	entry := func() error {
		return db.Write(context.Background(), func(tx *Tx) error { _, err := tx.Append(act("test.act")); return err })
	}
	if err := all(entry(), entry()); err != nil {
		t.Fatal(err)
	}
	byHand, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer byHand.Close()
	if _, err := byHand.Exec(`DELETE FROM ledger_entries WHERE idx = 1`); err != nil {
		t.Fatal(err)
	}
	if err := entry(); !errors.Is(err, ErrTampered) {
		t.Errorf("got %v", err)
	}
}

func TestExportOfTheStoreVerifies(t *testing.T) {
	o := open(t)
	o.declare()
	for range 5 {
		o.write(func(tx *Tx) error { _, err := tx.grant(noon, "E-0031"); return err })
	}
	var b bytes.Buffer
	o.read(func(s *Snap) error {
		c, err := s.LatestCheckpoint()
		return all(err, ledger.WriteExport(&b, s.Entries(EntryFilter{}), c))
	})
	if _, err := ledger.Verify(bytes.NewReader(b.Bytes()), ledger.VerifyOptions{Key: o.opt.Verifier}); err != nil {
		t.Error(err)
	}
}

func TestEntriesBySubjectKindAndRange(t *testing.T) {
	o := open(t)
	err := o.Write(context.Background(), func(tx *Tx) error {
		for _, d := range []ledger.Draft{
			act("session.opening", "S-20261124-01", "E-0031"), act("session.ended", "S-20261124-01"),
			act("request.approved", "R8-0124", "E-0031"), act("sessions", "E-0031"),
		} {
			if _, err := tx.Append(d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    EntryFilter
		want []int64
	}{
		{EntryFilter{}, []int64{0, 1, 2, 3}},
		{EntryFilter{Kind: "session.*"}, []int64{0, 1}},
		{EntryFilter{Kind: "request.approved"}, []int64{2}},
		{EntryFilter{Subject: "E-0031"}, []int64{0, 2, 3}},
		{EntryFilter{Subject: "E-0031", Newest: true, Limit: 2}, []int64{3, 2}},
		{EntryFilter{From: 1, To: 3}, []int64{1, 2}},
		{EntryFilter{Subject: "nobody"}, nil},
	} {
		o.read(func(s *Snap) error {
			var got []int64
			for e, err := range s.Entries(c.f) {
				if err != nil {
					return err
				}
				got = append(got, e.Index)
			}
			if len(got) != len(c.want) {
				t.Errorf("%+v: %v, want %v", c.f, got, c.want)
				return nil
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("%+v: %v, want %v", c.f, got, c.want)
				}
			}
			return nil
		})
	}
	o.read(func(s *Snap) error { // one checkpoint over the transaction's four entries
		b, err := s.CheckpointAt(2)
		if err != nil {
			return err
		}
		c, err := ledger.OpenCheckpoint(b, o.opt.Verifier)
		if c.Size != 4 {
			t.Errorf("checkpoint of %d", c.Size)
		}
		if _, err := s.CheckpointAt(5); !errors.Is(err, ErrNotFound) {
			t.Errorf("checkpoint of five: %v", err)
		}
		return err
	})
}

func TestDatabaseOfANewerVersionIsRefused(t *testing.T) {
	opt, path, _ := spoiled(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	if err := verify(opt, path, nil); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v", err)
	}
}

func TestDataDirectory(t *testing.T) {
	o := open(t)
	o.write(func(*Tx) error { return nil })
	dir := filepath.Dir(o.path)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LockDir(dir); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "process") {
		t.Errorf("second process: %v", err)
	}
	if err := CheckModes(dir); err != nil {
		t.Errorf("modes as the store makes them: %v", err)
	}
	if err := os.Chmod(o.path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := CheckModes(dir); !errors.Is(err, ErrLooseMode) || !strings.Contains(err.Error(), o.path) {
		t.Errorf("loose database: %v", err)
	}
	if err := all(os.Chmod(o.path, 0o600), os.Chmod(dir, 0o711)); err != nil {
		t.Fatal(err)
	}
	if err := CheckModes(dir); !errors.Is(err, ErrLooseMode) || !strings.Contains(err.Error(), "0711") {
		t.Errorf("loose directory: %v", err)
	}
	testrun.HeldByAChild(t, filepath.Join(dir, "lock"))
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := LockDir(dir)
	if err != nil {
		t.Fatalf("after unlock: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// The error says that the file is damaged. It was "table goose_db_version already exists".
func TestADamagedFileIsSaidToBeOne(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"no database":       func(b []byte) []byte { return bytes.Repeat([]byte("nonsense"), len(b)/8) },
		"the schema's page": func(b []byte) []byte { clear(b[100:4096]); return b },
		"pages overwritten": func(b []byte) []byte {
			for i := 4096; i < len(b); i += 8192 {
				copy(b[i:], bytes.Repeat([]byte{0xff}, 512))
			}
			return b
		},
		"cut off": func(b []byte) []byte { return b[:len(b)/3] },
	} {
		path := filepath.Join(t.TempDir(), "sekimori.db")
		blank(t, path)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, spoil(b), 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), path, options(t, &clock{at: noon}))
		if err == nil {
			db.Close()
		}
		if !errors.Is(err, ErrUnreadable) || strings.Contains(err.Error(), "goose") || strings.Contains(err.Error(), "already exists") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
