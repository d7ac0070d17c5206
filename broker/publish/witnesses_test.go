package publish_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/publish"
	"sekimori/broker/store"
	"sekimori/broker/witness"
)

const origin = "city.example/ledger"

// still is a clock that only the test moves. Asks and moves do not overlap.
type still struct{ now time.Time }

func (c *still) Now() time.Time          { return c.now }
func (c *still) Advance(d time.Duration) { c.now = c.now.Add(d) }

// desk is a ledger with an asker of witnesses.
type desk struct {
	t      *testing.T
	db     *store.DB
	clock  *still
	public string
	asker  *publish.Asker
}

func open(t *testing.T) *desk {
	t.Helper()
	private, public, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, clock: &still{now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}, public: public}
	d.db, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "sekimori.db"), store.Options{
		Clock: d.clock.Now, Signer: signer, Origin: origin, Zone: time.UTC, Uncatalogued: testbed.Catalogued(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.db.Close(); err != nil {
			t.Error(err)
		}
	})
	d.grow(3)
	return d
}

// grow appends entries, each in a transaction with a checkpoint of its own.
func (d *desk) grow(n int) {
	d.t.Helper()
	for range n {
		err := d.db.Write(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
			return err
		})
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

// with makes the asker ask these witnesses.
func (d *desk) with(w ...publish.Witness) {
	d.asker = publish.New(publish.Options{DB: d.db, Witnesses: w, Silence: time.Hour, Patience: time.Minute, Log: hclog.NewNullLogger()})
}

func (d *desk) ask() {
	d.t.Helper()
	if err := d.asker.Ask(context.Background()); err != nil {
		d.t.Fatal(err)
	}
}

// size is the number of entries, cosigned that of the largest checkpoint which this many witnesses have cosigned.
func (d *desk) size() (n int64) {
	d.t.Helper()
	d.read(func(s *store.Snap) (err error) { n, err = s.LedgerSize(); return err })
	return n
}

func (d *desk) read(fn func(s *store.Snap) error) {
	d.t.Helper()
	if err := d.db.Read(context.Background(), fn); err != nil {
		d.t.Fatal(err)
	}
}

// alarms are the details of the alarms of a kind.
func (d *desk) alarms(kind store.AlarmKind) (out []string) {
	d.t.Helper()
	d.read(func(s *store.Snap) error {
		list, err := s.Alarms(store.AlarmFilter{What: kind})
		for _, a := range list {
			out = append(out, fmt.Sprint(a.About, " ", a.Detail["reason"]))
		}
		return err
	})
	return out
}

// seen is a witness of the ledger with its door.
func (d *desk) seen(name string) (publish.Witness, *httptest.Server) {
	d.t.Helper()
	dir := filepath.Join(d.t.TempDir(), "witness")
	keys, err := witness.Init(dir, name)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := witness.Add(dir, d.public); err != nil {
		d.t.Fatal(err)
	}
	w, err := witness.Open(dir, d.clock.Now)
	if err != nil {
		d.t.Fatal(err)
	}
	door := httptest.NewServer(w.Handler())
	d.t.Cleanup(func() { door.Close(); _ = w.Close() })
	out := publish.Witness{Address: door.URL}
	for _, k := range keys {
		v, err := ledger.ParseWitnessKey(k)
		if err != nil {
			d.t.Fatal(err)
		}
		out.Keys = append(out.Keys, v)
	}
	return out, door
}

// Each witness is asked once for each newest checkpoint, from its own last one on.
func TestEachWitnessCosignsTheNewestCheckpoint(t *testing.T) {
	t.Parallel()
	d := open(t)
	one, _ := d.seen("one.example/w")
	two, _ := d.seen("two.example/w")
	d.with(one)
	d.ask()
	d.grow(4)
	d.with(one, two)
	d.ask()
	d.ask()
	d.read(func(s *store.Snap) error {
		list, err := s.Cosignatures(d.size())
		if err != nil || len(list) != 4 {
			t.Errorf("%d cosignatures, want two of each witness: %v", len(list), err)
		}
		both, err := s.CosignedCheckpoint(1, 2, false)
		if err != nil {
			return err
		}
		if c, err := ledger.ReadCheckpoint(both); err != nil || c.Size != 7 {
			t.Errorf("the first checkpoint with both is of %d, %v", c.Size, err)
		}
		first, err := s.CosignedCheckpoint(1, 1, false)
		if err != nil {
			return err
		}
		if c, err := ledger.ReadCheckpoint(first); err != nil || c.Size != 3 || len(ledger.Witnesses(first, origin)) != 2 {
			t.Errorf("the first checkpoint with one is %+v, %v", c, err)
		}
		return nil
	})
	if a := append(d.alarms(store.AlarmWitness), d.alarms(store.AlarmRollback)...); len(a) != 0 {
		t.Errorf("alarms %v", a)
	}
}

// An alarm is raised when a witness has given no cosignature for the stated time, and not before.
func TestSilentWitnessRaisesAnAlarm(t *testing.T) {
	t.Parallel()
	d := open(t)
	w, door := d.seen("one.example/w")
	d.with(w)
	d.ask()
	door.Close()
	d.grow(1)
	d.clock.Advance(time.Hour - time.Millisecond)
	d.ask()
	if a := d.alarms(store.AlarmWitness); len(a) != 0 {
		t.Errorf("alarm before its time: %v", a)
	}
	d.clock.Advance(time.Millisecond)
	d.ask()
	d.ask()
	if a := d.alarms(store.AlarmWitness); len(a) != 1 || !strings.HasPrefix(a[0], "one.example/w") {
		t.Errorf("alarms %v, want one", a)
	}
}

// TestABrokerThatStartsAsksEachWitness: a database that was put back says that the witness has cosigned all of it a moment ago. The witness
// remembers more, and the first round hears it.
func TestABrokerThatStartsAsksEachWitness(t *testing.T) {
	t.Parallel()
	d := open(t)
	w, _ := d.seen("one.example/w")
	d.with(w)
	d.ask()
	remembers := httptest.NewServer(conflict(999))
	defer remembers.Close()
	w.Address = remembers.URL
	d.with(w)
	d.ask()
	if a := d.alarms(store.AlarmRollback); len(a) != 1 {
		t.Errorf("alarms %v, want one", a)
	}
}

func TestAttackAnswersThatAreNoCosignature(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   store.AlarmKind
	}{
		"a page":            {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, store.AlarmWitness},
		"endless":           {endless, store.AlarmWitness},
		"an unknown ledger": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who?", http.StatusNotFound) }, store.AlarmWitness},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		}, store.AlarmWitness},
		"changing sizes":          {changing(), store.AlarmWitness},
		"a larger ledger":         {conflict(999), store.AlarmRollback},
		"another ledger":          {conflict(0), store.AlarmRollback},
		"a proof that is refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) }, store.AlarmRollback},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			w, _ := d.seen("one.example/w")
			hostile := httptest.NewServer(c.answer)
			defer hostile.Close()
			w.Address = hostile.URL
			d.with(w)
			d.ask()
			d.ask()
			if a := d.alarms(c.kind); len(a) != 1 {
				t.Errorf("alarms %v, want one", a)
			}
			d.read(func(s *store.Snap) error {
				list, err := s.Cosignatures(3)
				if len(list) != 0 {
					t.Errorf("stored %v", list)
				}
				return err
			})
		})
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte(strings.Repeat("— a AAAAAAAA\n", 1000))); err != nil {
			return
		}
	}
}

func conflict(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", size)
	}
}

func changing() http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) { n++; conflict(n%2+1)(w, r) }
}

// A witness of another maker cosigns the broker's checkpoints, beside one of ours.
func TestLitewitnessCosignsTheBrokersCheckpoints(t *testing.T) {
	t.Parallel()
	d := open(t)
	address, text := testbed.StartLitewitness(t, origin, d.public)
	key, err := ledger.ParseWitnessKey(text)
	if err != nil {
		t.Fatal(err)
	}
	ours, _ := d.seen("one.example/w")
	d.with(ours, publish.Witness{Address: address, Keys: []note.Verifier{key}})
	for range 3 {
		d.ask()
		d.grow(5)
	}
	d.ask()
	d.read(func(s *store.Snap) error {
		c, err := s.CosignedCheckpoint(d.size(), 2, true)
		if err != nil || len(ledger.Witnesses(c, origin)) != 3 {
			t.Errorf("%s, %v", c, err)
		}
		return err
	})
}
