package disposal_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/broker/disposal"
	"sekimori/broker/evidence"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/testbed/blank"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
	"sekimori/policy"
	"sekimori/recordings"
)

func TestMain(m *testing.M) {
	testrun.Fast()
	os.Exit(m.Run())
}

const day = 24 * time.Hour

var (
	dawn   = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	timer  = ledger.Actor{Kind: "broker", Via: "timer"}
	person = ledger.Actor{Kind: "person", ID: "U-TEN", Via: "cli"}
)

// room is a store and a directory of recordings, as a broker leaves them. Recordings are kept for a year; those of the system water for ninety
// days.
type room struct {
	t    *testing.T
	dir  string
	path string
	db   *store.DB
	opt  store.Options
	id   *age.X25519Identity
	now  time.Time
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, dir: t.TempDir(), now: dawn}
	ring, err := keys.Create(filepath.Join(r.dir, "keys"), bytes.Repeat([]byte{7}, keys.MasterSize), "test.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	if r.id, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	r.path = filepath.Join(r.dir, "sekimori.db")
	blank.Database(t, r.path)
	r.opt = store.Options{Clock: func() time.Time { return r.now }, Signer: ring.LedgerSigner(), Verifier: ring.LedgerVerifier(), Origin: "test.example/ledger", Uncatalogued: testbed.Catalogued(t)}
	r.open()
	t.Cleanup(func() { r.db.Close() })
	r.write(func(tx *store.Tx) error {
		err := tx.PutSection(store.Section{ID: "jinji", Name: "人事課"})
		for id, days := range map[string]int{"hr": 0, "water": 90} {
			err = errors.Join(err, tx.PutSystem(store.System{System: policy.System{ID: id, Section: "jinji", Line: policy.LineNone, KeepRecordingsDays: days}}))
		}
		err = errors.Join(err, tx.PutPerson(store.Person{Person: policy.Person{ID: "U-TEN", Login: "tenken", Kind: policy.Staff}}))
		_, e := tx.Append(ledger.Draft{Kind: store.KindNoticeInForce, Actor: timer, Payload: store.NoticeInForce{Version: 1, KeptDays: 365}})
		return errors.Join(err, e)
	})
	return r
}

func (r *room) open() {
	r.t.Helper()
	var err error
	if r.db, err = store.Open(r.t.Context(), r.path, r.opt); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) write(change func(*store.Tx) error) {
	r.t.Helper()
	err := r.db.Write(r.t.Context(), func(tx *store.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: timer})
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// byHand edits the database while no broker runs.
func (r *room) byHand(statement string, args ...any) {
	r.t.Helper()
	if err := r.db.Close(); err != nil {
		r.t.Fatal(err)
	}
	db, err := sql.Open("sqlite", r.path)
	if err == nil {
		_, err = db.Exec(statement, args...)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

func file(session string) string { return "2026/11/" + session + ".skr" }

func (r *room) place(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

// session records a session of a system that ends now, with a file derived from its recording.
func (r *room) session(id, system string) {
	r.t.Helper()
	at := r.place(file(id))
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		r.t.Fatal(err)
	}
	w, err := recordings.Create(at, recordings.Header{Session: id, Started: r.now}, recordings.Options{
		OutputTo: []age.Recipient{r.id.Recipient()}, InputTo: []age.Recipient{r.id.Recipient()}, Elapsed: func() time.Duration { return 0 }})
	if err != nil {
		r.t.Fatal(err)
	}
	d, err := w.Close(recordings.End{Cause: "ended", At: r.now})
	if err = errors.Join(err, os.WriteFile(at+".idx", []byte("derived"), 0o600)); err != nil {
		r.t.Fatal(err)
	}
	d.File = file(id)
	r.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: timer, Subjects: []string{id}, Payload: map[string]any{"session_id": id, "recording": d}})
		return errors.Join(err, tx.AddSession(store.Session{ID: id, State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: r.now, Ended: r.now, Person: "E-0031", System: system,
			Recording: d.File, RecordingSum: d.SHA256.String(), RecordingSize: d.Size}))
	})
}

// there lists the names that lie in the directory of recordings.
func (r *room) there() (names []string) {
	r.t.Helper()
	all, err := os.ReadDir(r.place("2026/11"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// entries reads the payloads of a kind.
func (r *room) entries(kind string) (all []map[string]any) {
	r.t.Helper()
	err := r.db.Read(r.t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			var body map[string]any
			if err := json.Unmarshal(e.Payload, &body); err != nil {
				return err
			}
			all = append(all, body)
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *room) archive() *disposal.Archive {
	return disposal.New(disposal.Options{DB: r.db, Dir: r.dir})
}

// opened is the error of opening a recording.
func (r *room) opened(session string) error {
	k := evidence.New(evidence.Options{DB: r.db, Dir: r.dir, Clock: func() time.Time { return r.now }})
	held, err := k.Open(r.t.Context(), session)
	if err != nil {
		return err
	}
	return held.Close()
}

// alarms counts the alarms about evidence.
func (r *room) alarms() (n int) {
	r.t.Helper()
	err := r.db.Read(r.t.Context(), func(s *store.Snap) error {
		all, err := s.Alarms(store.AlarmFilter{What: store.AlarmEvidence})
		n = len(all)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}
