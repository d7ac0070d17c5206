package accounts_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
)

// postgres is a real server on a socket of the test's own, with the steward's program configured for it.
type postgres struct {
	dir     string // of the socket
	program string // the steward
	home    string // the program's directory
	log     *syncLog
}

// syncLog keeps what a process prints.
type syncLog struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// bin finds a program of PostgreSQL, which Debian keeps off the path.
func bin(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	return testbed.Need(t, name)
}

// newPostgres starts the server. hba are its rules for clients; without any, it lets everyone in.
func newPostgres(t *testing.T, hba ...string) *postgres {
	t.Helper()
	testbed.NeedRoot(t)
	testbed.Need(t, "psql")
	initdb, server := bin(t, "initdb"), bin(t, "postgres")
	// The server refuses to run as root; its files belong to another account.
	const nobody = 65534
	dir, err := os.MkdirTemp("/tmp", "pg") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	as := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Setpgid: true}
	data := filepath.Join(dir, "data")
	init := exec.Command(initdb, "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
	init.Dir, init.SysProcAttr = dir, as
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	if len(hba) > 0 {
		if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(strings.Join(hba, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(data, "pg_hba.conf"), nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.Command(server, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_prepared_transactions=5", "-c", "log_statement=all")
	run.Dir, run.SysProcAttr = dir, as
	p := &postgres{dir: dir, home: t.TempDir(), log: &syncLog{}}
	run.Stderr = p.log
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Signal(syscall.SIGQUIT) // at once, children included
		_ = run.Wait()
	})
	for range 10_000 {
		if exec.Command("psql", "-X", "-h", dir, "-U", "postgres", "-c", "SELECT 1").Run() == nil {
			break
		}
	}
	script, err := os.ReadFile("../../examples/hooks/postgresql-role/sekimori-postgresql")
	if err != nil {
		t.Fatal(err)
	}
	p.program = filepath.Join(p.home, "sekimori-postgresql")
	testbed.Program(t, p.program, string(script))
	conf := fmt.Sprintf("PGHOST=%s PGPORT=5432 PGUSER=postgres PGDATABASE=postgres\nACCOUNTS=maint\nGROUPS_GIVEN='payroll_read payroll_rw'\n", dir)
	if err := os.WriteFile(filepath.Join(p.home, "postgresql-role.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	p.sql(t, "postgres", `CREATE SCHEMA payroll; CREATE TABLE payroll.employee (id int, pay int, my_number text); INSERT INTO payroll.employee VALUES (1, 200000, '123456789018');
		CREATE ROLE payroll_read; CREATE ROLE payroll_rw; CREATE ROLE maint NOLOGIN;
		GRANT USAGE ON SCHEMA payroll TO payroll_read, payroll_rw; GRANT SELECT (id, pay) ON payroll.employee TO payroll_read; GRANT SELECT, UPDATE ON payroll.employee TO payroll_rw;`)
	return p
}

func (p *postgres) sql(t *testing.T, role, text string) string {
	t.Helper()
	out, err := exec.Command("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", p.dir, "-U", role, "-d", "postgres", "-c", text).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", text, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (p *postgres) login(role string) error {
	return exec.Command("psql", "-X", "-h", p.dir, "-U", role, "-d", "postgres", "-c", "SELECT 1").Run()
}

// TestARoleOfARealDatabaseIsPreparedAndGone: a real PostgreSQL, through a program on the broker's host.
func TestARoleOfARealDatabaseIsPreparedAndGone(t *testing.T) {
	t.Parallel()
	p := newPostgres(t)
	w := newTown(t, store.Target{Steward: p.program}, store.Account{Groups: []string{"payroll_read"}, Probe: []string{"payroll.employee.my_number"}}, endBy)
	ctx := within(t)
	if p.login("maint") == nil {
		t.Fatal("the role opens before it was prepared")
	}
	if err := w.Prepare(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if got := p.sql(t, "maint", "SELECT pay FROM payroll.employee"); got != "200000" {
		t.Fatalf("%q", got)
	}
	w.read(func(s *store.Snap) error {
		all, err := s.Probes(account)
		if err != nil || len(all) != 1 || all[0].Result != store.CannotRead {
			t.Errorf("%+v, %v", all, err)
		}
		return nil
	})
	// A statement that outlives its client, and a right that someone gives meanwhile.
	hung := exec.Command("psql", "-X", "-h", p.dir, "-U", "maint", "-d", "postgres", "-c", "SELECT pg_sleep(1000)")
	if err := hung.Start(); err != nil {
		t.Fatal(err)
	}
	defer hung.Wait()
	for p.sql(t, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'maint' AND query LIKE '%sleep%'") == "0" {
	}
	p.sql(t, "postgres", "GRANT SELECT ON payroll.employee TO PUBLIC; CREATE ROLE backdoor SUPERUSER LOGIN")
	if err := w.Release(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if p.login("maint") == nil {
		t.Error("the role opens after it was taken away")
	}
	if f := w.finding(use(1).Session, "leftovers"); f.State != store.ProofVerified || named(f.Names, "ended: process", "pg_sleep(1000)") != "" {
		t.Errorf("%+v", f)
	}
	if f := w.finding(use(1).Session, "account"); f.State != store.ProofVerified {
		t.Errorf("%+v", f)
	}
	if f := w.finding(use(1).Session, "target"); named(f.Names, "+ account backdoor: superuser t", "+ right PUBLIC: SELECT on payroll.employee") != "" {
		t.Errorf("%+v", f)
	}
	// A database server has no list of connections: that cannot be verified, and says so.
	if f := w.finding(use(1).Session, "egress"); f.State != store.ProofPartly || f.Detail == "" {
		t.Errorf("%+v", f)
	}
	if n := len(w.open()); n != 0 {
		t.Errorf("%d uses are open", n)
	}
}

// TestARoleThatCanReadTheNumbersOpensNoSession: with another group the column can be read.
func TestARoleThatCanReadTheNumbersOpensNoSession(t *testing.T) {
	t.Parallel()
	p := newPostgres(t)
	w := newTown(t, store.Target{Steward: p.program}, store.Account{Groups: []string{"payroll_rw"}, Probe: []string{"payroll.employee.my_number"}}, endBy)
	ctx := within(t)
	if err := w.Prepare(ctx, use(1)); err == nil || !strings.Contains(err.Error(), "payroll.employee.my_number") {
		t.Fatalf("%v", err)
	}
	if err := w.Release(ctx, use(1)); err != nil {
		t.Fatal(err)
	}
	if p.login("maint") == nil {
		t.Error("the role opens after it was refused")
	}
	// A column that is not there shows nothing, so it opens nothing either.
	w.write(func(tx *store.Tx) error {
		a, err := tx.Account(account)
		a.Probe = []string{"payroll.employee.renamed"}
		if err != nil {
			return err
		}
		return tx.PutAccount(a)
	})
	if err := w.Prepare(ctx, use(2)); err == nil || !strings.Contains(err.Error(), "there is no column") {
		t.Fatalf("%v", err)
	}
}
