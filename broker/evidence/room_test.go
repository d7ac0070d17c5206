package evidence

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/testbed/blank"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// room is a store and a directory of recordings, as a broker leaves them.
type room struct {
	t     *testing.T
	dir   string
	path  string // of the database
	db    *store.DB
	k     *Keeper
	id    *age.X25519Identity
	ahead atomic.Int64
	live  sync.Map // files by session: the supervisor's list
	opt   store.Options
}

var dawn = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, dir: t.TempDir()}
	ring, err := keys.Create(filepath.Join(r.dir, "keys"), bytes.Repeat([]byte{7}, keys.MasterSize), "test.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	if r.id, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	r.path = filepath.Join(r.dir, "sekimori.db")
	blank.Database(t, r.path)
	r.opt = store.Options{Clock: r.clock, Signer: ring.LedgerSigner(), Verifier: ring.LedgerVerifier(), Origin: "test.example/ledger", Uncatalogued: testbed.Catalogued(t)}
	r.open()
	t.Cleanup(func() { r.db.Close() })
	return r
}

func (r *room) clock() time.Time { return dawn.Add(time.Duration(r.ahead.Load())) }

func (r *room) open() {
	r.t.Helper()
	var err error
	if r.db, err = store.Open(r.t.Context(), r.path, r.opt); err != nil {
		r.t.Fatal(err)
	}
	r.k = New(Options{DB: r.db, Dir: r.dir, Clock: r.clock, Live: func(session string) (string, bool) {
		file, live := r.live.Load(session)
		if !live {
			return "", false
		}
		return file.(string), true
	}})
}

func (r *room) file(session string) string { return filepath.Join(r.dir, session+".skr") }

// begin makes a recording without an end.
func (r *room) begin(session, said string) *recordings.Writer {
	r.t.Helper()
	w, err := recordings.Create(r.file(session), recordings.Header{Session: session, Started: r.clock()}, recordings.Options{
		FS: recordings.OS(), OutputTo: []age.Recipient{r.id.Recipient()}, InputTo: []age.Recipient{r.id.Recipient()},
		Elapsed: func() time.Duration { return 0 },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := w.Data(0, recordings.Stdout, []byte(said)); err != nil {
		r.t.Fatal(err)
	}
	return w
}

// session records a session and ends it in the ledger.
func (r *room) session(id, said string) recordings.Digest {
	r.t.Helper()
	d, err := r.begin(id, said).Close(recordings.End{Cause: "ended", At: r.clock()})
	if err != nil {
		r.t.Fatal(err)
	}
	d.File = id + ".skr"
	r.row(store.Session{ID: id, State: store.SessionEnded, Reason: policy.EndedByEngineer, Ended: r.clock(), Recording: d.File, RecordingSum: d.SHA256.String(), RecordingSize: d.Size},
		&ledger.Draft{Kind: "session.ended", Actor: timer, Subjects: []string{id}, Payload: map[string]any{"session_id": id, "recording": d}})
	return d
}

func (r *room) row(s store.Session, d *ledger.Draft) {
	r.t.Helper()
	if d == nil {
		d = &ledger.Draft{Kind: "test.act", Actor: timer}
	}
	s.Created, s.Person, s.Grant, s.Window, s.System = r.clock(), "E-0031", "R8-0001-1-1", "R8-0001-1", "hr"
	err := r.db.Write(r.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(*d)
		return errors.Join(tx.AddSession(s), err)
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
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := db.Exec(statement, args...)
	if err == nil {
		var n int64
		if n, err = res.RowsAffected(); n == 0 && err == nil {
			err = errors.New("nothing was edited")
		}
	}
	if err = errors.Join(err, db.Close()); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

func (r *room) alarms() []store.Alarm {
	r.t.Helper()
	var all []store.Alarm
	err := r.db.Read(r.t.Context(), func(s *store.Snap) (err error) {
		all, err = s.Alarms(store.AlarmFilter{What: store.AlarmEvidence})
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *room) alarmsOf(f Finding) (n int) {
	for _, a := range r.alarms() {
		if a.Detail["finding"] == string(f) {
			n++
		}
	}
	return n
}

// remake replaces a session's recording by another one with the same number.
func (r *room) remake(session string) {
	r.t.Helper()
	if err := os.Remove(r.file(session)); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.begin(session, "nothing happened\n").Close(recordings.End{Cause: "ended", At: dawn}); err != nil {
		r.t.Fatal(err)
	}
}

// opening is the entry of a starting session.
func opening(session string) *ledger.Draft {
	return &ledger.Draft{Kind: "session.opening", Actor: timer, Subjects: []string{session}, Payload: map[string]any{"session_id": session}}
}

// end ends a session with a row.
func (r *room) end(id string, d recordings.Digest) {
	r.t.Helper()
	err := r.db.Write(r.t.Context(), func(tx *store.Tx) error {
		row, err := tx.Session(id)
		if err != nil {
			return err
		}
		row.State, row.Reason, row.Ended, row.Recording, row.RecordingSum, row.RecordingSize = store.SessionEnded, policy.EndedByEngineer, tx.Now, d.File, d.SHA256.String(), d.Size
		_, err = tx.Append(ledger.Draft{Kind: "session.ended", Actor: timer, Subjects: []string{id}, Payload: map[string]any{"session_id": id, "recording": d}})
		return errors.Join(tx.UpdateSession(row), err)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) entries(kind string) (n int) {
	r.t.Helper()
	err := r.db.Read(r.t.Context(), func(s *store.Snap) error {
		for _, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *room) write(session string, b []byte) {
	r.t.Helper()
	if err := os.WriteFile(r.file(session), b, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) read(session string) []byte {
	r.t.Helper()
	b, err := os.ReadFile(r.file(session))
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// output reads an opened recording to its end.
func (r *room) output(held *Recording) string {
	r.t.Helper()
	rec, err := held.Reader(r.id)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rec.Close()
	var out bytes.Buffer
	for {
		f, err := rec.Next()
		if err != nil {
			if err == io.EOF {
				if err := held.Confirm(context.Background(), rec.Digest()); err != nil {
					r.t.Error(err)
				}
			}
			return out.String()
		}
		out.Write(f.Data)
	}
}
