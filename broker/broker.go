package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/accounts"
	"sekimori/broker/dial"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/gate"
	"sekimori/broker/interlock"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/notify"
	"sekimori/broker/pages"
	"sekimori/broker/registry"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/broker/web"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/search"
)

// Options are a start's needs beside the configuration. The zero value is production.
type Options struct {
	Log   hclog.Logger
	Clock func() time.Time // nil: the system's
	// TargetClock is the clock by which targets judge certificates; nil: Clock. Tests that run on a chosen date
	// in front of a real sshd give the machine's.
	TargetClock func() time.Time
	// Answer is the interval at which an engineer's client must answer; 0: 15 seconds. Tests of a lost client shorten it.
	Answer time.Duration
	// Chores bounds the interval of every chore; 0: its own in the table. Tests that wait for a chore's writes shorten it.
	Chores time.Duration
	FS     recordings.FS // nil: the operating system's; tests put faults in its place
	// Authenticators is a further clock by which one-time codes may count; nil: none. Only the demonstration, whose Clock is set forward, has one.
	Authenticators func() time.Time
	// SimulatedLine drives lines whose rule says "simulated". Nil: such a line is unknown and admits no
	// one. Only the demonstration has one.
	SimulatedLine interlock.Driver
	// Hash is the cost of checking a password; zero: production's, which no setting changes. Tests give a low one.
	Hash registry.Cost
}

// Broker is a running broker. Close ends it.
type Broker struct {
	log    hclog.Logger
	unlock func() error
	db     *store.DB
	care   *accounts.Steward
	files  *files.Gate
	sup    *session.Supervisor
	lines  atomic.Pointer[interlock.Switch]
	gate   *gate.Server
	api    *web.Server
	ssh    net.Listener
	https  net.Listener // nil: the API is on the socket only
	portal net.Listener // nil: no pages of vendors
	pages  *pages.Pages
	search *search.Index   // of the text of recordings; nil: searches are off
	pinned *apiCertificate // of https and portal; nil without TLS
	socket string

	self    selfCheck
	stop    context.CancelCauseFunc
	serving sync.WaitGroup
	ended   []string
}

// Start opens everything in order: it locks the data directory, opens keys and store, ends the sessions that a
// crash left, and only then opens the doors. A failed start leaves nothing open.
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
	if c, err = settleNotice(ctx, b.db, c, o.Log); err != nil {
		return nil, err
	}
	if b.search, err = c.openSearch(ring); err != nil {
		return nil, err
	}
	b.care = newSteward(c, o, ring, b.db)
	if b.files, err = newFileGate(c, o, ring, b.db); err != nil {
		return nil, err
	}
	if err := b.files.Reconcile(ctx); err != nil {
		return nil, fmt.Errorf("file exchange that a stop left unfinished: %w", err)
	}
	if b.sup, err = newSupervisor(c, o, ring, b.db, b.care, b.files, b.knownLines); err != nil {
		return nil, err
	}
	if b.ended, err = b.sup.Reconcile(ctx); err != nil {
		return nil, fmt.Errorf("end what a crash left: %w", err)
	}
	// Accounts that a crash left usable are taken away before anybody is admitted. One that cannot be has raised an alarm; other
	// targets' work need not wait for it.
	if err := b.care.Reconcile(ctx); err != nil {
		o.Log.Error("accounts_not_taken_away", "error", err)
	}
	return b, b.openDoors(running, c, o, ring)
}

func openStore(ctx context.Context, c Config, o Options, ring *keys.Ring) (*store.DB, error) {
	so := store.Options{
		Clock: o.Clock, Signer: ring.LedgerSigner(), Verifier: ring.LedgerVerifier(), Origin: c.Ledger.Origin, Zone: c.Location(),
		Log: o.Log.Named("store"), Told: notify.Tells, Uncatalogued: func(what string) { o.Log.Error("entry_not_in_catalogue", "what", what) },
	}
	if c.Ledger.CheckpointDir != "" {
		so.Publish = checkpointsOf(c, o.Clock).publish
	}
	return store.Open(ctx, filepath.Join(c.DataDir, "sekimori.db"), so)
}

func newSteward(c Config, o Options, ring *keys.Ring, db *store.DB) *accounts.Steward {
	care := accounts.Options{
		DB: db, Dialer: &dial.Dialer{Log: o.Log.Named("dial"), LoggingIn: noteLogin(db, o)}, Signer: ring.StewardSigner, Ring: ring, Sources: c.sources(), Log: o.Log.Named("accounts"),
		Freeze: func(tx *store.Tx, vendor, system, why string) error {
			return freeze.ByRule(tx, vendor, system, "終了を検証できない / end not proved on "+system+": "+why, ledger.Actor{Kind: "broker", ID: "broker"})
		},
	}
	if o.TargetClock != nil {
		care.Ahead = func() time.Duration { return o.TargetClock().Sub(o.Clock()) }
	}
	return accounts.New(care)
}

// noteLogin keeps every login of the broker to a target, so that the target's record of logins can be compared with them. A login that
// could not be kept goes on: it will look unknown.
func noteLogin(db *store.DB, o Options) func(context.Context, dial.Target, netip.AddrPort) {
	return func(ctx context.Context, t dial.Target, from netip.AddrPort) {
		err := db.Keep(ctx, store.KeepOwnLogin, func(k *store.KeepTx) error {
			return k.NoteOwnLogin(store.OwnLogin{Target: t.ID, Login: t.Login, From: from})
		})
		if err != nil {
			o.Log.Warn("own_login_not_kept", "target", t.ID, "error", err)
		}
	}
}

func newSupervisor(c Config, o Options, ring *keys.Ring, db *store.DB, care *accounts.Steward, held *files.Gate, lines func() map[string]policy.Line) (*session.Supervisor, error) {
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
		Files: held,
		DB:    db, Ring: ring, Dialer: &dial.Dialer{Version: c.Gate.Version, Log: o.Log.Named("dial"), LoggingIn: noteLogin(db, o)},
		Accounts: care, Dir: dir, Database: c.DataDir, FS: o.FS, OutputTo: append([]age.Recipient{ring.ViewingRecipient()}, output...), InputTo: input,
		MinFree: uint64(c.Recordings.MinFreeSpace), Clock: o.Clock, TargetClock: o.TargetClock, Zone: c.Location(), GateName: c.GateName,
		Recheck: time.Duration(c.RecheckInterval), WaitingRoom: time.Duration(c.WaitingRoom), Connections: c.Gate.Connections, Answer: o.Answer, Lines: lines, Log: o.Log.Named("session"),
		Doors: c.doorDestinations(), Sources: c.sources(),
	})
}

// SSHAddr is where engineers connect.
func (b *Broker) SSHAddr() net.Addr { return b.ssh.Addr() }

// APIAddr is where the API is served over HTTPS; nil without HTTPS.
func (b *Broker) APIAddr() net.Addr {
	if b.https == nil {
		return nil
	}
	return b.https.Addr()
}

// PortalAddr is where the pages of vendors are served; nil without them.
func (b *Broker) PortalAddr() net.Addr {
	if b.portal == nil {
		return nil
	}
	return b.portal.Addr()
}

// OnceLink is an address that signs a browser in with the token, once. Only a demonstration hands out links: no setting makes one.
func (b *Broker) OnceLink(token string, vendors bool) (string, error) {
	at, scheme := b.https, "https://"
	if vendors {
		at = b.portal
	}
	if at == nil {
		return "", errors.New("there is no listener for pages")
	}
	path, err := b.pages.Once(token, vendors)
	if err != nil {
		return "", err
	}
	if b.pinned == nil {
		scheme = "http://"
	}
	_, port, err := net.SplitHostPort(at.Addr().String())
	if err != nil {
		return "", fmt.Errorf("address of the pages: %w", err)
	}
	return scheme + net.JoinHostPort("localhost", port) + path, nil
}

// APIFingerprint is the fingerprint that clients pin for APIAddr; empty without HTTPS.
func (b *Broker) APIFingerprint() string {
	if b.pinned == nil {
		return ""
	}
	return b.pinned.fingerprint()
}

// Socket is the path of the commands' socket.
func (b *Broker) Socket() string { return b.socket }

// EndedAfterCrash are the numbers of the sessions that the last run left open.
func (b *Broker) EndedAfterCrash() []string { return b.ended }

// Close stops in order, each step bounded: no new connections, live sessions warned and ended,
// recordings sealed, the ledger written, the store closed, the data directory released.
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
	if lines := b.lines.Load(); lines != nil { // after the sessions: nothing works on a line that goes off
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		errs = append(errs, lines.Close(bounded))
		cancel()
	}
	b.stop(errors.New("the broker is stopping"))
	if b.gate != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		errs = append(errs, b.gate.Close(bounded))
		cancel()
	}
	if b.pages != nil { // the ends of live pictures are ledgered before the store closes
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		errs = append(errs, b.pages.Close(bounded))
		cancel()
	}
	if b.api != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		errs = append(errs, b.api.Close(bounded))
		cancel()
	}
	errs = append(errs, b.awaitServing(5*time.Second))
	if b.db != nil {
		err := endWithin(10*time.Second, "the store", b.db.Close)
		errs = append(errs, err)
		if errors.Is(err, errStillOpen) {
			return errors.Join(errs...) // it may still write: the directory stays locked until the process is gone
		}
	}
	if b.search != nil {
		errs = append(errs, b.search.Close())
	}
	if b.unlock != nil {
		errs = append(errs, b.unlock())
	}
	return errors.Join(errs...)
}

// awaitServing waits for the goroutines beside the doors, which end once they are told to stop.
func (b *Broker) awaitServing(most time.Duration) error {
	return endWithin(most, "the goroutines beside the doors", func() error { b.serving.Wait(); return nil })
}

// errStillOpen says that a part of the broker has not ended within its time.
var errStillOpen = errors.New("has not ended")

// endWithin ends a part of the broker. It returns after most at the latest, while the part, which a disk may hold up, goes on.
func endWithin(most time.Duration, part string, end func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	limit := time.NewTimer(most)
	defer limit.Stop()
	select {
	case err := <-ended:
		return err
	case <-limit.C:
		return fmt.Errorf("%s %w within %s", part, errStillOpen, most)
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
