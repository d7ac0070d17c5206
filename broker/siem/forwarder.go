package siem

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// Options are the needs of New. TLS and Log may be left out.
type Options struct {
	DB      *store.DB
	Address string      // host:port of the collector
	TLS     *tls.Config // nil: plain TCP
	Format  Format
	Whole   bool   // payloads go out too
	Host    string // name of the gate in messages
	Origin  string // of the ledger
	Version string // of the program
	// EndIsEnough takes the end of a TLS stream without close_notify for a confirmation too, as over TCP. rsyslog's gtls driver needs it.
	EndIsEnough bool
	Late        time.Duration // age of an entry that is not confirmed at which an alarm is raised
	Log         hclog.Logger
}

// Forwarder sends the ledger to one collector. Run may run once at a time.
type Forwarder struct {
	o     Options
	shape shape
	part  int           // entries of one part
	every time.Duration // how often it looks for entries

	settles time.Duration
	trail   trail // of a collector without a confirmation of its own
}

// Bounds of one part, and of waiting.
const (
	entriesPart = 500
	connectTime = 10 * time.Second
	sendTime    = time.Minute      // of a part: a collector that takes nothing holds up itself only
	confirmTime = 20 * time.Second // from the end of a part to the collector's end
	shortest    = time.Second      // between tries
	longest     = time.Minute
	mostProblem = 200 // characters of an error that are kept
)

// New makes a forwarder.
func New(o Options) *Forwarder {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Forwarder{o: o, part: entriesPart, every: time.Second, settles: settles, shape: shape{format: o.Format, whole: o.Whole, host: o.Host, origin: o.Origin[:min(len(o.Origin), 200)], version: o.Version}}
}

// Run sends entries as they are committed until ctx ends. A failed try is repeated after a pause that grows to a minute.
func (f *Forwarder) Run(ctx context.Context) {
	defer f.Close()
	pause, failing := time.Duration(0), false
	for {
		wait := time.NewTimer(max(pause, f.every))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return
		}
		err := f.Forward(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if failing {
				f.o.Log.Info("ledger_forwarded_again", "collector", f.o.Address)
			}
			pause, failing = 0, false
		default:
			if !failing {
				f.o.Log.Error("ledger_not_forwarded", "collector", f.o.Address, "error", err)
			}
			failing = true
			pause = min(max(2*pause, shortest), longest)
		}
	}
}

// Forward sends what the collector has not confirmed, part by part, and returns when it has all of it.
func (f *Forwarder) Forward(ctx context.Context) error {
	for {
		if f.trails() {
			if err := f.follow(ctx); err != nil {
				return f.failed(ctx, err)
			}
		}
		entries, now, err := f.due(ctx)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return f.settled(ctx, now)
		}
		if err := f.send(ctx, entries); err != nil {
			return f.failed(ctx, err)
		}
		if err := f.taken(ctx, entries[len(entries)-1].Index+1); err != nil {
			return err
		}
	}
}

// failed notes why a try failed, unless a stop interrupted it.
func (f *Forwarder) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return errors.Join(err, f.o.DB.Keep(ctx, store.KeepForwarded, func(k *store.KeepTx) error {
		return k.NoteNotForwarded(f.o.Address, text.OneLine(err.Error(), mostProblem))
	}))
}

// due reads the next part.
func (f *Forwarder) due(ctx context.Context) (entries []ledger.Entry, now time.Time, err error) {
	err = f.o.DB.Read(ctx, func(s *store.Snap) error {
		now = s.Now
		at, err := s.Forwarded(f.o.Address)
		if err != nil {
			return err
		}
		at.Next = max(at.Next, f.trail.position())
		size, err := s.LedgerSize()
		if err != nil {
			return err
		}
		if at.Next > size {
			return fmt.Errorf("the ledger has %d entries, and %d went out: it is not the ledger of before", size, at.Next)
		}
		want := at.Next
		for e, err := range s.Entries(store.EntryFilter{From: at.Next, To: min(at.Next+int64(f.part), size)}) {
			if err != nil {
				return err
			}
			if e.Index != want {
				return fmt.Errorf("entry %d is missing", want)
			}
			want++
			entries = append(entries, e)
		}
		if want < min(at.Next+int64(f.part), size) {
			return fmt.Errorf("entry %d is missing", want)
		}
		return nil
	})
	return entries, now, err
}

// halfCloser is a connection of which one direction can be ended.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// secured is a TLS connection that knows how it ended. crypto/tls gives io.EOF for close_notify and, where the stream breaks off between two
// records, for that too; anyone in between can break it off.
type secured struct {
	*tls.Conn
	under       *under
	endIsEnough bool
}

// under is the connection below TLS.
type under struct {
	net.Conn
	brokeOff bool // the stream ended while TLS wanted more of it
}

func (u *under) Read(b []byte) (int, error) {
	n, err := u.Conn.Read(b)
	u.brokeOff = u.brokeOff || err == io.EOF
	return n, err
}

// errBrokeOff says that a TLS connection ended without the collector's close_notify.
var errBrokeOff = errors.New("the TLS stream ended without the collector's close_notify (ledger.siem_confirm: end accepts that)")

// send sends a part over a connection of its own, and waits for the collector's end.
func (f *Forwarder) send(ctx context.Context, entries []ledger.Entry) error {
	conn, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(sendTime)); err != nil { // of the connection, which knows the machine's clock only
		return err
	}
	out := bufio.NewWriterSize(conn, 64<<10)
	for _, e := range entries {
		if _, err := out.Write(f.shape.message(e)); err != nil {
			return fmt.Errorf("send entry %d: %w", e.Index, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("send entry %d: %w", entries[len(entries)-1].Index, err)
	}
	return confirmed(conn)
}

// confirmed ends this direction and waits for the end of the other one.
func confirmed(conn halfCloser) error {
	if err := conn.CloseWrite(); err != nil {
		return fmt.Errorf("end of a part: %w", err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(confirmTime)); err != nil {
		return err
	}
	// The collector need not say anything. Its words are dropped, and bounded.
	if _, err := io.Copy(io.Discard, io.LimitReader(conn, 1<<16)); err != nil {
		return fmt.Errorf("the collector did not confirm that it has read everything: %w", err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		return fmt.Errorf("the collector did not confirm that it has read everything: %w", errors.Join(err, errTalks))
	}
	if s, ok := conn.(*secured); ok && s.under.brokeOff && !s.endIsEnough {
		return fmt.Errorf("the collector did not confirm that it has read everything: %w", errBrokeOff)
	}
	return nil
}

var errItself = errors.New("connect: no one listens there, and the connection met itself")

var errTalks = errors.New("it sends and does not end")

func (f *Forwarder) connect(ctx context.Context) (halfCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", f.o.Address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if raw.LocalAddr().String() == raw.RemoteAddr().String() { // TCP lets a connection meet itself where no one listens on a port for clients
		return nil, errors.Join(errItself, raw.Close())
	}
	if f.o.TLS == nil {
		return raw.(*net.TCPConn), nil
	}
	below := &under{Conn: raw}
	conn := tls.Client(below, f.o.TLS)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("TLS: %w", err), raw.Close())
	}
	return &secured{conn, below, f.o.EndIsEnough}, nil
}

// noEntry is the index of a test message, which is no entry.
const noEntry = -1

// Test sends one message that is no entry, with the kind test.siem, and waits for the collector's end.
func (f *Forwarder) Test(ctx context.Context, now time.Time) error {
	return f.send(ctx, []ledger.Entry{{Index: noEntry, Time: now, Actor: ledger.Actor{Kind: "broker"}}})
}
