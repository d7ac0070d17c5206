package evidence

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/text/encoding/japanese"

	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/archive"
	"sekimori/recordings/search"
)

// index gives the room's keeper an index.
func (r *room) index() *search.Index { return r.indexOf(0) }

// indexOf is index with a bound on the text of a session.
func (r *room) indexOf(most int64) *search.Index {
	r.t.Helper()
	ring, err := keys.Open(filepath.Join(r.dir, "keys"), bytes.Repeat([]byte{7}, keys.MasterSize))
	if err != nil {
		r.t.Fatal(err)
	}
	x, err := search.Open(search.Options{Dir: filepath.Join(r.dir, "search"), Seal: ring.Seal, Unseal: ring.Unseal, MostText: most})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { x.Close() })
	r.k.o.Index, r.k.o.Viewing = x, r.id
	return x
}

func (r *room) indexed() {
	r.t.Helper()
	if err := r.k.indexSealed(r.t.Context(), plainly); err != nil {
		r.t.Fatal(err)
	}
}

func hits(t *testing.T, x *search.Index, session, words string) int {
	t.Helper()
	q, err := search.NewQuery(words)
	if err != nil {
		t.Fatal(err)
	}
	f, err := x.Find(t.Context(), session, q, 1, func() (bool, error) { return true, nil })
	if err != nil {
		t.Fatal(err)
	}
	return f.Hits
}

// A sealed recording that holds is indexed, without what was typed. One that does not hold, and a live one, are not. A recording that is gone
// takes its index with it.
func TestSealedRecordingsAreIndexed(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	x := r.index()
	const sound, replaced, live, typed = "S-20261124-01", "S-20261124-02", "S-20261124-03", "S-20261124-04"
	r.session(sound, "hr-db01 の障害を確認\n")
	r.session(replaced, "障害なし\n")
	r.remake(replaced)
	w := r.begin(live, "障害\n")
	r.row(store.Session{ID: live, State: store.SessionActive, Recording: live + ".skr"}, opening(live))
	r.live.Store(live, live+".skr")
	in := r.begin(typed, "prompt\n")
	if err := in.Data(0, recordings.Stdin, []byte("合言葉 hunter2\n")); err != nil {
		t.Fatal(err)
	}
	r.row(store.Session{ID: typed, State: store.SessionActive, Recording: typed + ".skr"}, opening(typed))
	d, err := in.Close(recordings.End{Cause: "ended", At: r.clock()})
	if err != nil {
		t.Fatal(err)
	}
	d.File = typed + ".skr"
	r.end(typed, d)

	r.indexed()
	if got := x.Sessions(); !slices.Equal(got, []string{sound, typed}) {
		t.Fatalf("indexed %v", got)
	}
	if n := hits(t, x, sound, "障害"); n != 1 {
		t.Errorf("%d hits", n)
	}
	for _, words := range []string{"hunter2", "合言葉"} {
		if n := hits(t, x, typed, words); n != 0 {
			t.Errorf("what was typed is found: %s", words)
		}
	}
	if n := r.alarmsOf(Differs) + r.alarmsOf(OtherSession); n != 1 {
		t.Errorf("%d alarms about the replaced recording", n)
	}
	r.indexed() // a recording that does not hold is not read again until the next day
	if n := len(r.k.unindexed); n != 1 {
		t.Errorf("%d sessions are noted as not indexed", n)
	}

	// The session ends, and is indexed then.
	d, err = w.Close(recordings.End{Cause: "ended", At: r.clock()})
	if err != nil {
		t.Fatal(err)
	}
	d.File = live + ".skr"
	r.live.Delete(live)
	r.end(live, d)
	full := false
	r.k.o.Room = func() bool { return full }
	r.indexed()
	if x.Holds(live) {
		t.Error("indexed although the disk has no room")
	}
	full = true
	r.indexed()
	if n := hits(t, x, live, "障害"); n != 1 {
		t.Errorf("%d hits in the session that ended", n)
	}

	if err := os.Remove(r.file(sound)); err != nil {
		t.Fatal(err)
	}
	r.indexed()
	if x.Holds(sound) {
		t.Error("the index outlives its recording")
	}
	r.ahead.Add(int64(tryAgain + time.Second))
	r.indexed()
	if len(x.Sessions()) != 2 {
		t.Errorf("indexed %v", x.Sessions())
	}
}

// The text is decoded as the target's registered encoding says.
func TestIndexReadsTheTargetsEncoding(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	x := r.index()
	sjis, err := japanese.ShiftJIS.NewEncoder().String("給与の障害\n")
	if err != nil {
		t.Fatal(err)
	}
	r.session("S-20261124-01", sjis)
	err = r.db.Write(t.Context(), func(tx *store.Tx) error {
		row, err := tx.Session("S-20261124-01")
		row.Target = "hr-old"
		_, noted := tx.Append(ledger.Draft{Kind: "test.act", Actor: timer})
		target := store.Target{Target: policy.Target{ID: "hr-old", System: "hr", Host: "192.0.2.9", Port: 22}, Encoding: "cp932"}
		return errors.Join(err, tx.PutSection(store.Section{ID: "personnel"}), tx.PutSystem(store.System{System: policy.System{ID: "hr", Section: "personnel"}}), tx.PutTarget(target), tx.UpdateSession(row), noted)
	})
	if err != nil {
		t.Fatal(err)
	}
	r.indexed()
	if n := hits(t, x, "S-20261124-01", "障害"); n != 1 {
		t.Errorf("%d hits", n)
	}
}

func TestNoIndexIsNoError(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	if err := r.k.IndexSealed(t.Context()); err != nil {
		t.Error(err)
	}
}

// disposing is an identity with which a recording is opened just before it is disposed of.
type disposing struct {
	age.Identity
	then func()
}

func (d *disposing) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	key, err := d.Identity.Unwrap(stanzas)
	if err == nil && d.then != nil {
		then := d.then
		d.then = nil
		then()
	}
	return key, err
}

// TestAttackTextPutBackAfterADisposal disposes of a recording between its opening for the index and the building. Nothing of it is left in the index, not even
// of a recording whose beginning alone is indexed.
func TestAttackTextPutBackAfterADisposal(t *testing.T) {
	t.Parallel()
	for _, most := range []int64{1, 1 << 20} {
		r := newRoom(t)
		x := r.indexOf(most)
		r.session(mine, "障害\n障害\n障害\n")
		r.k.o.Viewing = &disposing{r.id, func() {
			r.row(store.Session{ID: "S-20261124-99", State: store.SessionRefused}, &ledger.Draft{Kind: "recording.disposing", Actor: timer, Subjects: []string{mine}, Payload: map[string]any{"session_id": mine}})
			_, err := archive.Remove(archive.OS(), r.k.o.Dir, mine+".skr")
			if err = errors.Join(err, x.Forget(mine)); err != nil {
				t.Error(err)
			}
		}}
		r.indexed()
		if x.Holds(mine) {
			t.Errorf("with at most %d bytes: the text is back", most)
		}
	}
}
