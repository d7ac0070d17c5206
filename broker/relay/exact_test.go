package relay_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"sekimori/broker/internal/testbed"
	"sekimori/recordings"
)

// got is a request as the other side received it.
type got struct {
	kind    string
	payload string
}

// heard is everything that one side received of a channel.
type heard struct {
	mu       sync.Mutex
	requests []got
	out, err []byte // of the target: out is its input
	odd      []string
}

func (h *heard) take(reqs <-chan *ssh.Request, dice *rand.Rand) {
	for req := range reqs {
		h.mu.Lock()
		h.requests = append(h.requests, got{req.Type, string(req.Payload)})
		yes := dice.IntN(5) > 0
		h.mu.Unlock()
		_ = req.Reply(yes, nil)
	}
}

func (h *heard) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.odd = append(h.odd, what)
}

func (h *heard) globals(reqs <-chan *ssh.Request) {
	for req := range reqs {
		if req.Type != "keepalive@openssh.com" || len(req.Payload) > 0 {
			h.note(fmt.Sprintf("global request %q with %d bytes", req.Type, len(req.Payload)))
		}
		_ = req.Reply(false, nil)
	}
}

// hostility makes payloads: valid ones, valid ones with extra or changed bytes, and noise.
type hostility struct{ *rand.Rand }

func (h hostility) bytes(most int) []byte {
	b := make([]byte, h.IntN(most+1))
	for i := range b {
		b[i] = byte(h.Uint32())
	}
	return b
}

func (h hostility) text() string {
	return []string{
		"", "x", "LC_ALL", "LC_" + string(h.bytes(300)), "LC_" + string(h.bytes(6000)), "ja_JP.UTF-8", "日本語\tタブ", "echo \x93\xfa\x96\x7b",
		"TERM", "KILL", "INFO@openssh.com", string(h.bytes(20)), string(h.bytes(5000)), "sftp", "cat", "xterm-256color", "a\x00b", "\x1b[2J",
		strings.Repeat("語", h.IntN(2000)), "scp -t \xff",
	}[h.IntN(20)]
}

var kinds = []string{"pty-req", "env", "env", "env", "window-change", "signal", "break", "eow@openssh.com", "exit-status", "exit-signal", "keepalive@openssh.com",
	"x11-req", "auth-agent-req@openssh.com", "winadj@putty.projects.tartarus.org", "xon-xoff", "simple@putty.projects.tartarus.org", "shell", "exec", "subsystem"}

var globalKinds = []string{"tcpip-forward", "cancel-tcpip-forward", "streamlocal-forward@openssh.com", "keepalive@openssh.com", "hostkeys-00@openssh.com",
	"hostkeys-prove-00@openssh.com", "no-more-sessions", "keepalive@lag.net"}

func (h hostility) payload(kind string) []byte {
	if h.IntN(4) == 0 {
		return h.bytes(9000)
	}
	type s struct{ S string }
	var b []byte
	switch kind {
	case "pty-req":
		b = ssh.Marshal(struct {
			T          string
			C, R, W, H uint32
			M          string
		}{h.text(), h.Uint32(), 24, 0, h.Uint32(), string(h.bytes(400))})
	case "env":
		b = ssh.Marshal(struct{ N, V string }{h.text(), h.text()})
	case "window-change":
		b = ssh.Marshal(struct{ C, R, W, H uint32 }{h.Uint32(), 24, 0, 0})
	case "break", "exit-status":
		b = ssh.Marshal(struct{ N uint32 }{h.Uint32()})
	case "exit-signal":
		b = ssh.Marshal(struct {
			S    string
			C    bool
			M, L string
		}{h.text(), h.IntN(2) == 0, h.text(), h.text()})
	case "exec", "subsystem", "signal":
		b = ssh.Marshal(s{h.text()})
	}
	if h.IntN(4) == 0 {
		b = append(b, h.bytes(200<<10>>h.IntN(16))...)
	}
	return b
}

func (h hostility) kind() string {
	if h.IntN(5) == 0 {
		return string(h.bytes(200))
	}
	return kinds[h.IntN(len(kinds))]
}

func (h hostility) requests(ch ssh.Channel, n int) {
	for range h.IntN(n + 1) {
		kind := h.kind()
		_, _ = ch.SendRequest(kind, h.IntN(2) == 0, h.payload(kind))
	}
}

func (h hostility) data(ch ssh.Channel) {
	_, _ = ch.Write(h.bytes(40 << 10))
	_, _ = ch.Stderr().Write(h.bytes(4 << 10))
	if x, ok := ch.(interface {
		WriteExtended([]byte, uint32) (int, error)
	}); ok {
		_, _ = x.WriteExtended(h.bytes(100), 2+h.Uint32())
	}
}

func (h hostility) globals(c ssh.Conn) {
	for range h.IntN(4) {
		_, _, _ = c.SendRequest(globalKinds[h.IntN(len(globalKinds))], h.IntN(2) == 0, h.bytes(1000))
	}
	if h.IntN(2) == 0 {
		_, _, _ = c.OpenChannel([]string{"x11", "direct-tcpip", string(h.bytes(100))}[h.IntN(3)], h.bytes(1000))
	}
}

// hostileTarget is a server that serves one connection and sends arbitrary data.
func hostileTarget(t *testing.T, h *heard, seed uint64) (*testbed.Target, <-chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	signer := testbed.NewSigner(t)
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(signer)
	gone := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-gone })
	go func() {
		var work sync.WaitGroup
		defer close(gone)
		defer work.Wait()
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		conn, chans, reqs, err := ssh.NewServerConn(c, config)
		if err != nil {
			h.note(err.Error())
			return
		}
		work.Go(func() { h.globals(reqs) })
		// Not waited for: if the connection dies during an OpenChannel, the library never returns.
		go hostility{rand.New(rand.NewPCG(seed, 3))}.globals(conn)
		for nc := range chans {
			if nc.ChannelType() != "session" || len(nc.ExtraData()) > 0 {
				h.note(fmt.Sprintf("channel %q with %d bytes", nc.ChannelType(), len(nc.ExtraData())))
			}
			ch, reqs, err := nc.Accept()
			if err != nil {
				return
			}
			begun := make(chan *ssh.Request, 1000)
			work.Go(func() {
				defer close(begun)
				for req := range reqs {
					begun <- req
				}
			})
			work.Go(func() { h.take(begun, rand.New(rand.NewPCG(seed, 4))) })
			work.Go(func() {
				bad := hostility{rand.New(rand.NewPCG(seed, 5))}
				bad.requests(ch, 3)
				bad.data(ch)
				bad.requests(ch, 6)
				b, _ := io.ReadAll(ch)
				h.mu.Lock()
				h.out = append(h.out, b...)
				h.mu.Unlock()
				_, _ = ch.SendRequest("exit-signal", false, bad.payload("exit-signal"))
				_ = ch.Close()
			})
		}
	}()
	return &testbed.Target{Addr: l.Addr().String(), HostKey: signer.PublicKey()}, gone
}

// A hostile client and a hostile target send arbitrary data in every kind of request and channel. Everything that the other
// side received is in the recording, byte for byte. Events are turned into requests by FORMAT.md alone.
func TestAttackBytesThatTheRecordingDoesNotHold(t *testing.T) {
	rounds := 40
	if n, err := strconv.Atoi(os.Getenv("SEKIMORI_HOSTILE_ROUNDS")); err == nil {
		rounds = n
	}
	reached := map[string]int{}
	for i := range rounds {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			seed := uint64(i)
			var atTarget, atClient heard
			target, gone := hostileTarget(t, &atTarget, seed)
			r := newRig(t, rigOptions{target: target})
			bad := hostility{rand.New(rand.NewPCG(seed, 1))}
			tcp, err := net.Dial("tcp", r.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer tcp.Close()
			conn, chans, greqs, err := ssh.NewClientConn(tcp, "", &ssh.ClientConfig{HostKeyCallback: ssh.InsecureIgnoreHostKey()})
			if err != nil {
				t.Fatal(err)
			}
			go atClient.globals(greqs)
			go func() {
				for nc := range chans {
					atClient.note("channel " + nc.ChannelType())
					_ = nc.Reject(ssh.Prohibited, "")
				}
			}()
			bad.globals(conn)
			ch, reqs, err := conn.OpenChannel("session", bad.bytes(500))
			if err != nil {
				t.Fatal(err)
			}
			var work sync.WaitGroup
			work.Go(func() { atClient.take(reqs, rand.New(rand.NewPCG(seed, 2))) })
			work.Go(func() { atClient.out, _ = io.ReadAll(ch) })
			work.Go(func() { atClient.err, _ = io.ReadAll(ch.Stderr()) })
			for range 6 {
				bad.requests(ch, 1)
			}
			main := []string{"shell", "exec", "subsystem"}[bad.IntN(3)]
			if ok, _ := ch.SendRequest(main, true, bad.payload(main)); !ok {
				_, _ = ch.SendRequest("exec", true, ssh.Marshal(struct{ S string }{string(bad.bytes(100))}))
			}
			_, _ = ch.Write(bad.bytes(40 << 10))
			bad.requests(ch, 8)
			_ = ch.CloseWrite()
			within(t, "the channel ends", work.Wait)
			r.kill()
			<-gone
			compare(t, r, &atTarget, &atClient)
			for _, h := range []*heard{&atTarget, &atClient} {
				for _, g := range h.requests {
					reached[g.kind]++
				}
			}
		})
	}
	for _, kind := range []string{"pty-req", "env", "shell", "exec", "window-change", "break", "exit-status", "exit-signal", "eow@openssh.com"} {
		if reached[kind] == 0 {
			t.Errorf("no %s reached the other side: the test proves nothing about it", kind)
		}
	}
}

func compare(t *testing.T, r *rig, atTarget, atClient *heard) {
	t.Helper()
	want := map[got]int{}
	var said []string // notices, which the broker writes among the target's stderr
	streams := map[recordings.Stream][]byte{}
	for _, f := range r.frames {
		if f.Event == "" {
			streams[f.Stream] = append(streams[f.Stream], f.Data...)
			continue
		}
		if f.Event == "notice" {
			var n struct{ Text string }
			_ = json.Unmarshal(f.Data, &n)
			said = append(said, n.Text)
		}
		if g, ok := asRequest(t, f); ok {
			want[g]++
		}
		if (f.Event == "env") != f.Input {
			t.Errorf("%s is sealed with the input: %v", f.Event, f.Input)
		}
	}
	for side, h := range map[string]*heard{"target": atTarget, "client": atClient} {
		for _, odd := range h.odd {
			t.Errorf("the %s received %s", side, odd)
		}
		for _, g := range h.requests {
			if want[g]--; want[g] < 0 {
				t.Errorf("the %s received %s %.80q (%d bytes), which the recording does not hold", side, g.kind, g.payload, len(g.payload))
			}
		}
	}
	if !bytes.HasPrefix(streams[recordings.Stdin], atTarget.out) {
		t.Errorf("the target received input that the recording does not hold")
	}
	if !bytes.HasPrefix(streams[recordings.Stdout], atClient.out) {
		t.Errorf("the client received output that the recording does not hold")
	}
	errs := atClient.err
	for _, n := range said {
		lines := strings.ReplaceAll(n, "\n", "\r\n")
		for _, shown := range []string{"\r\n" + lines + "\a", "\r\n" + lines, lines, n} { // the bell may be the target's own
			if before, after, found := bytes.Cut(errs, []byte(shown)); found {
				errs = append(bytes.Clone(before), after...)
				break
			}
		}
	}
	if !bytes.HasPrefix(streams[recordings.Stderr], errs) {
		t.Errorf("the client received errors that the recording does not hold: %q, recorded %q and %q", atClient.err, streams[recordings.Stderr], said)
	}
}

// asRequest is the request that an event describes, by FORMAT.md.
func asRequest(t *testing.T, f recordings.Frame) (got, bool) {
	var b struct {
		Term, Command, Name, Value, Signal, Message, Lang string
		Raw, Modes                                        []byte
		Cols, Rows, Width, Height, Length, Status         uint32
		Core                                              bool
	}
	switch f.Event {
	case "pty-req", "window-change", "env", "exec", "subsystem", "signal", "break", "exit-status", "exit-signal", "shell", "eow@openssh.com":
	default:
		return got{}, false // not a request
	}
	if len(f.Data) > 0 {
		if err := json.Unmarshal(f.Data, &b); err != nil {
			t.Fatal(err)
		}
	}
	var p []byte
	str := func(s string) { p = append(binary.BigEndian.AppendUint32(p, uint32(len(s))), s...) }
	num := func(ns ...uint32) {
		for _, n := range ns {
			p = binary.BigEndian.AppendUint32(p, n)
		}
	}
	switch f.Event {
	case "pty-req":
		str(b.Term)
		num(b.Cols, b.Rows, b.Width, b.Height)
		str(string(b.Modes))
	case "window-change":
		num(b.Cols, b.Rows, b.Width, b.Height)
	case "env":
		str(b.Name)
		str(b.Value)
	case "exec", "subsystem":
		if b.Raw != nil {
			b.Command = string(b.Raw)
		}
		str(b.Command)
	case "signal":
		str(b.Signal)
	case "break":
		num(b.Length)
	case "exit-status":
		num(b.Status)
	case "exit-signal":
		str(b.Signal)
		p = append(p, 0)
		if b.Core {
			p[len(p)-1] = 1
		}
		str(b.Message)
		str(b.Lang)
	case "shell", "eow@openssh.com":
	default:
		return got{}, false
	}
	return got{f.Event, string(p)}, true
}

// Only send puts requests on a channel of the other side, and send accepts only recorded ones.
func TestOnlyRecordedRequestsAreSent(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	found := map[string]int{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && (s.Sel.Name == "SendRequest" || s.Sel.Name == "OpenChannel" || s.Sel.Name == "Payload" || s.Sel.Name == "ExtraData") {
					found[fn.Name.Name+" "+s.Sel.Name]++
				}
				return true
			})
		}
	}
	// Functions that only count bytes may read them.
	for _, fn := range []string{"carry", "serve", "prelude", "serveEarlyRequests", "serveFarRequests", "serveNearRequests", "serveClientRequests", "serveTarget", "takeChannel", "answerOnly", "discardRequests", "carryForward"} {
		delete(found, fn+" Payload")
		delete(found, fn+" ExtraData")
	}
	may := map[string]bool{
		"SendRequest SendRequest": true,                                                               // of a held channel: passes on what send gives it
		"send SendRequest":        true, "openFar OpenChannel": true, "openForward OpenChannel": true, // openForward sends the destination that was recorded, and nothing else of the client's
		"targetAnswers SendRequest": true, "AskClient SendRequest": true, // the broker's own questions, without a payload
		// Functions that parse a payload return fields within their limits.
		"readMain Payload": true, "takeForward ExtraData": true, "readAct Payload": true, "readExit Payload": true, "prepare Payload": true, "prepareEnv Payload": true, "takeEarlyRequest Payload": true, "serveNearRequests Payload": true,
	}
	for what := range found {
		if !may[what] {
			t.Errorf("%s: what is forwarded must come from record", what)
		}
	}
	if found["send SendRequest"] != 1 {
		t.Errorf("found %v: this test looks at the wrong files", found)
	}
}

// A refusal may have to be said while a channel's output ends. Each write to the engineer's stderr and the end of the output
// go through the two functions that take turns.
func TestWritersOfStderrTakeTurns(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	found := map[string]int{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok || (s.Sel.Name != "Stderr" && s.Sel.Name != "CloseWrite") {
					return true
				}
				if of, ok := s.X.(*ast.SelectorExpr); ok && of.Sel.Name == "near" {
					found[fn.Name.Name+" "+s.Sel.Name]++
				}
				return true
			})
		}
	}
	want := map[string]int{"writeErrors Stderr": 1, "endOutput CloseWrite": 1, "discardErrors Stderr": 1}
	if fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("found %v, want %v", found, want)
	}
}
