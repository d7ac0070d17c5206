package townhall

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/notify"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"

	"golang.org/x/crypto/ssh"
)

// Start is the time at which every hall opens.
var Start = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) // 09:00 in Japan

// Zone is the institution's.
var Zone = time.FixedZone("JST", 9*60*60)

// Hall is one institution.
type Hall struct {
	DB       *store.DB
	Keys     *keys.Ring
	KeysDir  string // where they lie
	Registry *registry.Registry
	Plan     registry.Plan // of the founding; zero when not founded
	now      atomic.Int64
	disk     *testbed.FullDisk
}

// Now is the hall's clock.
func (h *Hall) Now() time.Time { return time.Unix(0, h.now.Load()).UTC() }

// Pass lets time pass.
func (h *Hall) Pass(d time.Duration) { h.now.Add(int64(d)) }

// FillDisk makes the next act find the disk full at its last step. A reserve is given up, between is called, and the act runs once more.
func (h *Hall) FillDisk(tb testing.TB, between func()) {
	tb.Helper()
	h.DB.WhenFull(func() bool { between(); return true })
	h.disk.Fill(tb)
}

// cheap makes a password check cost next to nothing.
var cheap = registry.Cost{Passes: 1, MemoryKiB: 64, Lanes: 1}

// Open opens a hall with an empty registry.
func Open(tb testing.TB) *Hall {
	tb.Helper()
	return build(tb, &empty, func(*Hall) {})
}

// Found opens a hall whose registry is YAML.
func Found(tb testing.TB) *Hall {
	tb.Helper()
	return build(tb, &founded, func(h *Hall) { h.Plan = h.Apply(tb, Registry(tb), "admin") })
}

// A hall is built once in a process and copied from then on: making keys, migrating and founding take most of a test's
// time, above all under the race detector. Halls of one process have the same keys.
var empty, founded model

type model struct {
	mu    sync.Mutex
	files map[string][]byte // by path below the hall's directory; nil: not built yet
	plan  registry.Plan
}

// build gives a copy of the model, which the first call makes.
func build(tb testing.TB, m *model, furnish func(*Hall)) *Hall {
	tb.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		dir := tb.TempDir()
		h := open(tb, dir, func(master []byte) (*keys.Ring, error) {
			return keys.Create(filepath.Join(dir, "data", "keys"), master, origin)
		})
		furnish(h)
		if err := h.DB.Close(); err != nil {
			tb.Fatal(err)
		}
		files, err := read(dir)
		if err != nil {
			tb.Fatal(err)
		}
		m.files, m.plan = files, h.Plan
	}
	dir := tb.TempDir()
	if err := write(dir, m.files); err != nil {
		tb.Fatal(err)
	}
	h := open(tb, dir, func(master []byte) (*keys.Ring, error) { return keys.Open(filepath.Join(dir, "data", "keys"), master) })
	h.Plan = m.plan
	tb.Cleanup(func() {
		if err := h.DB.Read(context.Background(), func(s *store.Snap) error { return s.VerifyLedger(nil, nil) }); err != nil { // the test's context has ended
			tb.Errorf("the ledger does not verify: %v", err)
		}
		if err := h.DB.Close(); err != nil {
			tb.Error(err)
		}
	})
	return h
}

const origin = "townhall.example/ledger"

func open(tb testing.TB, dir string, ring func(master []byte) (*keys.Ring, error)) *Hall {
	tb.Helper()
	h := &Hall{KeysDir: filepath.Join(dir, "data", "keys")}
	h.now.Store(Start.UnixNano())
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		tb.Fatal(err)
	}
	master, err := keys.LoadMaster(filepath.Join(dir, "master"))
	if errors.Is(err, keys.ErrNoMaster) {
		master, err = keys.CreateMaster(filepath.Join(dir, "master"))
	}
	if err != nil {
		tb.Fatal(err)
	}
	if h.Keys, err = ring(master); err != nil {
		tb.Fatal(err)
	}
	h.disk = &testbed.FullDisk{Signer: h.Keys.LedgerSigner()}
	h.DB, err = store.Open(tb.Context(), filepath.Join(dir, "data", "sekimori.db"), store.Options{
		Clock: h.Now, Signer: h.disk, Verifier: h.Keys.LedgerVerifier(), Origin: origin, Zone: Zone,
		Uncatalogued: testbed.Catalogued(tb), Told: notify.Tells,
	})
	if err != nil {
		tb.Fatal(err)
	}
	h.Registry = registry.New(h.Options())
	return h
}

// Options are those of the hall's registry. Tests of other settings make another one of them.
func (h *Hall) Options() registry.Options {
	return registry.Options{DB: h.DB, Keys: h.Keys, Zone: Zone, Hash: cheap, NamedIDs: true}
}

// Lock locks a person.
func (h *Hall) Lock(tb testing.TB, person string) {
	tb.Helper()
	err := h.DB.Write(tb.Context(), func(tx *store.Tx) error {
		if err := tx.LockPerson(person, "admin", "test"); err != nil {
			return err
		}
		_, err := tx.Append(Draft("test.locked"))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// read takes the files of a directory into memory.
func read(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			files[name], err = os.ReadFile(path)
		}
		return err
	})
	return files, err
}

func write(dir string, files map[string][]byte) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Apply applies a registry that must be accepted.
func (h *Hall) Apply(tb testing.TB, text, by string) registry.Plan {
	tb.Helper()
	doc, err := registry.Parse("registry.yaml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	plan, err := h.Registry.Apply(tb.Context(), doc, By(by), false)
	if err != nil {
		tb.Fatal(err)
	}
	return plan
}

// By is an act of a person through the command line.
func By(id string) ledger.Actor { return ledger.Actor{Kind: "person", ID: id, Via: "cli"} }

// Caller acts under the person's name, with a proof that Runner accepts.
func Caller(id string) act.Caller {
	return act.Caller{Actor: By(id), Token: "token of " + id, Password: "right", Code: "right"}
}

// Unproven acts under the person's name without a proof.
func Unproven(id string) act.Caller {
	return act.Caller{Actor: By(id), Token: "token of " + id}
}

// Runner runs acts in the hall, each of whose refusals has an entry. The password tells whether a proof is right.
func (h *Hall) Runner() *act.Runner { return h.Counting(nil) }

// Counting is Runner with refusals that are counted.
func (h *Hall) Counting(first act.First) *act.Runner {
	return act.New(act.Options{DB: h.DB, First: first, Prove: func(_ context.Context, _, password, _, _ string) error {
		if password != "right" {
			return &policy.Denied{Reason: policy.AuthFailed}
		}
		return nil
	}})
}

// Draft is an entry for what a test puts into the store beside the acts.
func Draft(kind string) ledger.Draft {
	return ledger.Draft{Kind: kind, Actor: By("admin"), Subjects: []string{"test"}, Payload: map[string]string{}}
}

// Because gives a reason for every check item that may need one.
func Because() map[string]string {
	because := map[string]string{}
	for _, code := range []string{policy.ItemPledge, policy.ItemCertification, policy.ItemContract, policy.ItemSubcontract, policy.ItemBackup, policy.ItemRights,
		policy.ItemIndividualNumber, policy.ItemFiles, policy.ItemLine, policy.ItemAttendant, policy.ItemSchedule} {
		because[code] = "確認した"
	}
	return because
}

// Kinds are the kinds of the entries about a subject, in order; every entry for an empty one.
func (h *Hall) Kinds(tb testing.TB, subject string) []string {
	tb.Helper()
	var kinds []string
	err := h.DB.Read(tb.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Subject: subject}) {
			if err != nil {
				return err
			}
			kinds = append(kinds, e.Kind)
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return kinds
}

// Reason is the reason of a denial; the error's text for any other error, empty for none.
func Reason(err error) string {
	var d *policy.Denied
	switch {
	case err == nil:
		return ""
	case errors.As(err, &d):
		return string(d.Reason)
	}
	return err.Error()
}

// Key is a fresh public key in authorized_keys form.
func Key(tb testing.TB) string {
	tb.Helper()
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(testbed.NewSigner(tb).PublicKey())))
}

// Registry is the hall's registry file. People: admin and deputy (information systems), head, kato (requester),
// ito (attendant), mori (auditor); engineers sato of vendor V-012 and kimura of V-013. Systems:
// hr requires everything, map as little as possible.
func Registry(tb testing.TB) string {
	tb.Helper()
	return strings.NewReplacer("HOSTKEY", Key(tb), "SATOKEY", Key(tb), "KIMURAKEY", Key(tb)).Replace(text)
}

const text = `sections:
  - {id: personnel, name: 人事課, phone: 0000-00-1234}
  - {id: is, name: 情報システム課, phone: 0000-00-9999, information_systems: true}
vendors:
  - id: V-012
    login: reiji
    name: 例示システム(株)
    contract: {from: 2026-04-01, until: 2027-03-31}
    qualified: true
  - id: V-013
    name: 別会社
    contract: {from: 2026-04-01, until: 2027-03-31}
    qualified: true
staff:
  - {login: admin, name: 管理者, section: is, roles: [administrator]}
  - {login: deputy, name: 第二承認者, section: is, roles: [second-approver]}
  - {login: head, name: 課長, section: personnel, roles: [approver]}
  - {login: kato, name: 担当, section: personnel, roles: [requester]}
  - {login: ito, name: 立会者, section: personnel, roles: [attendant]}
  - {login: mori, name: 点検担当, section: is, roles: [auditor]}
engineers:
  - id: E-0031
    login: sato
    name: 保守要員A
    vendor: reiji
    phone: 0000-11-1111
    keys: [SATOKEY]
    pledge: {signed: 2026-04-01, until: 2027-03-31}
  - id: E-0040
    login: kimura
    name: 保守要員B
    vendor: V-013
    phone: 0000-22-2222
    keys: [KIMURAKEY]
    pledge: {signed: 2026-04-01, until: 2027-03-31}
systems:
  - {id: hr, name: 人事給与, section: personnel, line: none, second_stage: true, identity_check: true, exclusive: true}
  - {id: map, name: 地図, section: personnel, line: none, attendance: on-call, max_window: 90m}
targets:
  - {id: hr-db, system: hr, host: 127.0.0.1, port: 2200, host_key: HOSTKEY}
  - {id: map-web, system: map, host: 127.0.0.1, port: 2201, host_key: HOSTKEY}
accounts:
  - {target: hr-db, login: hrmnt01, note: 個人番号は閲覧不可}
  - {target: map-web, login: web}
  - {target: map-web, login: root, root: true}
`
