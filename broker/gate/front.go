package gate

import (
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Bounds on a client's requests before any program runs.
const (
	frontEnvCount = 128     // more than the relay takes: the relay records and reports those that it drops
	frontEnvBytes = 8 << 10 // of the payload
	frontPayload  = 128<<10 + 4
)

// front is the first session channel of a connection, accepted by the gate while there is no
// session yet. It answers and keeps the requests that describe the terminal and the program, and
// discards input. It can hand the open channel on as if it had only just been opened.
type front struct {
	ch    ssh.Channel
	extra []byte
	reqs  <-chan *ssh.Request

	mu     sync.Mutex     // guards the fields up to form
	kept   []*ssh.Request // pty-req, env and the start, in order, for the relay
	env    map[string]string
	envs   int // variables kept, for the relay to judge
	pty    bool
	term   string
	start  string // "shell", "exec" or "subsystem"; empty: nothing started yet
	line   string // of exec: the command; of subsystem: its name
	resize *ssh.Request
	keep   int    // how many bytes of input are kept for a command that reads a form; 0: none
	form   []byte // the kept bytes

	started chan struct{} // closed when the program was named
	gone    chan struct{} // closed when the client has closed the channel
	handed  chan struct{} // closed when the gate lets go of the channel
	keys    chan []byte   // typed input; unread input is discarded
	eof     chan struct{} // closed at the end of input
	over    chan struct{} // closed when more came than keep
	reqDone chan struct{}
	rest    []byte // read ahead at the moment of handing over
	restErr error
	pumped  chan struct{} // closed when rest and restErr are final

	complaints chan int // how much the client sent as standard error; closed at its end
}

// openFront accepts the channel and starts serving it. It keeps up to keep bytes of input, for a command that reads a form.
func (c *caller) openFront(nc ssh.NewChannel, keep int) (*front, error) {
	ch, reqs, err := nc.Accept()
	if err != nil {
		return nil, err
	}
	f := &front{
		ch: ch, extra: nc.ExtraData(), reqs: reqs, env: map[string]string{},
		started: make(chan struct{}), gone: make(chan struct{}), handed: make(chan struct{}),
		keys: make(chan []byte, 64), eof: make(chan struct{}), over: make(chan struct{}), keep: keep,
		reqDone: make(chan struct{}), pumped: make(chan struct{}), complaints: make(chan int, 8),
	}
	go func() { defer c.catch(); f.serveRequests() }()
	go func() { defer c.catch(); f.pump() }()
	go func() { defer c.catch(); f.discardErrors() }()
	return f, nil
}

// serveRequests answers the client's requests on the channel until the gate lets go of it. It
// never stops reading before that: sixteen unread requests would block the whole connection.
func (f *front) serveRequests() {
	defer close(f.reqDone)
	for {
		select {
		case <-f.handed:
			return
		case r, ok := <-f.reqs:
			if !ok {
				close(f.gone)
				return
			}
			_ = r.Reply(f.take(r), nil) // a lost connection shows as the end of reqs
		}
	}
}

// take keeps a request that the session will need and says whether it is granted. The copies
// want no reply, because the client has it already.
func (f *front) take(r *ssh.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(r.Payload) > frontPayload {
		return false
	}
	copied := &ssh.Request{Type: r.Type, Payload: r.Payload}
	switch r.Type {
	case "window-change":
		if f.pty {
			f.resize = copied
		}
		return f.pty
	case "pty-req":
		var p struct {
			Term                         string
			Columns, Rows, Width, Height uint32
			Modes                        string
		}
		if f.pty || f.start != "" || ssh.Unmarshal(r.Payload, &p) != nil {
			return false
		}
		f.pty, f.term = true, p.Term
	case "env":
		var e struct{ Name, Value string }
		if f.start != "" || f.envs >= frontEnvCount || len(r.Payload) > frontEnvBytes || ssh.Unmarshal(r.Payload, &e) != nil {
			return false
		}
		f.envs++
		f.kept = append(f.kept, copied)
		if !isLocale(e.Name) {
			return false
		}
		f.env[e.Name] = e.Value
		return true
	case "shell", "exec", "subsystem":
		if f.start != "" {
			return false
		}
		if r.Type != "shell" {
			var c struct{ Line string }
			if ssh.Unmarshal(r.Payload, &c) != nil {
				return false
			}
			f.line = c.Line
		}
		f.start = r.Type
		f.kept = append(f.kept, copied)
		close(f.started)
		return true
	default:
		return false // agent, X11, break, signals: nothing is open that could receive them
	}
	f.kept = append(f.kept, copied)
	return true
}

// isLocale reports the variables from which the gate reads the language; the relay decides which pass on.
func isLocale(name string) bool {
	return name == "LANG" || len(name) > 3 && name[:3] == "LC_" && isName(name)
}

// pump reads typed input. It discards it unless keys has a reader. The one read that is
// under way when the channel is handed over belongs to the session and is kept for it.
func (f *front) pump() {
	defer close(f.pumped)
	buf := make([]byte, 4096)
	for {
		n, err := f.ch.Read(buf)
		select {
		case <-f.handed:
			f.rest, f.restErr = append([]byte(nil), buf[:n]...), err
			return
		default:
		}
		if n > 0 {
			f.collect(buf[:n])
			select {
			case f.keys <- append([]byte(nil), buf[:n]...):
			default: // no reader: discarded
			}
		}
		if err != nil {
			f.restErr = err
			close(f.eof)
			return
		}
	}
}

// discardErrors takes standard error from a client, which no client sends and which the SSH library would keep. It
// is the only reader for as long as the channel lives, because the library reports only one of the end. The session
// learns through complaints that something came.
func (f *front) discardErrors() {
	defer close(f.complaints)
	var b [64]byte
	for {
		n, err := f.ch.Stderr().Read(b[:])
		if n > 0 {
			select {
			case f.complaints <- n:
			default: // it is flooded with them already, or does not care
			}
		}
		if err != nil {
			return
		}
	}
}

// passedErrors is the standard error of a channel that was handed over: its content is gone, its arrival is not.
type passedErrors struct {
	io.Writer
	complaints <-chan int
}

// Read gives zeros in place of the client's bytes.
func (p passedErrors) Read(b []byte) (int, error) {
	n, ok := <-p.complaints
	if !ok {
		return 0, io.EOF
	}
	n = min(n, len(b))
	clear(b[:n])
	return n, nil
}

// Stderr implements ssh.Channel.
func (p *passedChannel) Stderr() io.ReadWriter {
	return passedErrors{p.Channel.Stderr(), p.f.complaints}
}

// maxInput is the largest form that self-service reads, in bytes.
const maxInput = 64 << 10

// collect keeps input for a form, and signals once that the input is too long.
func (f *front) collect(b []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keep == 0 {
		return
	}
	if len(f.form)+len(b) > f.keep {
		f.form, f.keep = nil, 0
		close(f.over)
		return
	}
	f.form = append(f.form, b...)
}

// collected gives the kept input; false when it was too long.
func (f *front) collected() (form []byte, whole bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.form, f.keep > 0
}

// forget stops keeping input, because a person types at a terminal.
func (f *front) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.form, f.keep = nil, 0
}

// terminal reports whether the client has a terminal, and whether a line of it
// can be rewritten in place.
func (f *front) terminal() (pty, inPlace bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pty, f.pty && f.term != "" && f.term != "dumb"
}

func (f *front) program() (start, line string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.start, f.line
}

func (f *front) locale() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	env := make(map[string]string, len(f.env))
	for k, v := range f.env {
		env[k] = v
	}
	return env
}

// awaitStart waits until the client has named a program; false when it left or took too long.
func (f *front) awaitStart(limit time.Duration) bool {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-f.started:
		return true
	case <-f.gone:
	case <-t.C:
	}
	return false
}

// print writes text, one line per \n, in the form the client's terminal wants.
func (f *front) print(w io.Writer, text string) error {
	pty, _ := f.terminal()
	_, err := io.WriteString(w, terminalText(text, pty))
	return err
}

// screen is where the gate writes to an engineer who waits or chooses. The output
// of a command belongs to the command, also on a terminal (ssh -tt host COMMAND, Ansible).
func (f *front) screen() io.Writer {
	if start, _ := f.program(); start == "shell" {
		return f.ch
	}
	return f.ch.Stderr()
}

// finish writes text to standard error, gives the exit status and closes the channel.
func (f *front) finish(text string, exit int) {
	_ = f.print(f.ch.Stderr(), text) // a client that is gone reads nothing
	f.close(exit)
}

func (f *front) close(exit int) {
	_, _ = f.ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(exit)}))
	_ = f.ch.CloseWrite()
	_ = f.ch.Close()
}

// handOver lets go of the channel and presents it as one that the client opens only now, for
// the session to accept: the requests kept are replayed, later ones follow. done ends the
// forwarding when the session is over.
func (f *front) handOver(done <-chan struct{}) ssh.NewChannel {
	close(f.handed)
	<-f.reqDone
	return &handedChannel{f: f, done: done}
}

// handedChannel presents an open channel as a new one.
type handedChannel struct {
	f    *front
	done <-chan struct{}
	once sync.Once
}

var errAcceptedTwice = errors.New("channel was accepted or rejected before")

func (h *handedChannel) ChannelType() string { return "session" }
func (h *handedChannel) ExtraData() []byte   { return h.f.extra }

// Accept returns the channel and its requests, those kept first. A change of the terminal's
// size goes before the program starts, so that it begins with the right one.
func (h *handedChannel) Accept() (ssh.Channel, <-chan *ssh.Request, error) {
	err := errAcceptedTwice
	var out chan *ssh.Request
	h.once.Do(func() {
		err = nil
		f := h.f
		out = make(chan *ssh.Request, len(f.kept)+1)
		for _, r := range f.kept {
			if isStart(r.Type) && f.resize != nil {
				out <- f.resize
			}
			out <- r
		}
		go func() {
			defer close(out)
			select {
			case <-f.gone: // reqs is closed already
				return
			default:
			}
			for r := range f.reqs {
				select {
				case out <- r:
				case <-h.done:
					return
				}
			}
		}()
	})
	if err != nil {
		return nil, nil, err
	}
	return &passedChannel{Channel: h.f.ch, f: h.f}, out, nil
}

func isStart(t string) bool { return t == "shell" || t == "exec" || t == "subsystem" }

// Reject ends the channel with the message: for the client it has been open for long.
func (h *handedChannel) Reject(_ ssh.RejectionReason, message string) error {
	err := errAcceptedTwice
	h.once.Do(func() {
		err = nil
		h.f.finish(message+"\n", exitSafeguard)
	})
	return err
}

// passedChannel first gives the bytes that the gate had read ahead.
type passedChannel struct {
	ssh.Channel
	f *front
}

// Read waits for the gate's last read to end; after that the session alone reads. Like the
// channel's Read, two goroutines must not call it at once.
func (p *passedChannel) Read(b []byte) (int, error) {
	<-p.f.pumped
	if len(p.f.rest) > 0 {
		n := copy(b, p.f.rest)
		p.f.rest = p.f.rest[n:]
		return n, nil
	}
	if p.f.restErr != nil {
		return 0, p.f.restErr
	}
	return p.Channel.Read(b)
}
