package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sekimori/broker/ledger"
	"sekimori/policy"
)

const origin = "city.example/ledger"

var jst = time.FixedZone("JST", 9*60*60)

// noon of the day on which the documents' examples take place.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, jst)

// clock is a wall clock that tests set.
type clock struct {
	mu sync.Mutex // guards at
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// office is an open store with the people of the examples.
type office struct {
	*DB
	t     testing.TB
	clock *clock
	path  string
	opt   Options
}

func options(t testing.TB, c *clock) Options {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Clock: c.now, Signer: s, Verifier: v, Origin: origin, Zone: jst,
		// These tests write entries of any kind; what the store itself writes must be in the catalogue.
		Uncatalogued: func(what string) {
			for _, own := range []string{kindBound, "alarm.raised", ledger.KindDisposed} {
				if kind, _, _ := strings.Cut(what, ":"); kind == own {
					t.Errorf("an entry is not in the catalogue of kinds: %s", what)
				}
			}
		}}
}

// schema is the file that Open makes from nothing. The migrations run once for all tests and not once in each. Without
// an entry it belongs to no ledger yet. (broker/internal/testbed/blank does the same for other packages; this one cannot import it.)
var schema = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "schema")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	skey, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "schema.db")
	db, err := Open(context.Background(), path, Options{Clock: func() time.Time { return noon }, Signer: s, Origin: origin})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // the last connection takes the write-ahead log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// blank writes it to path.
func blank(t testing.TB, path string) {
	t.Helper()
	b, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// open gives a store whose whole ledger is verified again when the test ends.
func open(t testing.TB, change ...func(*Options)) *office {
	t.Helper()
	c := &clock{at: noon}
	o := &office{t: t, clock: c, path: filepath.Join(t.TempDir(), "sekimori.db"), opt: options(t, c)}
	for _, f := range change {
		f(&o.opt)
	}
	blank(t, o.path)
	db, err := Open(context.Background(), o.path, o.opt)
	if err != nil {
		t.Fatal(err)
	}
	o.DB = db
	t.Cleanup(func() {
		o.read(func(s *Snap) error { return s.VerifyLedger(nil, nil) })
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func act(kind string, subjects ...string) ledger.Draft {
	return ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "person", ID: "U-001", Via: "cli"}, Subjects: subjects, Payload: map[string]string{"kind": kind}}
}

func (o *office) write(fn func(*Tx) error) {
	o.t.Helper()
	err := o.Write(context.Background(), func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := tx.Append(act("test.act"))
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) read(fn func(*Snap) error) {
	o.t.Helper()
	if err := o.Read(context.Background(), fn); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) keep(what KeepKind, fn func(*KeepTx) error) error {
	return o.Keep(context.Background(), what, fn)
}

// all runs every step and gives the first error.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func staff(id, login string, roles ...policy.Role) Person {
	return Person{Person: policy.Person{ID: id, Login: login, Kind: policy.Staff, Name: "職員 " + id, Section: "jinji", Roles: roles}}
}

func engineer(id, login, vendor string) Person {
	return Person{Person: policy.Person{ID: id, Login: login, Kind: policy.Engineer, Name: "保守要員 " + id, Vendor: vendor}}
}

// declare writes the registry of the examples.
func (o *office) declare() {
	o.t.Helper()
	o.write(func(tx *Tx) error {
		return all(
			tx.PutSection(Section{ID: "jinji", Name: "人事課", Phone: "0123-45-6789"}),
			tx.PutVendor(Vendor{Vendor: policy.Vendor{ID: "V-012", Login: "reiji", Name: "例示システム株式会社", ContractFrom: noon.AddDate(-1, 0, 0), ContractUntil: noon.AddDate(1, 0, 0), Qualified: true}}),
			tx.PutPerson(staff("U-001", "kacho", policy.Approver)),
			tx.PutPerson(staff("U-002", "tachiai", policy.Attendant, policy.Requester)),
			tx.PutPerson(engineer("E-0031", "sato", "V-012")),
			tx.PutPerson(engineer("E-0032", "suzuki", "V-012")),
			tx.PutSystem(System{System: policy.System{ID: "hr", Name: "人事給与システム", Section: "jinji", Attendance: policy.AttendanceRequired, Line: policy.LineNone, MaxWindow: 4 * time.Hour, Idle: 15 * time.Minute}}),
			tx.PutTarget(Target{Target: policy.Target{ID: "hr-db", System: "hr", Host: "192.0.2.10", Port: 22, HostKey: "ssh-ed25519 AAAA"}}),
			tx.PutAccount(Account{Account: policy.Account{ID: "hr-db/maint", Target: "hr-db", Login: "hrmnt01", Note: "個人番号は閲覧不可"}, Credential: CredentialCertificate}),
		)
	})
}

func aRequest(no string, start time.Time) Request {
	return Request{
		No: no, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: "hr", Vendor: "V-012", Requester: "U-002",
		Start: start, End: start.Add(time.Hour),
		Body: RequestBody{Purpose: "端数誤りの調査", WorkType: "fault", ResponsibleParty: "V-012", Engineers: []string{"E-0031"}, Accounts: []string{"hr-db/maint"}, Files: policy.FilesNone},
	}
}

// grant stores an approved request with one window and one grant for E-0031, and gives its number.
func (tx *Tx) grant(start time.Time, person string) (string, error) {
	no, err := tx.NextRequestNo()
	if err != nil {
		return "", err
	}
	r := aRequest(no, start)
	w := Window{Window: policy.Window{ID: no + "-1", Request: no, System: "hr", Start: r.Start, End: r.End, State: policy.WindowScheduled}}
	return no, all(
		tx.AddRequest(r),
		tx.AddDecision(Decision{Request: no, Version: 1, Stage: 1, By: "U-001", Verdict: VerdictApprove}),
		tx.AddWindow(w),
		tx.AddGrant(policy.Grant{ID: fmt.Sprintf("%s-1-1", no), Person: person, Vendor: "V-012", Target: "hr-db", Account: "hr-db/maint", Window: w.Window, Request: no, Files: policy.FilesNone, State: policy.GrantActive}),
	)
}
