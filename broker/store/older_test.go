package store_test

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sekimori/broker/keys"
	"sekimori/broker/store"
	"sekimori/policy"

	"golang.org/x/mod/sumdb/note"
)

// basicProcedure is a database as the version before this procedure left it: an approved window with its post taken, a half-approved
// request, a live session, a locked person and vendor, a frozen system, a filed pledge.
//
//go:embed testdata/basic-procedure.db.gz
var basicProcedure []byte

// basicKey verifies its checkpoints.
const basicKey = "townhall.example/ledger+0f167674+AfVx8+tBzehQm91aLOcDkaTcscAWTJCiztD1F1eefwsF"

// A database of the earlier version always opens: all rows read, the ledger verifies, and stopped people stay stopped.
func TestADatabaseOfTheVersionBefore(t *testing.T) {
	packed, err := gzip.NewReader(bytes.NewReader(basicProcedure))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(packed)
	path := filepath.Join(t.TempDir(), "sekimori.db")
	if err != nil || os.WriteFile(path, b, 0o600) != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(basicKey)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Create(filepath.Join(t.TempDir(), "keys"), bytes.Repeat([]byte{7}, keys.MasterSize), "townhall.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)
	err = store.Look(t.Context(), path, store.Options{Clock: func() time.Time { return now }, Verifier: verifier, Origin: "townhall.example/ledger"},
		func(s *store.Snap, _ store.Seen) error { return s.VerifyLedger(nil, nil) })
	if err != nil {
		t.Fatal(err)
	}
	// Opening binds the rows it finds, by an entry. The database's own key is missing here, so signatures are not verified from now on.
	for range 2 { // the second time there is nothing to bring up to date
		db, err := store.Open(t.Context(), path, store.Options{
			Clock: func() time.Time { return now }, Signer: ring.LedgerSigner(), Origin: "townhall.example/ledger",
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(t.Context(), func(s *store.Snap) error { older(t, s, now); return s.VerifyLedger(nil, nil) })
		if err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func older(t *testing.T, s *store.Snap, now time.Time) {
	t.Helper()
	all, err := s.Requests(store.RequestFilter{})
	if err != nil || len(all) != 2 || all[0].State != policy.PendingSecond || all[1].State != policy.RequestApproved {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, r := range all {
		made, err := s.Decisions(r.No)
		if err != nil || len(made) != 1 || made[0].By != "head" || made[0].Verdict != store.VerdictApprove || made[0].OnBehalf != "" {
			t.Errorf("decisions on %s: %+v, %v", r.No, made, err)
		}
		if r.Body.ResponsibleParty == "" { // the key was "responsible" then
			t.Errorf("%s names no responsible party", r.No)
		}
		asked, err := s.PolicyRequest(r.No)
		if err != nil || len(asked.Approvals) != 1 || asked.Emergency || asked.Drill || asked.PersonalData {
			t.Errorf("%+v, %v", asked, err)
		}
		if asked.Frozen != (r.System == "hr") {
			t.Errorf("%s is frozen: %v", r.System, asked.Frozen)
		}
	}
	w, err := s.Window("R8-0001-1")
	if err != nil || w.State != policy.WindowPermitted || w.Attendant != "ito" || w.Emergency || w.Drill || len(w.Overrides) > 0 {
		t.Errorf("%+v, %v", w, err)
	}
	live, err := s.Sessions(store.SessionFilter{Live: true})
	if err != nil || len(live) != 1 || live[0].Window != w.ID || !live[0].Paused.IsZero() {
		t.Errorf("%+v, %v", live, err)
	}
	ready := policy.Runtime{Clock: policy.ClockTrusted, Recorder: policy.RecorderReady, Lines: map[string]policy.Line{"hr": {State: policy.LineSeparated}}}
	for person, reason := range map[string]policy.Reason{"E-0031": "", "E-0040": policy.EngineerLocked} {
		f, err := s.Facts(person)
		if err != nil {
			t.Fatal(err)
		}
		f.Keys = []string{"SHA256:key"}
		f.Runtime = ready
		d := policy.Decide(f, policy.Attempt{Act: policy.ActConnect, Person: person, Key: true, Print: "SHA256:key", Factor: true, Consent: policy.ConsentGiven,
			Target: "map-web", Channel: policy.ChannelShell}, now)
		if d.Allow != (reason == "") || d.Reason != reason {
			t.Errorf("%s: %v %q", person, d.Allow, d.Reason)
		}
		if locked := f.Vendor.Locked != nil; locked != (reason != "") {
			t.Errorf("the vendor of %s is locked: %v", person, locked)
		}
	}
	f, err := s.Facts("E-0031")
	if err != nil || len(f.Freezes) != 1 || f.Freezes[0].Subject != "hr" || f.Freezes[0].Drill || !f.Person.Pledge.Until.After(now) {
		t.Errorf("%+v, %v", f, err)
	}
}
