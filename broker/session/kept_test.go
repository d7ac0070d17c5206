package session

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"sekimori/broker/store"
	"sekimori/policy"
)

// taken is a file in the outbox with both approvals.
func (x *exchange) taken(data string) (id string) {
	x.t.Helper()
	v := x.admit(x.engineer(1))
	c, err := sftp.NewClient(v.client)
	if err != nil {
		x.t.Fatal(err)
	}
	if err := put(c, "/list", data); err != nil {
		x.t.Fatal(err)
	}
	_, _ = get(c, "/list")
	c.Close()
	v.client.Close()
	<-v.over
	id = x.numberOf("file.taken")
	for _, person := range []string{"U-HEAD", "U-SECOND"} {
		if r := x.approve(id, person); r != "" {
			x.t.Fatal(r)
		}
	}
	return id
}

func (x *exchange) alarms(what store.AlarmKind) (n int) {
	x.t.Helper()
	if err := x.db.Read(x.t.Context(), func(s *store.Snap) error {
		all, err := s.Alarms(store.AlarmFilter{What: what})
		n = len(all)
		return err
	}); err != nil {
		x.t.Fatal(err)
	}
	return n
}

// Contents that are exchanged on the disk while they are sent, for an older version that the broker itself has sealed, end the transfer before
// the first byte that differs, with the reason and an alarm. So does a hole, and a file that is cut off.
func TestAttackAFileChangedWhileItIsSent(t *testing.T) {
	t.Parallel()
	const sealed = 1 + 24 + 16 + 64<<10
	data := strings.Repeat("0123456789abcdef", 44<<16/16) // 44 segments: the gate keeps 32 in memory
	for name, change := range map[string]func(b []byte) []byte{
		"a hole": func(b []byte) []byte {
			return append(b[:30*sealed:30*sealed], append(make([]byte, sealed), b[31*sealed:]...)...)
		},
		"cut off":            func(b []byte) []byte { return b[:30*sealed+100] },
		"another's segment":  func(b []byte) []byte { copy(b[30*sealed:31*sealed], b[29*sealed:]); return b },
		"one byte":           func(b []byte) []byte { b[30*sealed+1000]++; return b },
		"the last byte only": func(b []byte) []byte { b[len(b)-1]++; return b },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, policy.FilePass, policy.FileApprove)
			id := x.taken(data)
			box, said, end := x.box("E-0001")
			defer end()
			f, err := box.Open("/outbox/" + id)
			if err != nil {
				t.Fatal(err)
			}
			begun := make([]byte, 1000)
			if _, err := io.ReadFull(f, begun); err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(x.held+"-out", id)
			b, err := os.ReadFile(at)
			if err == nil {
				err = os.WriteFile(at, change(b), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(f)
			if err == nil || len(begun)+len(rest) >= len(data) || !strings.HasPrefix(data, string(begun)+string(rest)) {
				t.Errorf("%d bytes came, %v", len(begun)+len(rest), err)
			}
			_ = f.Close()
			if !strings.Contains(said.String(), "[141]") {
				t.Errorf("the engineer reads %q", said)
			}
			if _, err := get(box, "/outbox/"+id); !errors.Is(err, os.ErrPermission) {
				t.Errorf("once more: %v", err)
			}
			if e := x.entries("file.fetch-broken"); len(e) != 1 || e[0]["why"] != "changed" {
				t.Errorf("entries %v", e)
			}
			if f, n := x.file(id), x.alarms(store.AlarmFile); f.State != policy.FileApproved || f.Fetching != 0 || n != 1 {
				t.Errorf("%s, %d fetches under way, %d alarms", f.State, f.Fetching, n)
			}
		})
	}
}

// A stolen token without password and code causes no reading of a large file.
func TestAttackApprovalsThatKeepTheDiskBusy(t *testing.T) {
	t.Parallel()
	x := newExchange(t, policy.FileApprove, policy.FilePass)
	v := x.admit(x.engineer(1))
	id := x.heldOf(v, "/in")
	if err := os.Remove(filepath.Join(x.held, id)); err != nil {
		t.Fatal(err)
	}
	without := by("U-HEAD")
	without.Password, without.Code = "", ""
	var denied *policy.Denied
	if err := x.desk.Approve(t.Context(), id, "", without); err == nil || errors.As(err, &denied) {
		t.Errorf("without a proof: %v", err)
	}
	if n := x.alarms(store.AlarmFile); n != 0 {
		t.Errorf("without a proof the contents were looked for: %d alarms", n)
	}
	if r := x.approve(id, "U-HEAD"); r != policy.FileChanged || x.alarms(store.AlarmFile) != 1 {
		t.Errorf("with it: %q", r)
	}
}

// Contents go when the time of their system's rule is over, each with an entry, and not while their session is held. Open files keep theirs.
func TestContentsAreKeptAsTheRuleSays(t *testing.T) {
	t.Parallel()
	x := newExchange(t, policy.FileApprove, policy.FileApprove)
	v := x.admit(x.engineer(1))
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/rejected", "/open"} {
		_ = put(c, name, "fine"+name)
	}
	c.Close()
	v.client.Close()
	<-v.over
	var ids []string
	for _, e := range x.entries("file.held") {
		ids = append(ids, e["file"].(string))
	}
	if err := x.desk.Reject(t.Context(), ids[0], "", by("E-0001")); err != nil {
		t.Fatal(err)
	}
	x.write("test.registered", func(tx *store.Tx) error {
		s, err := tx.System("hr")
		s.KeepFilesDays = 3
		return errors.Join(err, tx.PutSystem(s), tx.AddHold(store.Hold{Session: x.file(ids[0]).Session, By: "U-ITO", Reason: "照会"}))
	})
	const year = 365 * 24 * time.Hour
	kept := func() (n int) {
		t.Helper()
		if err := x.gate.Expire(t.Context(), year); err != nil {
			t.Fatal(err)
		}
		left, err := os.ReadDir(x.held)
		if err != nil {
			t.Fatal(err)
		}
		return len(left)
	}
	x.clock.Step(3 * 24 * time.Hour)
	if n := kept(); n != 2 {
		t.Errorf("held as evidence: %d kept", n)
	}
	x.write("test.released", func(tx *store.Tx) error {
		all, err := tx.Holds(x.file(ids[0]).Session)
		if err != nil {
			return err
		}
		return tx.EndHold(all[0].Number)
	})
	for range 2 {
		if n := kept(); n != 1 {
			t.Errorf("after the release: %d kept", n)
		}
	}
	e := x.entries("file.disposed")
	if len(e) != 1 || e[0]["file"] != ids[0] || e[0]["days"] != 3.0 || e[0]["sha256"] == "" {
		t.Errorf("%v", e)
	}
	if f := x.file(ids[0]); f.Disposed.IsZero() || f.State != policy.FileRejected {
		t.Errorf("%+v", f)
	}
	var denied *policy.Denied
	if _, err := x.desk.Look(t.Context(), ids[0], "incident", "", by("U-HEAD").Actor); !errors.As(err, &denied) || denied.Reason != policy.FileDisposed {
		t.Errorf("a look at what is gone: %v", err)
	}
	// The next start removes the contents that a stop left between the entry and the removal.
	if err := os.WriteFile(filepath.Join(x.held, ids[0]), []byte("sealed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := x.gate.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(x.held, ids[0])); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the start: %v", err)
	}
	// The open one expires, and its contents go once the days after that are over.
	x.clock.Step(4 * 24 * time.Hour)
	if n := kept(); n != 1 || x.file(ids[1]).State != policy.FileExpired {
		t.Errorf("expired: %d kept, %s", n, x.file(ids[1]).State)
	}
	x.clock.Step(3*24*time.Hour - 2*time.Minute)
	if n := kept(); n != 1 {
		t.Errorf("a moment before: %d kept", n)
	}
	x.clock.Step(2 * time.Minute)
	if n := kept(); n != 0 {
		t.Errorf("then: %d kept", n)
	}
}

// Two fetches at once do not give a file twice: the newer one breaks the older off.
func TestAttackAFileFetchedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	x := newExchange(t, policy.FilePass, policy.FileApprove)
	data := strings.Repeat("0123456789abcdef", 1<<16)
	id := x.taken(data)
	first, _, endFirst := x.box("E-0001")
	defer endFirst()
	second, _, endSecond := x.box("E-0001")
	defer endSecond()
	f, err := first.Open("/outbox/" + id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(f, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if got, err := get(second, "/outbox/"+id); got != data || err != nil {
		t.Errorf("the newer one: %d bytes, %v", len(got), err)
	}
	if rest, err := io.ReadAll(f); err == nil || len(rest) > 0 {
		t.Errorf("the older one: %d bytes more, %v", len(rest), err)
	}
	_ = f.Close()
	if n := len(x.entries("file.fetch-begun")); n != 2 || len(x.entries("file.fetched")) != 1 || len(x.entries("file.fetch-broken")) != 1 || x.file(id).State != policy.FileFetched {
		t.Errorf("%d begun, %s", n, x.file(id).State)
	}
}

// A fetch that was under way when the broker stopped ends with an entry, and the file can be fetched again.
func TestAFetchUnderWayAtAStop(t *testing.T) {
	t.Parallel()
	x := newExchange(t, policy.FilePass, policy.FileApprove)
	id := x.taken("明細")
	x.write("test.fetching", func(tx *store.Tx) error { return tx.FetchFile(id, true, 0) }) // as the crash leaves it
	for range 2 {
		if err := x.gate.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if e := x.entries("file.fetch-broken"); len(e) != 1 || e[0]["why"] != "broker-stopped" {
		t.Errorf("%v", e)
	}
	box, _, end := x.box("E-0001")
	defer end()
	if got, err := get(box, "/outbox/"+id); got != "明細" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
