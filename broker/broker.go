package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/dial"
	"sekimori/broker/gate"
	"sekimori/broker/keys"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/broker/web"
	"sekimori/recordings"
)

// Options are what a start needs beside the configuration. The zero value is production.
type Options struct {
	Log   hclog.Logger
	Clock func() time.Time // nil: the system's
	// TargetClock is what the targets' clocks show, by which certificates hold; nil: Clock. Tests that run on a chosen date
	// in front of a real sshd give the machine's.
	TargetClock func() time.Time
	// Answer is how often an engineer's client is listened for; 0: every 15 seconds. Tests that wait for one to be lost shorten it.
	Answer time.Duration
	FS     recordings.FS // nil: the operating system's; tests put faults in its place
}

// Broker is a running broker. Close ends it.
type Broker struct {
	log    hclog.Logger
	unlock func() error
	db     *store.DB
	sup    *session.Supervisor
	gate   *gate.Server
	api    *web.Server
	ssh    net.Listener
	https  net.Listener    // nil: the API is on the socket only
	pinned *apiCertificate // of https
	socket string

	stop    context.CancelCauseFunc
	serving sync.WaitGroup
	ended   []string
}

// Start opens everything in order: the data directory is locked, keys and store are opened, what
// a crash left is ended, and only then the doors. Nothing is left open when it fails.
func Start(ctx context.Context, c Config, o Options) (_ *Broker, err error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	b := &Broker{log: o.Log}
	running, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	b.stop = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close(ctx))
		}
	}()

	if err := store.CheckModes(c.DataDir); err != nil {
		return nil, err
	}
	if b.unlock, err = store.LockDir(c.DataDir); err != nil {
		return nil, err
	}
	master, err := keys.LoadMaster(c.MasterKeyFile)
	if err != nil {
		return nil, err
	}
	ring, err := keys.Open(filepath.Join(c.DataDir, "keys"), master)
	if err != nil {
		return nil, err
	}
	if b.db, err = openStore(ctx, c, o, ring); err != nil {
		return nil, err
	}
	if err := checkpointsOf(c, o.Clock).compare(ctx, b.db, c.File(), o.Log); err != nil {
		return nil, err
	}
	if err := republish(ctx, b.db); err != nil {
		return nil, err
	}
	if err := noteZone(ctx, b.db, c.Location()); err != nil {
		return nil, err
	}
	if b.sup, err = newSupervisor(c, o, ring, b.db); err != nil {
		return nil, err
	}
	if b.ended, err = b.sup.Reconcile(ctx); err != nil {
		return nil, fmt.Errorf("end what a crash left: %w", err)
	}
	return b, b.openDoors(running, c, o, ring)
}

func openStore(ctx context.Context, c Config, o Options, ring *keys.Ring) (*store.DB, error) {
	so := store.Options{
		Clock: o.Clock, Signer: ring.LedgerSigner(), Verifier: ring.LedgerVerifier(), Origin: c.LedgerOrigin, Zone: c.Location(),
		Log: o.Log.Named("store"), Uncatalogued: func(what string) { o.Log.Error("entry_not_in_catalogue", "what", what) },
	}
	if c.CheckpointDir != "" {
		so.Publish = checkpointsOf(c, o.Clock).publish
	}
	return store.Open(ctx, filepath.Join(c.DataDir, "sekimori.db"), so)
}

func newSupervisor(c Config, o Options, ring *keys.Ring, db *store.DB) (*session.Supervisor, error) {
	output, err := c.OutputRecipients()
	if err != nil {
		return nil, err
	}
	input, err := c.OfflineRecipients()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(c.DataDir, "recordings")
	return session.New(session.Options{
		DB: db, Ring: ring, Dialer: &dial.Dialer{Version: c.Gate.Version, Log: o.Log.Named("dial")},
		Dir: dir, FS: o.FS, OutputTo: append([]age.Recipient{ring.ViewingRecipient()}, output...), InputTo: input,
		MinFree: uint64(c.MinFreeSpace), Clock: o.Clock, TargetClock: o.TargetClock, Zone: c.Location(), GateName: c.GateName,
		Recheck: time.Duration(c.RecheckInterval), WaitingRoom: time.Duration(c.WaitingRoom), Connections: c.Gate.Connections, Answer: o.Answer, Log: o.Log.Named("session"),
	})
}

// SSHAddr is where engineers connect.
func (b *Broker) SSHAddr() net.Addr { return b.ssh.Addr() }

// APIAddr is where the API is served over HTTPS; nil where it is not.
func (b *Broker) APIAddr() net.Addr {
	if b.https == nil {
		return nil
	}
	return b.https.Addr()
}

// APIFingerprint is what clients pin of the server at APIAddr; empty where there is none.
func (b *Broker) APIFingerprint() string {
	if b.pinned == nil {
		return ""
	}
	return b.pinned.fingerprint()
}

// Socket is the path the commands speak to.
func (b *Broker) Socket() string { return b.socket }

// EndedAfterCrash are the numbers of the sessions that the last run left open.
func (b *Broker) EndedAfterCrash() []string { return b.ended }

// Close stops in order, each step bounded: no new connections, live sessions told and ended,
// recordings sealed, the ledger written, the store closed, the data directory given up.
func (b *Broker) Close(ctx context.Context) error {
	var errs []error
	if b.gate != nil {
		b.gate.Stop()
	}
	if b.ssh != nil {
		errs = append(errs, ignoreClosed(b.ssh.Close()))
	}
	if b.sup != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		errs = append(errs, b.sup.Close(bounded))
		cancel()
	}
	b.stop(errors.New("the broker is stopping"))
	if b.gate != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		errs = append(errs, b.gate.Close(bounded))
		cancel()
	}
	if b.api != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		errs = append(errs, b.api.Close(bounded))
		cancel()
	}
	errs = append(errs, b.awaitServing(5*time.Second))
	if b.db != nil {
		errs = append(errs, b.db.Close())
	}
	if b.unlock != nil {
		errs = append(errs, b.unlock())
	}
	return errors.Join(errs...)
}

// awaitServing waits for what goes on beside the doors, which ends by itself once it is told to stop.
func (b *Broker) awaitServing(most time.Duration) error {
	ended := make(chan struct{})
	go func() { b.serving.Wait(); close(ended) }()
	limit := time.NewTimer(most)
	defer limit.Stop()
	select {
	case <-ended:
		return nil
	case <-limit.C:
		return fmt.Errorf("what serves has not ended within %s", most)
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
