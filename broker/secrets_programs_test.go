package broker_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/sftp"

	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// dumping are programs of an administrator that note their own arguments and environment: the steward of a target, an inspector of files,
// the driver of a line and its probe.
type dumping struct {
	t    *testing.T
	dir  string
	dump string
}

// noting is the shell line that notes them.
func (d *dumping) noting(name string) string {
	return "{ printf '" + name + ": '; cat /proc/$$/cmdline /proc/$$/environ; echo; } >>" + d.dump + "/" + name + "\n"
}

func newDumping(t *testing.T) *dumping {
	t.Helper()
	testbed.NeedRoot(t)
	d := &dumping{t: t, dir: t.TempDir(), dump: t.TempDir()}
	testbed.Program(t, d.path("steward"), "#!/bin/sh\n"+d.noting("steward")+rolesProgram)
	testbed.Program(t, d.path("inspector"), "#!/bin/sh\n"+d.noting("inspector")+"cat >/dev/null; echo 1 >&2; exit 0\n")
	if err := os.WriteFile(d.path("database"), []byte("gyosha"), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *dumping) path(name string) string { return filepath.Join(d.dir, name) }

// usedBy has an office use them. The account hr-db/other has the role whose password is changed.
func (d *dumping) usedBy(o *office) *cable {
	d.t.Helper()
	o.usedRole("hr-db/other", d.path("steward"))
	o.write(func(tx *store.Tx) error {
		s, err := tx.System("hr")
		s.FilesIn = policy.FileInspect
		return errors.Join(err, tx.PutSystem(s))
	})
	c := lined(d.t, o)
	c.set("driver-fault", d.noting("driver"))
	c.set("probe-fault", d.noting("probe"))
	return c
}

// upload has a file inspected.
func (d *dumping) upload(c *client) {
	d.t.Helper()
	files, err := sftp.NewClient(c.Client)
	if err != nil {
		d.t.Fatal(err)
	}
	f, err := files.Create("/shiryo.csv")
	if err == nil {
		_, err = f.Write([]byte("1,2\n"))
		err = errors.Join(err, f.Close())
	}
	if err := errors.Join(err, files.Close()); err != nil {
		d.t.Fatal(err)
	}
	eventually(d.t, "the file is inspected", func() bool { _, err := os.Stat(filepath.Join(d.dump, "inspector")); return err == nil })
}

// said is what all of them noted. Each must have run.
func (d *dumping) said() []byte {
	d.t.Helper()
	var all bytes.Buffer
	for _, name := range []string{"steward", "inspector", "driver", "probe"} {
		b, err := os.ReadFile(filepath.Join(d.dump, name))
		if err != nil || !bytes.Contains(b, []byte("LC_ALL=C.UTF-8")) {
			d.t.Errorf("%s did not run, or did not note its environment: %d bytes, %v", name, len(b), err)
		}
		all.Write(b)
	}
	return all.Bytes()
}

// rolesPassword is the kept password of an account's role.
func (o *office) rolesPassword(account string) (plain []byte) {
	o.t.Helper()
	name := "account:" + account + "/role"
	o.read(func(s *store.Snap) error {
		sealed, err := s.Secret(name)
		if err != nil {
			return err
		}
		plain, err = o.ring.Unseal(name, sealed)
		return err
	})
	return plain
}
