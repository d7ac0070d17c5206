package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"sekimori/broker/act"
	"sekimori/broker/files"
	"sekimori/broker/inspect"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// exchange is a world whose system lets files move only once people have approved them.
type exchange struct {
	*world
	gate *files.Gate
	desk *files.Desk
	held string
}

func newExchange(t *testing.T, in, out policy.FileRoute) *exchange {
	t.Helper()
	x := &exchange{held: filepath.Join(t.TempDir(), "held")}
	x.world = newWorld(t, time.Hour, func(o *Options) {
		g, err := files.Open(files.Options{DB: o.DB, Ring: o.Ring, Dir: x.held, Outbox: x.held + "-out", Chain: inspect.Chain{Engines: []inspect.Engine{words{}}}})
		if err != nil {
			t.Fatal(err)
		}
		o.Files, x.gate = g, g
	})
	x.desk = files.NewDesk(files.DeskOptions{Gate: x.gate, Acts: act.New(act.Options{DB: x.db, Prove: func(context.Context, string, string, string, string) error { return nil }})})
	x.world.files = policy.FilesAllowed
	x.write("test.registered", func(tx *store.Tx) error {
		s, err := tx.System("hr")
		if err != nil {
			return err
		}
		s.FilesIn, s.FilesOut = in, out
		r, err := tx.Request("R8-0001")
		if err != nil {
			return err
		}
		r.Body.Files, r.Body.FileDirection = policy.FilesAllowed, policy.FilesBoth
		staff := func(id, section string, roles ...policy.Role) error {
			return tx.PutPerson(store.Person{Person: policy.Person{ID: id, Login: strings.ToLower(id), Kind: policy.Staff, Name: id, Section: section, Roles: roles}})
		}
		return errors.Join(tx.PutSection(store.Section{ID: "joho", Name: "情報システム課", Phone: "内線9"}), tx.PutSystem(s), tx.UpdateRequest(r), staff("U-HEAD", "jinji", policy.Approver), staff("U-SECOND", "joho", policy.SecondApprover), staff("U-ITO", "jinji", policy.Attendant))
	})
	return x
}

func by(id string) act.Caller {
	return act.Caller{Actor: ledger.Actor{Kind: "person", ID: id, Via: "cli"}, Password: "p", Code: "c"}
}

func (x *exchange) approve(id, person string) policy.Reason {
	x.t.Helper()
	err := x.desk.Approve(context.Background(), id, "", by(person))
	var denied *policy.Denied
	if err != nil && !errors.As(err, &denied) {
		x.t.Fatal(err)
	}
	if denied != nil {
		return denied.Reason
	}
	return ""
}

func (x *exchange) file(id string) (f store.File) {
	x.t.Helper()
	if err := x.db.Read(context.Background(), func(s *store.Snap) (err error) { f, err = s.File(id); return err }); err != nil {
		x.t.Fatal(err)
	}
	return f
}

// box is an SFTP client of the outbox, as the gate serves it.
func (x *exchange) box(person string) (c *sftp.Client, said *screen, end func()) {
	x.t.Helper()
	near, far := net.Pipe()
	said = newScreen()
	over := make(chan error, 1)
	go func() {
		over <- x.desk.Outbox(context.Background(), far, ledger.Actor{Kind: "person", ID: person, Via: "ssh"}, func(t policy.Text) { _, _ = io.WriteString(said, t.EN+"\n") })
	}()
	c, err := sftp.NewClientPipe(near, near)
	if err != nil {
		x.t.Fatal(err)
	}
	return c, said, sync.OnceFunc(func() {
		near.Close()
		far.Close()
		<-over
		c.Close()
	})
}

// heldOf sends a file in a session, ends it, and gives the number under which the file is held.
func (x *exchange) heldOf(v *visit, name string) (id string) {
	x.t.Helper()
	c, err := sftp.NewClient(v.client)
	if err != nil {
		x.t.Fatal(err)
	}
	_ = put(c, name, "fine") // the answer says that it waits
	c.Close()
	v.client.Close()
	<-v.over
	return x.numberOf("file.held")
}

func put(c *sftp.Client, name, data string) error {
	f, err := c.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(data))
	return errors.Join(err, f.Close())
}

func get(c *sftp.Client, name string) (string, error) {
	f, err := c.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	return string(b), err
}

// numberOf is the number of the only file with this kind of entry.
func (x *exchange) numberOf(kind string) string {
	x.t.Helper()
	all := x.entries(kind)
	if len(all) != 1 {
		x.t.Fatalf("%d entries %s", len(all), kind)
	}
	return all[0]["file"].(string)
}

// A clean file waits for its approval, and reaches the target through the session that is open then.
func TestAFileInWaitsForItsApproval(t *testing.T) {
	x := newExchange(t, policy.FileApprove, policy.FilePass)
	v := x.admit(x.engineer(1))
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	if err := put(c, "/patch.sql", "fine"); err == nil || !strings.Contains(err.Error(), "[140]") {
		t.Errorf("the client is told %v", err)
	}
	if _, err := get(c, "/patch.sql"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before the approval the target has it: %v", err)
	}
	if err := put(c, "/evil", "evil"); err == nil || !strings.Contains(err.Error(), "[214]") {
		t.Errorf("not clean: %v", err)
	}
	id := x.numberOf("file.held")
	if f := x.file(id); f.State != policy.FileHeld || f.Window != "R8-0001-1" || f.Person != "E-0001" || string(f.Path) != "/patch.sql" || f.Size != 4 {
		t.Errorf("%+v", f)
	}
	if r := x.approve(x.numberOf("file.stopped"), "U-HEAD"); r != policy.AlreadyDecided {
		t.Errorf("a stopped file is approved: %q", r)
	}
	for person, want := range map[string]policy.Reason{"U-001": policy.SelfApproval, "E-0001": policy.Forbidden, "U-ITO": policy.Forbidden} {
		if r := x.approve(id, person); r != want {
			t.Errorf("%s: %q", person, r)
		}
	}
	changed := x.db.Changed()
	defer changed.Stop()
	if r := x.approve(id, "U-SECOND"); r != "" {
		t.Fatal(r)
	}
	for x.file(id).State != policy.FileReleased {
		<-changed.C
	}
	if got, err := get(c, "/patch.sql"); got != "fine" || err != nil {
		t.Errorf("after it: %q, %v", got, err)
	}
	if r := x.approve(id, "U-HEAD"); r != policy.AlreadyDecided {
		t.Errorf("a released file: %q", r)
	}
	c.Close()
	v.client.Close()
	<-v.over
	if n := len(x.entries("file.approved")) + len(x.entries("file.released")); n != 2 {
		t.Errorf("%d entries", n)
	}
}

// A file that is approved after the session is delivered in the next one; where that may not have it, its row says why.
func TestAFileInIsDeliveredInTheNextSession(t *testing.T) {
	x := newExchange(t, policy.FileApprove, policy.FilePass)
	p := x.engineer(2)
	v := x.admit(p)
	id := x.heldOf(v, "/patch.sql")
	if r := x.approve(id, "U-HEAD"); r != "" {
		t.Fatal(r)
	}
	route := func(in policy.FileRoute) {
		x.write("test.registered", func(tx *store.Tx) error {
			s, err := tx.System("hr")
			s.FilePaths = nil
			if in == policy.FileClosed {
				s.FilePaths = []string{"/elsewhere"}
			}
			return errors.Join(err, tx.PutSystem(s))
		})
	}
	changed := x.db.Changed()
	defer changed.Stop()
	for _, step := range []struct {
		in   policy.FileRoute
		over func(store.File) bool
	}{
		{policy.FileClosed, func(f store.File) bool { return f.State == policy.FileApproved && f.Why == "terms" }},
		{policy.FileApprove, func(f store.File) bool { return f.State == policy.FileReleased }},
	} {
		route(step.in)
		v = x.admit(p)
		for !step.over(x.file(id)) {
			<-changed.C
		}
		v.client.Close()
		<-v.over
	}
	if e := x.entries("file.not-delivered"); len(e) != 1 || e[0]["why"] != "terms" {
		t.Errorf("%v", e)
	}
}

// Nothing of a file leaves before two different people have approved it, and then once.
func TestAFileOutNeedsTwoApproversAndIsFetchedOnce(t *testing.T) {
	x := newExchange(t, policy.FilePass, policy.FileApprove)
	v := x.admit(x.engineer(1))
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	data := strings.Repeat("明細\x00", 30_000)
	const name = "/\x96\xbe\x8d\xd7\x07.csv"
	if err := put(c, name, data); err != nil {
		t.Fatalf("in, straight through: %v", err)
	}
	for range 2 { // asked for twice, it stays one file
		if got, err := get(c, name); got != "" || err == nil || !strings.Contains(err.Error(), "[140]") {
			t.Errorf("%.20q, %v", got, err)
		}
	}
	c.Close()
	v.client.Close()
	<-v.over
	id := x.numberOf("file.taken")
	box, said, end := x.box("E-0001")
	defer end()
	list, err := box.ReadDir("/outbox")
	if err != nil || len(list) != 1 || list[0].Name() != id+"_明細_.csv" || list[0].Size() != int64(len(data)) {
		t.Fatalf("%v, %v", list, err)
	}
	at := "/outbox/" + list[0].Name()
	refused := func(why string) {
		t.Helper()
		if _, err := get(box, at); !errors.Is(err, os.ErrPermission) || !strings.Contains(said.String(), why) {
			t.Errorf("%v, %q", err, said)
		}
	}
	refused("[140]")
	if r := x.approve(id, "U-SECOND"); r != policy.Forbidden {
		t.Errorf("the second approver first: %q", r)
	}
	if r := x.approve(id, "U-HEAD"); r != "" {
		t.Fatal(r)
	}
	if r := x.approve(id, "U-HEAD"); r != policy.SameFileApprover {
		t.Errorf("the same approver twice: %q", r)
	}
	refused("[140]")
	if r := x.approve(id, "U-SECOND"); r != "" {
		t.Fatal(r)
	}
	// Broken off, then resumed from where it came to.
	f, err := box.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	half := make([]byte, 50_000)
	if _, err := io.ReadFull(f, half); err != nil || string(half) != data[:len(half)] {
		t.Fatal(err)
	}
	end()
	if got := x.file(id); got.State != policy.FileApproved || got.Sent < int64(len(half)) || got.Sent >= int64(len(data)) {
		t.Errorf("broken off: %+v", got)
	}
	box, _, end = x.box("E-0001")
	defer end()
	if f, err = box.Open(at); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(int64(len(half)), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil || string(half)+string(rest) != data {
		t.Errorf("resumed: %d bytes, %v", len(half)+len(rest), err)
	}
	if got := x.file(id); got.State != policy.FileFetched {
		t.Errorf("fetched: %+v", got)
	}
	if _, err := get(box, at); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a second time: %v", err)
	}
	if n := len(x.entries("file.fetched")); n != 1 || len(x.entries("file.fetch-begun")) != 2 || len(x.entries("file.fetch-broken")) != 1 {
		t.Errorf("%d entries about its fetching", n)
	}
}

// Files in the outbox belong to their engineer alone, and no path leads out of it.
func TestAttackPathsOutOfTheOutbox(t *testing.T) {
	x := newExchange(t, policy.FilePass, policy.FileApprove)
	v := x.admit(x.engineer(1))
	x.engineer(1)
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	_ = put(c, "/list", "明細")
	_, _ = get(c, "/list")
	c.Close()
	v.client.Close()
	<-v.over
	id := x.numberOf("file.taken")
	for _, person := range []string{"U-HEAD", "U-SECOND"} {
		if r := x.approve(id, person); r != "" {
			t.Fatal(r)
		}
	}
	other, _, endOther := x.box("E-0002")
	defer endOther()
	if list, err := other.ReadDir("/outbox"); err != nil || len(list) != 0 {
		t.Errorf("another engineer sees %v, %v", list, err)
	}
	if _, err := get(other, "/outbox/"+id); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another engineer fetches: %v", err)
	}
	box, _, end := x.box("E-0001")
	defer end()
	inBox := x.held + "-out/" + id
	for _, path := range []string{"/etc/passwd", inBox, "/outbox/../../etc/passwd", "/outbox/" + id + "/../../../etc/passwd", "/outbox/../" + inBox, "/outbox/" + id + "\x00", "/outbox/x_" + id, "/" + id, "/outbox"} {
		if got, err := get(box, path); err == nil {
			t.Errorf("%q gives %q", path, got)
		}
	}
	for name, err := range map[string]error{
		"write": put(box, "/outbox/new", "x"), "over": put(box, "/outbox/"+id, "x"), "remove": box.Remove("/outbox/" + id), "rename": box.Rename("/outbox/"+id, "/outbox/x"), "mkdir": box.Mkdir("/outbox/d"),
		"link": box.Symlink("/etc/passwd", "/outbox/l"), "chmod": box.Chmod("/outbox/"+id, 0o777), "truncate": box.Truncate("/outbox/"+id, 0),
	} {
		if err == nil {
			t.Errorf("%s is allowed", name)
		}
	}
	if f := x.file(id); f.State != policy.FileApproved || f.Tries != 0 {
		t.Errorf("%+v", f)
	}
}

// Contents that were exchanged on the disk, before or after the approvals, do not leave.
func TestAttackAFileChangedAfterItsApproval(t *testing.T) {
	x := newExchange(t, policy.FileApprove, policy.FileApprove)
	v := x.admit(x.engineer(1))
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	_ = put(c, "/in", "fine")
	id := x.numberOf("file.held")
	at := filepath.Join(x.held, id)
	sealed, err := os.ReadFile(at)
	if err != nil || bytes.Contains(sealed, []byte("fine")) {
		t.Fatalf("it lies open on the disk: %v", err)
	}
	if info, err := os.Stat(at); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(at, make([]byte, len(sealed)), 0o600); err != nil { // a hole in place of the segment
		t.Fatal(err)
	}
	if r := x.approve(id, "U-HEAD"); r != policy.FileChanged {
		t.Errorf("changed before its approval: %q", r)
	}
	if err := os.WriteFile(at, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	c.Close()
	v.client.Close()
	<-v.over
	if r := x.approve(id, "U-HEAD"); r != "" {
		t.Fatal(r)
	}
	if err := os.WriteFile(at, append([]byte{1}, sealed[1:]...)[:len(sealed)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	changed := x.db.Changed()
	defer changed.Stop()
	v = x.admit(policy.Person{ID: "E-0001", Login: "e-0001", Kind: policy.Engineer, Name: "E-0001", Vendor: "V-001", Lang: "en"})
	for x.file(id).Why == "" {
		<-changed.C
	}
	if f := x.file(id); f.State != policy.FileApproved || f.Why != "changed" {
		t.Errorf("%+v", f)
	}
	v.client.Close()
	<-v.over
}

// A rejected or expired file never moves, and says so.
func TestRejectedAndExpiredFiles(t *testing.T) {
	x := newExchange(t, policy.FileApprove, policy.FileApprove)
	v := x.admit(x.engineer(1))
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/a", "/b", "/c"} {
		_ = put(c, name, "fine"+name)
	}
	c.Close()
	v.client.Close()
	<-v.over
	var ids []string
	for _, e := range x.entries("file.held") {
		ids = append(ids, e["file"].(string))
	}
	if err := x.desk.Reject(t.Context(), ids[0], "", by("U-HEAD")); err == nil {
		t.Error("rejected without a reason")
	}
	if err := x.desk.Reject(t.Context(), ids[0], "別の版です", by("U-HEAD")); err != nil {
		t.Error(err)
	}
	if err := x.desk.Reject(t.Context(), ids[1], "", by("E-0001")); err != nil {
		t.Errorf("its engineer takes it back: %v", err)
	}
	x.clock.Step(policy.FileWait)
	if err := x.gate.Expire(t.Context(), time.Hour*24*365); err != nil {
		t.Fatal(err)
	}
	for i, want := range []policy.FileState{policy.FileRejected, policy.FileRejected, policy.FileExpired} {
		if f := x.file(ids[i]); f.State != want {
			t.Errorf("%s is %s", f.ID, f.State)
		}
		if r := x.approve(ids[i], "U-HEAD"); r != policy.AlreadyDecided {
			t.Errorf("%s is approved: %q", ids[i], r)
		}
	}
	if _, err := x.desk.Look(t.Context(), ids[2], "", "", by("U-HEAD").Actor); err == nil {
		t.Error("a look without a purpose")
	}
	got, err := x.desk.Look(t.Context(), ids[2], "incident", "", by("U-SECOND").Actor)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if b, err := io.ReadAll(got); string(b) != "fine/c" || err != nil || len(x.entries("file.opened")) != 1 {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := x.desk.Look(t.Context(), ids[2], "incident", "", by("U-ITO").Actor); err == nil {
		t.Error("the attendant looks at contents")
	}
}
