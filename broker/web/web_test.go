package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/agenda"
	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/confirmation"
	"sekimori/broker/dial"
	"sekimori/broker/evidence"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/internal/testbed/blank"
	"sekimori/broker/keys"
	"sekimori/broker/notify"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// world is a served API over a real store on a real socket.
type world struct {
	t      *testing.T
	db     *store.DB
	data   string // the data directory, and that of the recordings
	server *Server
	client *http.Client
	socket string
	secret map[string]string // second factor by login
	clock  func() time.Time
	set    *testbed.Clock // the same clock, which tests set
}

const password = "correct horse battery staple"

func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "web") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	set := testbed.NewClock()
	clock := set.Now
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Create(filepath.Join(data, "keys"), bytes.Repeat([]byte{7}, keys.MasterSize), "test.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("JST", 9*3600)
	path := filepath.Join(data, "sekimori.db")
	blank.Database(t, path)
	db, err := store.Open(t.Context(), path, store.Options{
		Clock: clock, Signer: ring.LedgerSigner(), Verifier: ring.LedgerVerifier(), Origin: "test.example/ledger", Zone: zone, Uncatalogued: testbed.Catalogued(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	offline, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	log := hclog.NewNullLogger()
	sup, err := session.New(session.Options{
		DB: db, Ring: ring, Dialer: &dial.Dialer{Log: log}, Dir: data, OutputTo: []age.Recipient{ring.ViewingRecipient()},
		InputTo: []age.Recipient{offline.Recipient()}, Clock: clock, Zone: zone, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	people := registry.New(registry.Options{DB: db, Keys: ring, Zone: zone, Hash: registry.Cost{Passes: 1, MemoryKiB: 64, Lanes: 1}})
	acts := act.New(act.Options{DB: db, Prove: people.Fresh, LockedOut: people.LockedOut})
	onFile, err := papers.New(t.Context(), papers.Options{DB: db, Acts: acts, Ring: ring, Dir: filepath.Join(data, "papers"), Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := files.Open(files.Options{DB: db, Ring: ring, Dir: filepath.Join(data, "held"), Outbox: filepath.Join(data, "outbox")})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sealing.New(t.Context(), sealing.Options{DB: db, Acts: acts, Ring: ring, KeysDir: filepath.Join(data, "keys"), Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, secret: map[string]string{}, clock: clock, set: set, socket: filepath.Join(dir, "s"), data: data}
	desk := requests.New(requests.Options{DB: db, Acts: acts, Zone: zone})
	post := attendance.New(attendance.Options{DB: db, Acts: acts, Zone: zone, Sessions: sup})
	freezer, book, written := freeze.New(freeze.Options{DB: db, Acts: acts}), agenda.New(agenda.Options{DB: db, Zone: zone}), reports.New(reports.Options{DB: db, Acts: acts, Zone: zone})
	records := evidence.New(evidence.Options{DB: db, Dir: data, Clock: clock})
	w.server = New(Options{
		Acts:  acts,
		Views: view.New(view.Options{DB: db, Desk: desk, Attendance: post, Sessions: sup, Registry: people, Papers: onFile, Freezer: freezer, Reports: written, Agenda: book, Ring: ring, Zone: zone, Clock: clock, Evidence: records}),
		DB:    db, Ring: ring, Evidence: records, Clock: clock, Zone: zone, Sessions: sup, Papers: onFile, Log: log,
		Registry: people, Teller: notify.New(notify.Options{DB: db, Zone: zone}),
		Desk: desk, Agenda: book, Attendance: post, Freezer: freezer, Files: files.NewDesk(files.DeskOptions{Gate: kept, Acts: acts}), Permits: permits.New(permits.Options{DB: db, Acts: acts, Zone: zone}), Sealing: sealed, Reconcile: reconcile.New(reconcile.Options{DB: db, Acts: acts, Zone: zone}),
		Roster: roster.New(roster.Options{DB: db, Acts: acts, Zone: zone, Lock: freeze.LockLeft}), Lines: interlock.New(interlock.Options{DB: db, Acts: acts}), Targets: accounts.NewCounter(accounts.New(accounts.Options{DB: db, Dialer: &dial.Dialer{}, Log: hclog.NewNullLogger()}), acts), Reviews: review.New(review.Options{Acts: acts}), Days: confirmation.New(confirmation.Options{DB: db, Acts: acts}), Reports: written,
		Notice: NoticeSettings{Institution: "例示市", Version: 3, Retention: 365 * 24 * time.Hour},
		Status: func() api.Status { return api.Status{Ready: true} }, Owner: uint32(os.Getuid()),
	})
	l, err := Listen(w.socket, 0o600, "")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(l) }()
	w.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", w.socket)
	}}}
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		ctx := context.Background()
		if err := w.server.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := sup.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
	fault  *api.Fault
}

func (w *world) call(method, path, token string, body any) answer {
	w.t.Helper()
	var text io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		text = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		text = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://sekimori"+path, text)
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status/100 != 2 {
		var wrapped struct {
			Error *api.Fault `json:"error"`
		}
		if err := json.Unmarshal(a.body, &wrapped); err != nil || wrapped.Error == nil {
			w.t.Fatalf("%s %s: status %d without a fault: %s", method, path, a.status, a.body)
		}
		a.fault = wrapped.Error
	}
	return a
}

// ok makes a call that must succeed and reads the result.
func ok[T any](w *world, method, path, token string, body any) T {
	w.t.Helper()
	a := w.call(method, path, token, body)
	if a.fault != nil {
		w.t.Fatalf("%s %s: %d %s %+v", method, path, a.status, a.fault.EN, a.fault.Details)
	}
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		w.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
	}
	return v
}

const town = `sections:
  - {id: jinji, name: 人事課, phone: 0000-11-1111, head: U-001}
  - {id: somu, name: 総務課}
  - {id: joho, name: 情報システム課, phone: 0000-22-2222, information_systems: true}
staff:
  - {id: U-001, login: kacho, name: 課長A, section: jinji, roles: [approver, requester]}
  - {id: U-002, login: tachiai, name: 職員B, section: jinji, roles: [attendant, requester]}
  - {id: U-003, login: joho1, name: 職員C, section: joho, roles: [second-approver]}
  - {id: U-004, login: kanri, name: 職員D, section: somu, roles: [administrator]}
  - {id: U-005, login: tenken, name: 職員E, section: joho, roles: [auditor]}
`

// found applies the first registry and enrols all people in it.
func (w *world) found() (tokens map[string]string) {
	w.t.Helper()
	plan := ok[registry.Plan](w, "POST", "/v1/apply", "", api.ApplyBody{Name: "town.yaml", Text: town})
	if !plan.Founding || plan.Code == "" {
		w.t.Fatalf("the first apply founds: %+v", plan)
	}
	tokens = map[string]string{"kanri": w.enrol(plan.Code)}
	for _, login := range []string{"kacho", "tachiai", "joho1", "tenken"} {
		code := ok[registry.Code](w, "POST", "/v1/people/"+login+"/enroll-code", tokens["kanri"], api.EnrollCodeBody{})
		tokens[login] = w.enrol(code.Text)
	}
	return tokens
}

func (w *world) enrol(code string) string {
	w.t.Helper()
	s := ok[api.EnrollSecret](w, "POST", "/v1/enroll/begin", "", api.EnrollBegin{Code: code})
	w.secret[s.Person.Login] = s.Secret
	out := ok[api.TokenReply](w, "POST", "/v1/enroll/finish", "", api.EnrollFinish{Code: code, Password: password, TOTP: w.code(s.Person.Login)})
	return out.Token
}

// code gives the current one-time code and moves the clock a step on, since a code counts once.
func (w *world) code(login string) string {
	w.t.Helper()
	w.set.Step(31 * time.Second)
	c, err := registry.CodeAt(w.secret[login], w.clock())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) fresh(login string) api.Fresh {
	return api.Fresh{Password: password, Code: w.code(login)}
}

// kinds lists the kinds of the ledger's entries from an index on.
func (w *world) kinds(from int64) (kinds []string, next int64) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{From: from}) {
			if err != nil {
				return err
			}
			kinds = append(kinds, e.Kind)
			next = e.Index + 1
		}
		return s.VerifyLedger(nil, nil)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return kinds, next
}
