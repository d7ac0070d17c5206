package broker_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"sekimori/policy"
	"sekimori/recordings"
)

// The viewing key opens the operations on files: names, directions, sizes. It does not open the
// contents of the engineer's files.
func TestFilesAreListedAndTheirContentsSealed(t *testing.T) {
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	files, err := sftp.NewClient(c.Client)
	if err != nil {
		t.Fatal(err)
	}
	secret := bytes.Repeat([]byte("個人番号は封じる"), 10_000)
	f, err := files.Create("/kyuyo.csv")
	if err == nil {
		_, err = f.Write(secret)
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = files.Rename("/kyuyo.csv", "/shinsei.csv")
	}
	if err != nil {
		t.Fatal(err)
	}
	files.Close()
	c.Close()
	<-c.gone
	b.close()

	var ops []recordings.FileOp
	ends := map[uint64]recordings.FileEnd{}
	for _, f := range o.frames(o.sessions(e.id)[0], o.ring.ViewingIdentity()) {
		if bytes.Contains(f.Data, []byte("封じる")) {
			t.Fatalf("the viewing key opens contents: %s %.60q", f.Event, f.Data)
		}
		switch f.Event {
		case recordings.EventFile:
			var op recordings.FileOp
			if err := json.Unmarshal(f.Data, &op); err != nil {
				t.Fatal(err)
			}
			ops = append(ops, op)
		case recordings.EventFileEnd:
			var end recordings.FileEnd
			if err := json.Unmarshal(f.Data, &end); err != nil {
				t.Fatal(err)
			}
			ends[end.ID] = end
		}
	}
	if len(ops) != 2 || ops[0].Op != recordings.FileOpen || ops[0].Path != "/kyuyo.csv" || ops[1].Op != recordings.FileRename || ops[1].To != "/shinsei.csv" {
		t.Fatalf("operations %+v", ops)
	}
	if end := ends[1]; !end.OK || end.Written != uint64(len(secret)) || !ends[2].OK {
		t.Errorf("ends %+v", ends)
	}
	var sent []byte
	for _, f := range o.frames(o.sessions(e.id)[0], o.offline) {
		if f.Stream == recordings.Stdin {
			sent = append(sent, f.Data...)
		}
	}
	if n := bytes.Count(sent, []byte("個人番号は封じる")); n < 9_990 { // a packet's head may stand within one
		t.Errorf("the offline key opens %d of the contents", n)
	}
}

// A client that speaks another protocol on a channel for files is told so and loses only that channel; the
// ledger names it.
func TestAttackSomethingElseThanSFTP(t *testing.T) {
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	b := o.start()
	c := e.mustDial(b.addr)
	ch, reqs, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"sftp"})); err != nil || !ok {
		t.Fatal(ok, err)
	}
	// A write to a guessed handle, before the target has given any.
	write := binary.BigEndian.AppendUint32([]byte{6, 0, 0, 0, 1, 0, 0, 0, 1, '0', 0, 0, 0, 0, 0, 0, 0, 0}, 4)
	write = append(write, "evil"...)
	if _, err := ch.Write(append([]byte{0, 0, 0, 5, 1, 0, 0, 0, 3, 0, 0, 0, byte(len(write))}, write...)); err != nil {
		t.Fatal(err)
	}
	status := -1
	for req := range reqs {
		if req.Type == "exit-status" {
			status = int(binary.BigEndian.Uint32(req.Payload))
		}
	}
	said, err := io.ReadAll(ch.Stderr())
	if status != policy.ProtocolAbuse.Exit() || !strings.Contains(string(said), "[217]") || err != nil {
		t.Errorf("%d, %q, %v", status, said, err)
	}
	if out, _, exit, err := c.run("print alive"); out != "alive" || exit != 0 || err != nil {
		t.Errorf("the session: %q, %d, %v", out, exit, err)
	}
	c.Close()
	<-c.gone
	b.close()
	refused := payloads[refusedEntry](o, "session.feature-refused")
	if len(refused) != 1 || refused[0].Number != policy.ProtocolAbuse.Number() || refused[0].Feature != "sftp" {
		t.Errorf("the ledger: %+v", refused)
	}
	for _, f := range o.frames(o.sessions(e.id)[0], o.offline) {
		if bytes.Contains(f.Data, []byte("evil")) {
			t.Error("the write was forwarded")
		}
	}
}
