package session

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A connection that is lost while a file is given its name leaves its end open: the file is not called undelivered, and the next session finds
// it at the target.
func TestAttackATargetThatHangsUpInTheRename(t *testing.T) {
	t.Parallel()
	w, _ := holding(t)
	lost := make(chan struct{})
	w.hooked(func() {}, func() { w.target.Break(); close(lost) })
	v := w.admit(w.engineer(2))
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	if err := put(c, "/patch.sql", "fine"); err == nil {
		t.Error("the client is told that it was delivered")
	}
	<-lost
	v.client.Close()
	<-v.over
	id := w.entries("file.delivering")[0]["file"].(string)
	state := func() (f store.File) {
		if err := w.db.Read(t.Context(), func(s *store.Snap) (err error) { f, err = s.File(id); return err }); err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := state(); f.State != policy.FileDelivering || f.Why != "unseen" {
		t.Errorf("%s, %s", f.State, f.Why)
	}
	changed := w.db.Changed()
	defer changed.Stop()
	v = w.admit(policy.Person{ID: "E-0001", Login: "e-0001", Kind: policy.Engineer, Name: "E-0001", Vendor: "V-001", Lang: "en"})
	for state().State == policy.FileDelivering {
		<-changed.C
	}
	v.client.Close()
	<-v.over
	if e := w.entries("file.released"); len(e) != 1 || e[0]["settled"] != "found" {
		t.Errorf("%v", e)
	}
}

// hooked makes a target that calls written when a delivery begins to write, and renamed once it has given a file its name, before it answers.
func (w *world) hooked(written, renamed func()) {
	w.target = testbed.NewTarget(w.t, testbed.TargetOptions{Files: func(h sftp.Handlers) sftp.Handlers {
		h.FileCmd = &renames{h.FileCmd, sync.OnceFunc(renamed)}
		h.FilePut = &writes{h.FilePut, sync.OnceFunc(written)}
		return h
	}})
	w.write("test.registered", func(tx *store.Tx) error {
		t, err := tx.Target("hr-db")
		t.HostKey = string(ssh.MarshalAuthorizedKey(w.target.HostKey))
		return errors.Join(err, tx.PutTarget(t))
	})
}

type renames struct {
	sftp.FileCmder
	then func()
}

// PosixRename implements sftp.PosixRenameFileCmder.
func (r *renames) PosixRename(q *sftp.Request) error {
	err := r.FileCmder.(sftp.PosixRenameFileCmder).PosixRename(q)
	r.then()
	return err
}

type writes struct {
	sftp.FileWriter
	then func()
}

// Filewrite implements sftp.FileWriter.
func (w *writes) Filewrite(q *sftp.Request) (io.WriterAt, error) {
	if strings.Contains(q.Filepath, ".sekimori-") {
		w.then()
	}
	return w.FileWriter.Filewrite(q)
}

// A rejection while the part is written stops the delivery, and nothing is left on the target. One in the moment of the rename is refused: the
// file is there, and state and ledger say so.
func TestAttackARejectionDuringADelivery(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		renaming bool
		want     policy.FileState
	}{"while it is written": {false, policy.FileRejected}, "while it gets its name": {true, policy.FileReleased}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, policy.FileApprove, policy.FilePass)
			var id string
			var said error
			reject := func() { said = x.desk.Reject(context.Background(), id, "別の版です", by("U-HEAD")) }
			if nothing := func() {}; c.renaming {
				x.hooked(nothing, reject)
			} else {
				x.hooked(reject, nothing)
			}
			v := x.admit(x.engineer(1))
			client, err := sftp.NewClient(v.client)
			if err != nil {
				t.Fatal(err)
			}
			_ = put(client, "/patch.sql", "fine")
			id = x.numberOf("file.held")
			ended := x.db.Changed()
			defer ended.Stop()
			if r := x.approve(id, "U-HEAD"); r != "" {
				t.Fatal(r)
			}
			for n := 0; n == 0; n = len(x.entries("file.released")) + len(x.entries("file.not-delivered")) {
				<-ended.C
			}
			if f := x.file(id); f.State != c.want {
				t.Errorf("%s", f.State)
			}
			var denied *policy.Denied
			if refused := errors.As(said, &denied) && denied.Reason == policy.AlreadyDecided; refused != c.renaming {
				t.Errorf("the rejection: %v", said)
			}
			left, err := client.ReadDir("/")
			if there := len(left) == 1 && left[0].Name() == "patch.sql"; err != nil || there != c.renaming || !c.renaming && len(left) > 0 {
				t.Errorf("on the target: %v, %v", left, err)
			}
			client.Close()
			v.client.Close()
			<-v.over
		})
	}
}

// heldAndApproved is a file that came in through a session that is over, and was approved since.
func (x *exchange) heldAndApproved(p policy.Person, name string) (id string) {
	x.t.Helper()
	id = x.heldOf(x.admit(p), name)
	if r := x.approve(id, "U-HEAD"); r != "" {
		x.t.Fatal(r)
	}
	return id
}

// deliveredUnseen brings a file in, has it approved, and loses the target before it answers the rename of the delivery.
func (x *exchange) deliveredUnseen(name string) (p policy.Person, id string) {
	x.t.Helper()
	lost := make(chan struct{})
	x.hooked(func() {}, func() { x.target.Break(); close(lost) })
	p = x.engineer(3)
	id = x.heldAndApproved(p, name)
	v := x.admit(p)
	<-lost
	v.client.Close()
	<-v.over
	return p, id
}

// An approval holds for contents and place: a file whose name was changed by hand after it does not reach the other place.
func TestAttackAFileRenamedAfterItsApproval(t *testing.T) {
	t.Parallel()
	x := newExchange(t, policy.FileApprove, policy.FilePass)
	p := x.engineer(2)
	id := x.heldAndApproved(p, "/patch.sql")
	raw, err := sql.Open("sqlite", "file:"+filepath.Join(x.dir, "sekimori.db")+"?_pragma=busy_timeout(10000)")
	if err == nil {
		_, err = raw.Exec(`UPDATE files SET path = CAST('/cron' AS BLOB) WHERE id = ?`, id)
		err = errors.Join(err, raw.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	changed := x.db.Changed()
	defer changed.Stop()
	v := x.admit(p)
	for x.file(id).Why == "" {
		<-changed.C
	}
	c, err := sftp.NewClient(v.client)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := c.ReadDir("/"); err != nil || len(left) > 0 {
		t.Errorf("on the target: %v, %v", left, err)
	}
	if f, n := x.file(id), x.alarms(store.AlarmFile); f.State != policy.FileApproved || f.Why != "changed" || n != 1 {
		t.Errorf("%s, %s, %d alarms", f.State, f.Why, n)
	}
	c.Close()
	v.client.Close()
	<-v.over
}

// A delivery whose end was not seen is asked for at the target even where the file was rejected since: the ledger then says that it is there.
func TestAFileRejectedWhileItsEndIsNotSeen(t *testing.T) {
	t.Parallel()
	x := newExchange(t, policy.FileApprove, policy.FilePass)
	p, id := x.deliveredUnseen("/patch.sql")
	if f := x.file(id); f.State != policy.FileDelivering || f.Why != "unseen" {
		t.Errorf("%s, %s", f.State, f.Why)
	}
	if err := x.desk.Reject(t.Context(), id, "別の版です", by("U-HEAD")); err != nil {
		t.Fatal(err)
	}
	changed := x.db.Changed()
	defer changed.Stop()
	v := x.admit(p)
	for len(x.entries("file.released")) == 0 {
		<-changed.C
	}
	v.client.Close()
	<-v.over
	if f, e := x.file(id), x.entries("file.released"); f.State != policy.FileRejected || f.Via != "" || len(e) != 1 || e[0]["settled"] != "found" {
		t.Errorf("%s, %v", f.State, e)
	}
}

// atTarget is a client of the target beside the broker, as its own staff have one.
func (w *world) atTarget() *sftp.Client {
	w.t.Helper()
	near, far := testbed.Pipe()
	w.serving.Go(func() { w.target.ServeConn(far) })
	conn, chans, reqs, err := ssh.NewClientConn(near, "hr-db", &ssh.ClientConfig{User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(testbed.NewSigner(w.t))}, HostKeyCallback: ssh.FixedHostKey(w.target.HostKey)})
	if err != nil {
		w.t.Fatal(err)
	}
	ours := ssh.NewClient(conn, chans, reqs)
	c, err := sftp.NewClient(ours)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close(); ours.Close() })
	return c
}

// Something else than a file at the place, here a link to the same contents, is not opened: a pipe would wait for its other end. The file is stopped.
func TestAttackNoFileWhereADeliveryEnded(t *testing.T) {
	t.Parallel()
	x := newExchange(t, policy.FileApprove, policy.FilePass)
	p, id := x.deliveredUnseen("/patch.sql")
	beside := x.atTarget()
	if err := errors.Join(beside.Rename("/patch.sql", "/other.sql"), beside.Symlink("/other.sql", "/patch.sql")); err != nil {
		t.Fatal(err)
	}
	changed := x.db.Changed()
	defer changed.Stop()
	v := x.admit(p)
	for x.file(id).State.Open() {
		<-changed.C
	}
	v.client.Close()
	<-v.over
	if f := x.file(id); f.State != policy.FileHalted || f.Why != "unlike" {
		t.Errorf("%s, %s", f.State, f.Why)
	}
}

// The delivery whose end was not seen does not write over the work of the target's staff: the file is stopped, its contents stay kept, and
// people are told to look.
func TestAttackContentsChangedAfterAnUnseenDelivery(t *testing.T) {
	t.Parallel()
	x := newExchange(t, policy.FileApprove, policy.FilePass)
	p, id := x.deliveredUnseen("/patch.sql")
	beside := x.atTarget()
	if err := put(beside, "/patch.sql", "mended by hand"); err != nil {
		t.Fatal(err)
	}
	changed := x.db.Changed()
	defer changed.Stop()
	v := x.admit(p)
	for x.file(id).State.Open() {
		<-changed.C
	}
	v.client.Close()
	<-v.over
	if got, err := get(beside, "/patch.sql"); got != "mended by hand" || err != nil {
		t.Errorf("the target has %q, %v", got, err)
	}
	if f, e := x.file(id), x.entries("file.stopped"); f.State != policy.FileHalted || f.Why != "unlike" || len(e) != 1 || e[0]["settled"] != "unlike" {
		t.Errorf("%s, %s, %v", f.State, f.Why, e)
	}
	if got, err := x.desk.Look(t.Context(), id, "incident", "", by("U-HEAD").Actor); err != nil {
		t.Errorf("its contents: %v", err)
	} else {
		got.Close()
	}
}
