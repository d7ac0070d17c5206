package sealing

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/broker/act"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// vault is an institution with recordings.
type vault struct {
	t        *testing.T
	h        *townhall.Hall
	k        *Keeper
	dir      string
	disposed map[string]bool
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{t: t, h: townhall.Found(t), dir: t.TempDir(), disposed: map[string]bool{}}
	v.start()
	return v
}

// start is the start of a broker on the same directories: what was in memory is gone.
func (v *vault) start() {
	v.t.Helper()
	master, err := keys.LoadMaster(filepath.Join(filepath.Dir(filepath.Dir(v.h.KeysDir)), "master"))
	if err == nil {
		v.h.Keys, err = keys.Open(v.h.KeysDir, master)
	}
	if err == nil {
		v.k, err = New(v.t.Context(), Options{DB: v.h.DB, Acts: v.h.Runner(), Ring: v.h.Keys, KeysDir: v.h.KeysDir, Dir: v.dir,
			Disposed: func(_ *store.Snap, session string) (bool, error) { return v.disposed[session], nil }})
	}
	if err != nil {
		v.t.Fatal(err)
	}
}

// with gives the ring of a person who has only these files of viewing keys.
func (v *vault) with(names ...string) *keys.Ring {
	v.t.Helper()
	dir := filepath.Join(v.t.TempDir(), "keys")
	err := os.Mkdir(dir, 0o700)
	for _, name := range append([]string{"check.sealed", "host.sealed", "ca.sealed", "ledger.sealed"}, names...) {
		b, rerr := os.ReadFile(filepath.Join(v.h.KeysDir, name))
		err = errors.Join(err, rerr, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	master, merr := keys.LoadMaster(filepath.Join(filepath.Dir(filepath.Dir(v.h.KeysDir)), "master"))
	if err = errors.Join(err, merr); err != nil {
		v.t.Fatal(err)
	}
	r, err := keys.Open(dir, master)
	if err != nil {
		v.t.Fatal(err)
	}
	return r
}

// record makes a session with a finished recording.
func (v *vault) record(session string) {
	v.t.Helper()
	v.h.Pass(time.Second)
	offline, err := age.GenerateX25519Identity()
	if err != nil {
		v.t.Fatal(err)
	}
	w, err := recordings.Create(v.path(session), recordings.Header{Session: session, Started: v.h.Now()}, recordings.Options{
		OutputTo: []age.Recipient{v.h.Keys.ViewingRecipient()}, InputTo: []age.Recipient{offline.Recipient()}, Elapsed: func() time.Duration { return 0 },
	})
	if err == nil {
		err = w.Data(0, recordings.Stdout, []byte("操作"))
	}
	if err == nil {
		_, err = w.Close(recordings.End{Cause: "window-ended", At: v.h.Now()})
	}
	if err == nil {
		err = v.h.DB.Write(v.t.Context(), func(tx *store.Tx) error {
			_, err := tx.Append(ledger.Draft{Kind: "test.prepared", Actor: timer, Subjects: []string{session}})
			return errors.Join(err, tx.AddSession(store.Session{ID: session, State: store.SessionEnded, Person: "E-0031", Vendor: "V-012", Grant: "G", Window: "w", System: "hr",
				Target: "hr-db", Account: "hr-db/hrmnt01", Reason: policy.EndedByEngineer, Created: tx.Now, Ended: tx.Now, Recording: session + ".skr", RecordingSum: "00"}))
		})
	}
	if err != nil {
		v.t.Fatal(err)
	}
	v.h.Pass(time.Second)
}

func (v *vault) begin(key string, why act.Said, by act.Caller) error {
	_, err := v.k.Begin(v.t.Context(), key, why, by)
	return err
}

func (v *vault) path(session string) string { return filepath.Join(v.dir, session+".skr") }

// opens tells whether an identity plays the recording of a session to its end.
func (v *vault) opens(session string, id age.Identity) bool {
	v.t.Helper()
	r, err := recordings.Open(v.path(session), id)
	if errors.Is(err, recordings.ErrNoKey) {
		return false
	}
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Close()
	for err == nil {
		_, err = r.Next()
	}
	if err != io.EOF {
		v.t.Fatal(err)
	}
	return true
}

func (v *vault) want(what string, err error, reason string) {
	v.t.Helper()
	if got := townhall.Reason(err); got != reason {
		v.t.Errorf("%s: %q, want %q", what, got, reason)
	}
}

func (v *vault) states() (all []policy.ViewingKeyState) {
	v.t.Helper()
	err := v.h.DB.Read(v.t.Context(), func(s *store.Snap) error {
		rows, err := s.ViewingKeys()
		all = nil
		for _, k := range rows {
			all = append(all, k.State)
		}
		return err
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return all
}
