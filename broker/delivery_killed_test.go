package broker_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"sekimori/broker"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// renames are a target's commands on files, with a hook around each rename.
type renames struct {
	sftp.FileCmder
	before func() bool // true: the request does not come this far
	after  func()
}

// PosixRename implements sftp.PosixRenameFileCmder.
func (r *renames) PosixRename(q *sftp.Request) error {
	if r.before() {
		return sftp.ErrSSHFxConnectionLost
	}
	err := r.FileCmder.(sftp.PosixRenameFileCmder).PosixRename(q)
	r.after()
	return err
}

// TestKilledDuringADelivery kills the broker right before and right after the rename that gives a delivered file its name. After the restart
// the ledger says that the end was not seen, and the next session of the engineer finds out at the target: the file is there, or it is not and
// no part of it is left. A file that was approved is delivered again.
func TestKilledDuringADelivery(t *testing.T) {
	for name, c := range map[string]struct {
		route  policy.FileRoute
		before bool // the kill comes before the rename
		state  policy.FileState
		why    string
		kinds  string // entries about the file, after it was held and approved
		there  bool
	}{
		"inspected, before": {policy.FileInspect, true, policy.FileHalted, "cut", "delivering delivery-unseen stopped", false},
		"inspected, after":  {policy.FileInspect, false, policy.FileReleased, "", "delivering delivery-unseen released", true},
		"approved, before":  {policy.FileApprove, true, policy.FileReleased, "", "delivering delivery-unseen not-delivered delivering released", true},
		"approved, after":   {policy.FileApprove, false, policy.FileReleased, "", "delivering delivery-unseen released", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			never := func() bool { return false }
			r := &renames{before: never, after: func() {}}
			o := foundWith(t, time.Hour, testbed.TargetOptions{Files: func(h sftp.Handlers) sftp.Handlers {
				r.FileCmder, h.FileCmd = h.FileCmd, r
				return h
			}}, func(c *broker.Config) { c.Gate.Inspector = testbed.Hook(t, "#!/bin/sh\ncat >/dev/null\n") })
			o.filesIn(c.route)
			e := o.engineers(1)[0]
			b := o.spawn()
			client := e.mustDial(b.addr)
			over := make(chan struct{}) // the broker is dead
			kill := func() {
				r.before, r.after = never, func() {}
				b.kill(t)
				close(over)
			}
			arm := func() {
				if c.before {
					r.before = func() bool { kill(); return true }
				} else {
					r.after = kill
				}
			}
			if c.route == policy.FileInspect {
				arm()
			}
			said := client.upload("/patch.sql", "端数の修正")
			if c.route == policy.FileApprove {
				if said == nil || !strings.Contains(said.Error(), "[140]") {
					t.Fatalf("held: %v", said)
				}
				client.Close()
				<-client.gone
				o.approveFile()
				arm()
				_, _ = sftp.NewClient(e.mustDial(b.addr).Client) // a session begins with its first channel
			}
			<-over
			b = o.spawn()
			if f := o.onlyFile(); f.State != policy.FileDelivering || f.Why != "unseen" {
				t.Errorf("after the start: %s, %s", f.State, f.Why)
			}
			client = e.mustDial(b.addr)
			files, err := sftp.NewClient(client.Client)
			if err != nil {
				t.Fatal(err)
			}
			settled := func() bool { return !o.onlyFile().State.Open() }
			for deadline := time.Now().Add(patience); !settled(); <-time.After(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the file stays %+v", o.onlyFile())
				}
			}
			got, err := readAll(files, "/patch.sql")
			if c.there && (err != nil || got != "端数の修正") || !c.there && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the target has %q, %v", got, err)
			}
			if left, err := files.ReadDir("/"); err != nil || len(left) > 1 {
				t.Errorf("on the target: %v, %v", left, err)
			}
			files.Close()
			client.Close()
			<-client.gone
			b.stop(t)
			o.verifyLedger()
			if f := o.onlyFile(); f.State != c.state || f.Why != c.why {
				t.Errorf("%s, %s", f.State, f.Why)
			}
			want := strings.Fields(c.kinds)
			if got := o.fileKinds(); len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) {
				t.Errorf("entries %q", got)
			}
		})
	}
}

// A broker that is killed while a file comes, or while one is fetched, leaves no contents without an entry, and no fetch without an end.
func TestKilledWhileAFileComes(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour)
	o.filesIn(policy.FileInspect)
	e := o.engineers(1)[0]
	b := o.spawn()
	client := e.mustDial(b.addr)
	files, err := sftp.NewClient(client.Client)
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.OpenFile("/half", os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	b.kill(t)
	b = o.spawn()
	b.stop(t)
	o.verifyLedger()
	if f := o.onlyFile(); f.State != policy.FileHalted || f.Why != "broker-stopped" || f.Person != e.id || len(f.Kept) != 1 {
		t.Errorf("%+v", f)
	}
	b = o.spawn() // it is noted once
	b.stop(t)
	if n := o.entries("file.stopped"); n != 1 {
		t.Errorf("%d entries", n)
	}
}

// filesIn sets how files reach the office's target.
func (o *office) filesIn(route policy.FileRoute) {
	o.t.Helper()
	o.write(func(tx *store.Tx) error {
		s, err := tx.System("hr")
		s.FilesIn = route
		return errors.Join(err, tx.PutSystem(s), tx.PutPerson(store.Person{Person: policy.Person{ID: "U-HEAD", Login: "kacho", Kind: policy.Staff, Name: "職員A", Section: "jinji", Roles: []policy.Role{policy.Approver}}}))
	})
}

// approveFile stores the head's approval of the only file.
func (o *office) approveFile() {
	o.t.Helper()
	f := o.onlyFile()
	o.write(func(tx *store.Tx) error {
		return tx.ApproveFile(f.ID, store.FileApproval{Stage: 1, By: "U-HEAD", SHA256: f.Digest()}, policy.FileApproved)
	})
}

func (o *office) onlyFile() (f store.File) {
	o.t.Helper()
	o.read(func(s *store.Snap) error {
		all, err := s.Files(store.FileFilter{})
		if err == nil && len(all) != 1 {
			o.t.Fatalf("%d files", len(all))
		}
		f = all[0]
		return err
	})
	return f
}

// fileKinds are the kinds of the entries about files, in order, without their prefix.
func (o *office) fileKinds() (all []string) {
	o.t.Helper()
	o.read(func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{}) {
			if err != nil {
				return err
			}
			if kind, ok := strings.CutPrefix(e.Kind, "file."); ok && json.Valid(e.Payload) {
				all = append(all, kind)
			}
		}
		return nil
	})
	return all
}

// upload writes a file over SFTP.
func (c *client) upload(name, data string) error {
	files, err := sftp.NewClient(c.Client)
	if err != nil {
		return err
	}
	defer files.Close()
	f, err := files.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(data))
	return errors.Join(err, f.Close())
}

func readAll(c *sftp.Client, name string) (string, error) {
	f, err := c.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	return string(b), err
}
