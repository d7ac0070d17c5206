package relay_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// fileOps returns the recorded file operations, and their ends by number.
func (r *rig) fileOps() (ops []recordings.FileOp, ends map[uint64]recordings.FileEnd) {
	r.tb.Helper()
	for _, e := range r.events(recordings.EventFile) {
		var op recordings.FileOp
		if err := json.Unmarshal([]byte(e), &op); err != nil {
			r.tb.Fatal(err)
		}
		ops = append(ops, op)
	}
	ends = map[uint64]recordings.FileEnd{}
	for _, e := range r.events(recordings.EventFileEnd) {
		var end recordings.FileEnd
		if err := json.Unmarshal([]byte(e), &end); err != nil {
			r.tb.Fatal(err)
		}
		if _, twice := ends[end.ID]; twice {
			r.tb.Errorf("operation %d ended twice", end.ID)
		}
		ends[end.ID] = end
	}
	return ops, ends
}

// find returns the only operation of a kind on a path, and its end.
func (r *rig) find(op, path string) (recordings.FileOp, recordings.FileEnd) {
	r.tb.Helper()
	ops, ends := r.fileOps()
	var found []recordings.FileOp
	for _, o := range ops {
		if o.Op == op && o.Path == path {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		r.tb.Fatalf("%d operations %s %s in %+v", len(found), op, path, ops)
	}
	end, ok := ends[found[0].ID]
	if !ok {
		r.tb.Errorf("%s %s has no end", op, path)
	}
	return found[0], end
}

// rawSFTP is a client that sends packets made by the test.
type rawSFTP struct {
	tb     testing.TB
	ch     ssh.Channel
	status chan int // the exit status, then closed with the channel
	said   chan string
}

func newRawSFTP(tb testing.TB, r *rig) *rawSFTP {
	tb.Helper()
	ch, reqs, err := r.client().OpenChannel("session", nil)
	if err != nil {
		tb.Fatal(err)
	}
	raw := &rawSFTP{tb: tb, ch: ch, status: make(chan int, 1), said: make(chan string, 1)}
	go func() {
		defer close(raw.status)
		for req := range reqs {
			if req.Type == "exit-status" {
				raw.status <- int(binary.BigEndian.Uint32(req.Payload))
			}
		}
	}()
	go func() {
		b, _ := io.ReadAll(ch.Stderr())
		raw.said <- string(b)
	}()
	if ok, err := ch.SendRequest("subsystem", true, packet(0, "sftp")[5:]); err != nil || !ok {
		tb.Fatal(ok, err)
	}
	return raw
}

// ended waits for the end of the channel. It returns the exit status, or -1, and stderr.
func (raw *rawSFTP) ended() (status int, said string) {
	raw.tb.Helper()
	status = -1
	within(raw.tb, "the end of the channel", func() {
		for s := range raw.status {
			status = s
		}
		said = <-raw.said
	})
	return status, said
}

func packet(typ byte, parts ...any) []byte {
	body := []byte{typ}
	for _, p := range parts {
		switch p := p.(type) {
		case uint32:
			body = binary.BigEndian.AppendUint32(body, p)
		case uint64:
			body = binary.BigEndian.AppendUint64(body, p)
		case string:
			body = append(binary.BigEndian.AppendUint32(body, uint32(len(p))), p...)
		case []byte:
			body = append(body, p...)
		}
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func (raw *rawSFTP) send(packets ...[]byte) {
	raw.tb.Helper()
	if _, err := raw.ch.Write(bytes.Join(packets, nil)); err != nil && err != io.EOF {
		raw.tb.Fatal(err)
	}
}

// answer reads one packet and returns its type and the rest.
func (raw *rawSFTP) answer() (byte, []byte) {
	raw.tb.Helper()
	var typ byte
	var body []byte
	within(raw.tb, "an answer", func() {
		head := make([]byte, 5)
		if _, err := io.ReadFull(raw.ch, head); err != nil {
			raw.tb.Error(err)
			return
		}
		typ, body = head[4], make([]byte, binary.BigEndian.Uint32(head)-1)
		if _, err := io.ReadFull(raw.ch, body); err != nil {
			raw.tb.Error(err)
		}
	})
	return typ, body
}

var (
	packetInit    = packet(1, uint32(3))
	packetVersion = packet(2, uint32(3))
)

// sftpTarget is a target whose SFTP server is the script.
func sftpTarget(t *testing.T, script func(s *testbed.TargetSession)) *testbed.Target {
	return testbed.StartTarget(t, testbed.TargetOptions{Session: func(s *testbed.TargetSession) {
		defer s.Close()
		go ssh.DiscardRequests(s.Requests)
		script(s)
	}})
}

func TestSFTPOperationsAreRecorded(t *testing.T) {
	r := newRig(t, rigOptions{})
	c, err := sftp.NewClient(r.client())
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("明細"), 50000)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := c.Create("/meisai.csv")
	must(err)
	_, err = f.ReadFrom(bytes.NewReader(data))
	must(err)
	must(f.Close())
	must(c.Mkdir("/d"))
	must(c.Rename("/meisai.csv", "/d/\x96\xbe\x8d\xd7.csv"))
	f, err = c.Open("/d/\x96\xbe\x8d\xd7.csv")
	must(err)
	var back bytes.Buffer
	_, err = f.WriteTo(&back)
	must(err)
	must(f.Close())
	if !bytes.Equal(back.Bytes(), data) {
		t.Errorf("%d bytes came back", back.Len())
	}
	_, err = c.ReadDir("/d")
	must(err)
	if _, err := c.Open("/nothing"); err == nil {
		t.Error("opened what is not there")
	}
	f, err = c.Create("/cut")
	must(err)
	must(f.Close())
	must(c.Remove("/d/\x96\xbe\x8d\xd7.csv"))
	must(c.Chtimes("/cut", time.Unix(1, 0), time.Unix(2, 0)))
	must(c.Truncate("/cut", 5))
	c.Close()
	r.kill()

	op, end := r.find("open", "/meisai.csv")
	if !slices.Equal(op.Flags, []string{"read", "write", "create", "truncate"}) {
		t.Errorf("flags %q", op.Flags)
	}
	if n := uint64(len(data)); !end.OK || end.Written != n || end.Size != n || end.Read != 0 {
		t.Errorf("upload %+v", end)
	}
	op, end = r.find("rename", "/meisai.csv")
	if op.To != `/d/\x96\xbe\x8d\xd7.csv` || string(op.ToRaw) != "/d/\x96\xbe\x8d\xd7.csv" || !end.OK {
		t.Errorf("rename %+v, %+v", op, end)
	}
	if _, end = r.find("open", `/d/\x96\xbe\x8d\xd7.csv`); end.Read != uint64(len(data)) || !end.OK || end.Written != 0 {
		t.Errorf("download %+v", end)
	}
	if _, end = r.find("open", "/nothing"); end.OK || end.Status != "no such file" {
		t.Errorf("refused open %+v", end)
	}
	for op, path := range map[string]string{"mkdir": "/d", "opendir": "/d", "remove": `/d/\x96\xbe\x8d\xd7.csv`} {
		if _, end := r.find(op, path); !end.OK {
			t.Errorf("%s %s: %+v", op, path, end)
		}
	}
	ops, _ := r.fileOps()
	var set []string
	for _, op := range ops {
		if op.Op == "setstat" && op.Path == "/cut" {
			set = append(set, op.Flags...)
		}
	}
	if !slices.Equal(set, []string{"times", "size"}) {
		t.Errorf("set %q", set)
	}
}

// The event is in the recording before the target sees the request, and each recorded byte was relayed.
func TestSFTPOperationIsRecordedBeforeItIsForwarded(t *testing.T) {
	seen := make(chan int, 1)
	var r *rig
	target := sftpTarget(t, func(s *testbed.TargetSession) {
		got := make([]byte, len(packetInit))
		io.ReadFull(s, got)
		s.Write(packetVersion)
		io.ReadFull(s, make([]byte, 4)) // of the request
		seen <- len(r.events(recordings.EventFile))
		io.Copy(io.Discard, s)
	})
	r = newRig(t, rigOptions{target: target})
	raw := newRawSFTP(t, r)
	raw.send(packetInit)
	raw.answer()
	remove := packet(13, uint32(7), "/etc/passwd")
	for _, b := range remove { // a byte at a time, so that the target could see a part
		raw.send([]byte{b})
	}
	within(t, "the request", func() {
		if n := <-seen; n != 1 {
			t.Errorf("%d events when the request came", n)
		}
	})
}

// A client with a later version gets the inspected version.
func TestSFTPVersionIsLowered(t *testing.T) {
	r := newRig(t, rigOptions{})
	raw := newRawSFTP(t, r)
	raw.send(packet(1, uint32(6)))
	if typ, body := raw.answer(); typ != 2 || !bytes.HasPrefix(body, []byte{0, 0, 0, 3}) {
		t.Errorf("%d, %q", typ, body)
	}
	if got := r.recorded(recordings.Stdin); !bytes.Equal(got, packetInit) {
		t.Errorf("recorded %q, forwarded version 3", got)
	}
}

// Every file open at the end of the session has an end in the recording.
func TestSFTPFilesOfACutSessionHaveAnEnd(t *testing.T) {
	r := newRig(t, rigOptions{})
	c, err := sftp.NewClient(r.client())
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Create("/half")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	r.relay.Stop()
	r.kill()
	if _, end := r.find("open", "/half"); end.OK || end.Status != "the channel ended" || end.Written != 4 {
		t.Errorf("%+v", end)
	}
}

func TestOpenSSHSCPIsListed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tree := filepath.Join(dir, "tree")
	sub := filepath.Join(tree, "sub dir")
	if err := os.MkdirAll(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("複写\x00\n"), 30000)
	for name, b := range map[string][]byte{tree + "/a": data, sub + "/b": nil, sub + "/明細": []byte("x")} {
		if err := os.WriteFile(name, b, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	check := func(t *testing.T, r *rig, op, to string) {
		t.Helper()
		for path, want := range map[string]recordings.FileEnd{
			"tree": {}, "tree/a": {Size: uint64(len(data))}, "tree/sub dir": {}, "tree/sub dir/b": {}, "tree/sub dir/明細": {Size: 1},
		} {
			o, end := r.find(op, path)
			moved := end.Written
			if op == recordings.FileSCPReceive {
				moved = end.Read
			}
			if !end.OK || end.Size != want.Size || moved != want.Size || o.To != to {
				t.Errorf("%s: %+v, %+v", path, o, end)
			}
			if dir := path == "tree" || path == "tree/sub dir"; !dir && (o.Mode == nil || *o.Mode != 0o640 || *o.Size != want.Size) || dir != slices.Contains(o.Flags, "directory") {
				t.Errorf("%s: %+v", path, o)
			}
		}
		if _, ends := r.fileOps(); len(ends) != 5 {
			t.Errorf("ends %+v", ends)
		}
	}
	there, back := filepath.Join(dir, "there"), filepath.Join(dir, "back")
	for _, d := range []string{there, back} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o := newOpenSSH(t)
	if _, errs, status := o.run(t, "", "scp", "-O", "-r", "-p", tree, o.host+":"+there); status != 0 {
		t.Fatal(status, errs)
	}
	o.end()
	o.kill()
	check(t, o.rig, recordings.FileSCPSend, there)
	o = newOpenSSH(t)
	if _, errs, status := o.run(t, "", "scp", "-O", "-r", o.host+":"+there+"/tree", back); status != 0 {
		t.Fatal(status, errs)
	}
	o.end()
	o.kill()
	check(t, o.rig, recordings.FileSCPReceive, there+"/tree")
	// A file without write permission.
	o = newOpenSSH(t)
	if _, _, status := o.run(t, "", "scp", "-O", tree+"/a", o.host+":/proc/nothing"); status == 0 {
		t.Fatal("wrote to /proc")
	}
	o.end()
	o.kill()
	if _, end := o.find(recordings.FileSCPSend, "a"); end.OK || end.Status == "ok" || end.Written != 0 {
		t.Errorf("%+v", end)
	}
}

// A command that is more than an scp passes, and the recording says which part was not inspected.
func TestSCPThatIsNotUnderstoodIsSaidSo(t *testing.T) {
	o := newOpenSSH(t)
	out, _, status := o.run(t, "", "ssh", o.host, "echo hello; exec scp -f /nothing")
	if !strings.HasPrefix(out, "hello\n") || status == 0 {
		t.Errorf("%q, %d", out, status)
	}
	o.end()
	o.kill()
	if _, ends := o.fileOps(); len(ends) != 1 || !strings.Contains(ends[0].Status, "not listed") {
		t.Errorf("%+v", ends)
	}
}

func TestOpenSSHSFTPIsListed(t *testing.T) {
	o := newOpenSSH(t)
	dir := t.TempDir()
	data := bytes.Repeat([]byte("x"), 300_000)
	if err := os.WriteFile(dir+"/a", data, 0o600); err != nil {
		t.Fatal(err)
	}
	script := strings.NewReplacer("D", dir).Replace("put D/a D/b\nrename D/b D/c\nln D/c D/hard\nmkdir D/m\nchmod 600 D/c\nget D/c D/back\ncp D/c D/copy\n-rm D/nothing\nrm D/c\n")
	if _, errs, status := o.run(t, script, "sftp", "-b", "-", o.host); status != 0 {
		t.Fatalf("%d, %q", status, errs)
	}
	o.end()
	o.kill()
	ops, ends := o.fileOps()
	n := uint64(len(data))
	for _, want := range []struct {
		op, path, to  string
		read, written uint64
	}{
		{"rename", "/b", "/c", 0, 0}, {"link", "/hard", "/c", 0, 0}, {"mkdir", "/m", "", 0, 0}, {"remove", "/c", "", 0, 0}, {"open", "/b", "", 0, n},
	} {
		if want.to != "" {
			want.to = dir + want.to
		}
		i := slices.IndexFunc(ops, func(op recordings.FileOp) bool { return op.Op == want.op && op.Path == dir+want.path })
		if i < 0 {
			t.Errorf("no %+v in %+v", want, ops)
			continue
		}
		if end := ends[ops[i].ID]; ops[i].To != want.to || !end.OK || end.Read != want.read || end.Written != want.written {
			t.Errorf("%+v, %+v", ops[i], end)
		}
	}
	if len(ops) != len(ends) {
		t.Errorf("%d operations, %d ends", len(ops), len(ends))
	}
}
