package relay_test

import (
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
)

// An allowed transfer keeps the extensions of the target's server, under bounds too.
func TestExtensionsOfTheServerStay(t *testing.T) {
	t.Parallel()
	for name, terms := range map[string]*policy.FileTerms{
		"free":    nil,
		"bounded": {In: policy.FilePass, Out: policy.FilePass, InPaths: [][]string{{"/"}}, OutPaths: [][]string{{"/"}}, Limit: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			testbed.Need(t, "sshd")
			signer := testbed.NewSigner(t)
			sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
			r := newRig(t, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, files: terms})
			dir := realDir(t)
			put(t, dir+"/b", "")
			c, err := sftp.NewClient(r.client())
			if err != nil {
				t.Fatal(err)
			}
			for _, ext := range []string{"posix-rename@openssh.com", "statvfs@openssh.com", "fsync@openssh.com", "limits@openssh.com", "copy-data"} {
				if _, there := c.HasExtension(ext); !there {
					t.Errorf("%s is gone", ext)
				}
			}
			if _, err := c.StatVFS(dir); err != nil {
				t.Errorf("statvfs: %v", err)
			}
			if err := c.PosixRename(dir+"/b", dir+"/c"); err != nil {
				t.Errorf("posix-rename: %v", err)
			}
			f, err := c.Create(dir + "/d")
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				t.Errorf("fsync: %v", err)
			}
			_ = f.Close()
			_ = c.Close()
		})
	}
}
