package relay_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/policy"
	"sekimori/recordings"
)

// newBounded is a rig between the real client programs and a real sshd, under terms for files.
func newBounded(t *testing.T, terms policy.FileTerms) *openssh {
	t.Helper()
	testbed.Need(t, "ssh")
	signer := testbed.NewSigner(t)
	sshd := testbed.StartSSHD(t, testbed.SSHDOptions{Keys: []ssh.PublicKey{signer.PublicKey()}})
	r := newRig(t, rigOptions{sshd: sshd, auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, files: &terms})
	host, port, _ := net.SplitHostPort(r.addr)
	return &openssh{rig: r, host: host, options: []string{
		"-F", "none", "-o", "Port=" + port, "-o", "User=sato", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
	}}
}

func put(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// real is a directory whose name has no links.
func realDir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A grant for one direction lets nothing pass in the other, by none of the clients' ways.
func TestAttackFileAgainstTheDirection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terms policy.FileTerms
		out   bool // the attempt takes a file out
		via   string
		why   policy.FileRefusal
	}{
		"out over sftp":         {policy.FileTerms{In: policy.FilePass}, true, "sftp", policy.RefusedOut},
		"out over scp":          {policy.FileTerms{In: policy.FilePass}, true, "scp", policy.RefusedOut},
		"out over scp's own":    {policy.FileTerms{In: policy.FilePass}, true, "scp -O", policy.RefusedOut},
		"in over sftp":          {policy.FileTerms{Out: policy.FilePass}, false, "sftp", policy.RefusedIn},
		"in over scp":           {policy.FileTerms{Out: policy.FilePass}, false, "scp", policy.RefusedIn},
		"in over scp's own":     {policy.FileTerms{Out: policy.FilePass}, false, "scp -O", policy.RefusedIn},
		"rsync in":              {policy.FileTerms{In: policy.FilePass}, false, "rsync", policy.RefusedUnread},
		"rsync out":             {policy.FileTerms{Out: policy.FilePass}, true, "rsync", policy.RefusedUnread},
		"nothing over sftp":     {policy.FileTerms{}, false, "sftp", policy.RefusedIn},
		"too large over sftp":   {policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 10}, false, "sftp", policy.RefusedSize},
		"too large out":         {policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 10}, true, "sftp", policy.RefusedSize},
		"too large, scp's own":  {policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 10}, false, "scp -O", policy.RefusedSize},
		"too large out, scp -O": {policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 10}, true, "scp -O", policy.RefusedSize},
	} {
		t.Run(name, func(t *testing.T) {
			o := newBounded(t, c.terms)
			dir := realDir(t)
			here, there := put(t, dir+"/here", strings.Repeat("秘密", 10)), dir+"/there"
			if c.out {
				there = put(t, there, strings.Repeat("秘密", 10))
				here = dir + "/copy"
			}
			remote := o.host + ":" + there
			from, to := here, remote
			if c.out {
				from, to = remote, here
			}
			var errs string
			var status int
			switch c.via {
			case "sftp":
				line := "put " + here + " " + there
				if c.out {
					line = "get " + there + " " + here
				}
				_, errs, status = o.run(t, line+"\n", "sftp", "-b", "-", o.host)
			case "scp":
				_, errs, status = o.run(t, "", "scp", from, to)
			case "scp -O":
				_, errs, status = o.run(t, "", "scp", "-O", from, to)
			case "rsync":
				_, errs, status = o.runRsync(t, from, to)
			}
			if status == 0 || !strings.Contains(errs, "[117]") {
				t.Errorf("status %d, %q", status, errs)
			}
			to = there
			if c.out {
				to = here
			}
			if b, err := os.ReadFile(to); err == nil && len(b) > 0 && (c.out || len(b) > 10) {
				t.Errorf("%d bytes arrived", len(b))
			}
			o.kill()
			if !slices.Contains(o.refusedFeatures(), string(c.why)) {
				t.Errorf("refused %q, want %q", o.refusedFeatures(), c.why)
			}
		})
	}
}

func (r *rig) refusedFeatures() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.refused)
}

func (o *openssh) runRsync(t *testing.T, from, to string) (string, string, int) {
	t.Helper()
	testbed.Need(t, "rsync")
	shell := "ssh " + strings.Join(o.options, " ")
	saved := o.options
	o.options = nil
	defer func() { o.options = saved }()
	return o.run(t, "", "rsync", "-e", shell, from, to)
}

// Every operation that reaches beyond the permitted tree is refused, whatever leads there; the same within the tree is not.
func TestAttackOutOfThePermittedTree(t *testing.T) {
	t.Parallel()
	dir := realDir(t)
	tree, secret := dir+"/in", put(t, dir+"/secret/pay.csv", "給与")
	put(t, tree+"/own", "own")
	for link, to := range map[string]string{"/abs": dir + "/secret", "/rel": "../secret", "/file": secret, "/loop": "loop", "/dangling": dir + "/new"} {
		if err := os.Symlink(to, tree+link); err != nil {
			t.Fatal(err)
		}
	}
	terms := policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, InPaths: [][]string{{tree}}, OutPaths: [][]string{{tree}}}
	o := newBounded(t, terms)
	raw := newRawSFTP(t, o.rig)
	raw.send(packetInit)
	raw.answer()
	const read, write, create = 1, 2, 8
	attr := uint32(0)
	n := uint32(0)
	ask := func(typ byte, parts ...any) uint32 {
		t.Helper()
		n++
		raw.send(packet(typ, append([]any{n}, parts...)...))
		got, body := raw.answer()
		if got != 101 {
			return 0
		}
		return uint32(body[4])<<24 | uint32(body[5])<<16 | uint32(body[6])<<8 | uint32(body[7])
	}
	const denied = 3
	for name, status := range map[string]uint32{
		"open":                          ask(3, secret, uint32(read), attr),
		"open with dots":                ask(3, tree+"/../secret/pay.csv", uint32(read), attr),
		"open through a link":           ask(3, tree+"/abs/pay.csv", uint32(read), attr),
		"open through a relative link":  ask(3, tree+"/rel/pay.csv", uint32(read), attr),
		"open a link":                   ask(3, tree+"/file", uint32(read), attr),
		"open read+write":               ask(3, secret, uint32(read|write), attr),
		"create through a dangling one": ask(3, tree+"/dangling", uint32(write|create), attr),
		"open a loop":                   ask(3, tree+"/loop", uint32(read), attr),
		"dots after what is missing":    ask(3, tree+"/none/../../secret/pay.csv", uint32(read), attr),
		"relative":                      ask(3, "secret", uint32(read), attr),
		"a name that begins like it":    ask(3, tree+"side", uint32(write|create), attr),
		"list":                          ask(11, dir+"/secret"),
		"list through a link":           ask(11, tree+"/abs"),
		"stat":                          ask(17, secret),
		"stat through a link":           ask(17, tree+"/file"),
		"lstat":                         ask(7, secret),
		"readlink":                      ask(19, dir+"/secret/x"),
		"setstat":                       ask(9, secret, uint32(4), uint32(0o777)),
		"setstat through a link":        ask(9, tree+"/file", uint32(4), uint32(0o777)),
		"lsetstat":                      ask(200, "lsetstat@openssh.com", secret, uint32(4), uint32(0o777)),
		"remove":                        ask(13, secret),
		"mkdir":                         ask(14, dir+"/made", attr),
		"rmdir":                         ask(15, dir+"/secret"),
		"rmdir of the tree":             ask(15, tree),
		"rename out":                    ask(18, tree+"/own", dir+"/out"),
		"rename in":                     ask(18, secret, tree+"/got"),
		"rename of the tree":            ask(18, tree, tree+"2"),
		"posix-rename out":              ask(200, "posix-rename@openssh.com", tree+"/own", dir+"/out"),
		"posix-rename in":               ask(200, "posix-rename@openssh.com", secret, tree+"/got"),
		"hardlink in":                   ask(200, "hardlink@openssh.com", secret, tree+"/got"),
		"hardlink out":                  ask(200, "hardlink@openssh.com", tree+"/own", dir+"/out"),
		"symlink to it":                 ask(20, secret, tree+"/got"),
		"symlink to it, relative":       ask(20, "../secret/pay.csv", tree+"/got"),
		"symlink outside":               ask(20, tree+"/own", dir+"/out"),
		"copy-file":                     ask(200, "copy-file", secret, tree+"/got"),
		"statvfs":                       ask(200, "statvfs@openssh.com", dir+"/secret"),
	} {
		if status != denied {
			t.Errorf("%s: status %d", name, status)
		}
	}
	// Within the tree everything goes on, names in Shift_JIS included.
	const shiftJIS = "/\x96\xbe\x8d\xd7.csv"
	for name, status := range map[string]uint32{
		"open":    ask(3, tree+"/own", uint32(read), attr),
		"create":  ask(3, tree+shiftJIS, uint32(write|create), attr),
		"rename":  ask(18, tree+shiftJIS, tree+"/moved"),
		"symlink": ask(20, "own", tree+"/good"),
		"through": ask(3, tree+"/good", uint32(read), attr),
		"mkdir":   ask(14, tree+"/d", attr),
		"list":    ask(11, tree),
		"stat":    ask(17, tree+"/own"),
		"the way": ask(17, dir),
		"remove":  ask(13, tree+"/moved"),
	} {
		if status != 0 {
			t.Errorf("%s within the tree: status %d", name, status)
		}
	}
	raw.ch.Close()
	o.kill()
	if b, err := os.ReadFile(secret); err != nil || string(b) != "給与" {
		t.Errorf("%q, %v", b, err)
	}
	if left, _ := filepath.Glob(dir + "/*"); len(left) != 2 {
		t.Errorf("in the directory: %q", left)
	}
	if got := o.recorded(recordings.Stdin); bytes.Contains(got, []byte(secret)) {
		t.Error("a refused path was forwarded")
	}
	if ops, _ := o.fileOps(); !slices.ContainsFunc(ops, func(op recordings.FileOp) bool {
		return op.Op == "rename" && slices.Contains(op.Flags, "refused") && op.Path == secret
	}) {
		t.Errorf("the refused rename is not recorded: %+v", ops)
	}
}

// Requests sent without waiting for answers cannot change a link between the look at it and its use.
func TestAttackRenameAndOpenAtOnce(t *testing.T) {
	t.Parallel()
	dir := realDir(t)
	tree := dir + "/in"
	put(t, dir+"/x", "secret")
	put(t, tree+"/x", "own")
	if err := os.MkdirAll(tree+"/a/b", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../x", tree+"/a/b/link"); err != nil { // tree/x; one directory higher it leads out
		t.Fatal(err)
	}
	o := newBounded(t, policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, InPaths: [][]string{{tree}}, OutPaths: [][]string{{tree}}})
	raw := newRawSFTP(t, o.rig)
	raw.send(packetInit)
	raw.answer()
	raw.send(packet(18, uint32(1), tree+"/a/b/link", tree+"/a/link"), packet(3, uint32(2), tree+"/a/link", uint32(1), uint32(0)),
		packet(18, uint32(3), tree+"/a/link", tree+"/link"), packet(3, uint32(4), tree+"/link", uint32(1), uint32(0)))
	types := map[uint32]byte{}
	for range 4 {
		typ, body := raw.answer()
		types[uint32(body[3])] = typ
	}
	if types[1] != 101 || types[2] != 101 || types[4] != 101 {
		t.Errorf("answers %v: an open that leads out of the tree got a handle", types)
	}
}

// Contents that were not opened for a direction do not pass by their handle, and lengths count wherever they are given.
func TestAttackContentsByAnotherOperation(t *testing.T) {
	t.Parallel()
	dir := realDir(t)
	file := put(t, dir+"/f", "0123456789abcdef")
	o := newBounded(t, policy.FileTerms{In: policy.FilePass, Limit: 10})
	raw := newRawSFTP(t, o.rig)
	raw.send(packetInit)
	raw.answer()
	raw.send(packet(3, uint32(1), file, uint32(2), uint32(0)))
	typ, body := raw.answer()
	if typ != 102 {
		t.Fatalf("answer %d", typ)
	}
	handle := string(body[8:])
	for name, p := range map[string][]byte{
		"read by a handle for writing": packet(5, uint32(2), handle, uint64(0), uint32(5)),
		"write beyond the limit":       packet(6, uint32(2), handle, uint64(8), "xxx"),
		"write far beyond":             packet(6, uint32(2), handle, uint64(1<<63), "xxx"),
		"write around the end":         packet(6, uint32(2), handle, ^uint64(0), "xxx"),
		"a length by the handle":       packet(10, uint32(2), handle, uint32(1), uint64(5<<30)),
		"a length by the name":         packet(9, uint32(2), file, uint32(1), uint64(5<<30)),
		"append":                       packet(3, uint32(2), file, uint32(2|4), uint32(0)),
		"read and write":               packet(3, uint32(2), file, uint32(3), uint32(0)),
		"create only":                  packet(3, uint32(2), file, uint32(8), uint32(0)),
		"copy-data":                    packet(200, uint32(2), "copy-data", handle, uint64(0), uint64(0), handle, uint64(0)),
	} {
		raw.send(p)
		typ, body := raw.answer()
		if typ != 101 || body[7] != 3 {
			t.Errorf("%s: answer %d, %q", name, typ, body)
		}
	}
	raw.send(packet(6, uint32(3), handle, uint64(4), "WXYZ"))
	if typ, body := raw.answer(); typ != 101 || body[7] != 0 {
		t.Errorf("a resumed write within the limit: %d, %q", typ, body)
	}
	raw.ch.Close()
	o.kill()
	if b, _ := os.ReadFile(file); string(b) != "0123WXYZ89abcdef" {
		t.Errorf("the file is %q", b)
	}
}

// A command that is more than a copy is none where files are bounded.
func TestAttackMoreThanACopy(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"scp -t /tmp/x; cat /etc/passwd", "scp -f /etc/passwd | cat", "scp -t $(id)", "scp -t `id`", "scp -t x > /tmp/y", "X=1 scp -t x",
		"scp -S /bin/sh -t x", "scp -t x\nid", "sh -c 'scp -t x'", "sudo scp -t x", "scp -t -f x", "scp -t a b", "rsync --server . x", "/tmp/scp -t x",
		"/usr/lib/openssh/sftp-server",
	} {
		o := newBounded(t, policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 1 << 20})
		out, errs, status := o.run(t, "", "ssh", o.host, command)
		if status != 250 || out != "" || !strings.Contains(errs, "[117]") {
			t.Errorf("%q: %d, %q, %q", command, status, out, errs)
		}
		o.kill()
		if !slices.Contains(o.refusedFeatures(), string(policy.RefusedUnread)) {
			t.Errorf("%q: refused %q", command, o.refusedFeatures())
		}
	}
	dir := realDir(t)
	put(t, dir+"/a b", "x")
	o := newBounded(t, policy.FileTerms{In: policy.FilePass, Out: policy.FilePass, Limit: 1 << 20})
	if _, errs, status := o.run(t, "", "scp", "-O", "-p", "-r", dir+"/a b", o.host+":"+dir+"/there"); status != 0 {
		t.Errorf("an honest copy: %d, %q", status, errs)
	}
}
