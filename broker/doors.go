package broker

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/agenda"
	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/chores"
	"sekimori/broker/confirmation"
	"sekimori/broker/connlimit"
	"sekimori/broker/disposal"
	"sekimori/broker/evidence"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/gate"
	"sekimori/broker/keys"
	"sekimori/broker/pages"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/publish"
	"sekimori/broker/reconcile"
	"sekimori/broker/refusals"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/broker/web"
	"sekimori/policy"
)

// openDoors opens the API and the SSH door. Both use the same desk, registry and
// supervisor.
func (b *Broker) openDoors(ctx context.Context, c Config, o Options, ring *keys.Ring) error {
	known, err := b.knownAddresses(ctx)
	if err != nil {
		return err
	}
	ldap, oidc, err := c.directories(o.Clock)
	if err != nil {
		return err
	}
	people := registry.New(registry.Options{
		Authenticators: o.Authenticators,
		DB:             b.db, Keys: ring, Zone: c.Location(), Issuer: c.Institution, Hash: o.Hash, LDAP: ldap, OIDC: oidc, Passkeys: c.passkeys(), Proved: known.Add,
		Log: o.Log.Named("registry"),
	})
	refused := refusals.New(b.db)
	acts := act.New(act.Options{DB: b.db, Prove: people.Fresh, LockedOut: people.LockedOut, First: refused.First})
	lines, err := b.watchLines(ctx, o, acts)
	if err != nil {
		return err
	}
	targets := accounts.NewCounter(b.care, acts)
	desk := requests.New(requests.Options{
		DB: b.db, Acts: acts, Zone: c.Location(), Log: o.Log.Named("requests"),
		Runtime: func(s *store.Snap) (policy.Runtime, int) { return b.sup.Runtime(), b.sup.SpaceDays(s) },
	})
	written := reports.New(reports.Options{DB: b.db, Acts: acts, Zone: c.Location(), Log: o.Log.Named("reports")})
	post := attendance.New(attendance.Options{
		DB: b.db, Acts: acts, Ring: ring, Zone: c.Location(), Log: o.Log.Named("attendance"), End: b.sup.EndWindow, Ending: b.sup.Ending, Heard: b.sup.Heard, Sessions: b.sup,
		Application: func(snap *store.Snap, no string) (policy.Application, error) {
			v, err := requests.Application(snap, no, c.Location())
			v.Runtime, v.SpaceDays = b.sup.Runtime(), b.sup.SpaceDays(snap)
			return v, err
		},
	})
	onFile, err := papers.New(ctx, papers.Options{
		DB: b.db, Acts: acts, Refused: refused.First, Ring: ring, Dir: filepath.Join(c.DataDir, "papers"), MinFree: uint64(c.Recordings.MinFreeSpace), Zone: c.Location(), Log: o.Log.Named("papers"),
	})
	if err != nil {
		return err
	}

	seen, err := c.Ledger.witnesses(o.Clock)
	if err != nil {
		return err
	}
	asker := publish.New(publish.Options{DB: b.db, Witnesses: seen, Silence: time.Duration(c.Ledger.WitnessSilence), Log: o.Log.Named("publish")})
	held := evidence.New(evidence.Options{DB: b.db, Dir: filepath.Join(c.DataDir, "recordings"), Clock: o.Clock, Live: b.sup.Recording,
		Room: func() bool { return b.sup.Runtime().Recorder == policy.RecorderReady }, Zone: c.Location(), Log: o.Log.Named("evidence"),
		Index: b.search, Viewing: ring.ViewingIdentity(), CauseJA: func(code string) string { return policy.Reason(code).Label().JA }})
	var forget []func(context.Context, string) error
	if b.search != nil {
		forget = append(forget, func(_ context.Context, session string) error { return b.search.Forget(session) })
	}
	archive := disposal.New(disposal.Options{DB: b.db, Dir: c.RecordingsDir(), Forget: forget, Log: o.Log.Named("disposal")})

	payloads := &disposal.Payloads{DB: b.db, Zone: c.Location(), Log: o.Log.Named("disposal")}
	book := agenda.New(agenda.Options{DB: b.db, Zone: c.Location(), Domain: ring.LedgerVerifier().Name(), Log: o.Log.Named("agenda")})
	freezer := freeze.New(freeze.Options{DB: b.db, Acts: acts, Archive: archive, Log: o.Log.Named("freeze")})
	whoWorks := roster.New(roster.Options{DB: b.db, Acts: acts, Zone: c.Location(), Lock: freeze.LockLeft})
	standing := permits.New(permits.Options{DB: b.db, Acts: acts, Zone: c.Location()})
	sealed, err := sealing.New(ctx, sealing.Options{DB: b.db, Acts: acts, Ring: ring, KeysDir: c.KeysDir(), Dir: c.RecordingsDir(), FS: o.FS, Disposed: disposal.Done, Log: o.Log.Named("sealing")})
	if err != nil {
		return err
	}
	compared := reconcile.New(reconcile.Options{DB: b.db, Acts: acts, Steward: b.care, Sources: c.sources(), Zone: c.Location(), Log: o.Log.Named("reconcile")})
	fileDesk := files.NewDesk(files.DeskOptions{Gate: b.files, Acts: acts, Refused: refused.First})
	teller, err := b.teller(c, o, ring.LedgerVerifier().Name(), book.EventsOf)
	if err != nil {
		return err
	}
	scratch, err := emptyDir(filepath.Join(c.DataDir, "scratch"))
	if err != nil {
		return err
	}
	collector, err := b.forwarder(c, o)
	if err != nil {
		return err
	}
	views := view.New(view.Options{
		SIEM: collector,
		DB:   b.db, Desk: desk, Attendance: post, Sessions: b.sup, Registry: people, Papers: onFile, Freezer: freezer, Reports: written, Agenda: book,
		Evidence: held, Index: b.search, Ring: ring, Zone: c.Location(), Clock: o.Clock, First: refused.First, Lines: lines, Sources: c.sources(),
		Settings:    c.conformance(),
		Witnessing:  view.Witnessing{All: len(seen), Keys: keysOf(seen), Needed: c.Ledger.needed(), Silence: time.Duration(c.Ledger.WitnessSilence), Ask: asker.Ask, Policy: c.Ledger.Policy(ring.LedgerVerifierKey())},
		Institution: c.Institution, Version: c.house().Version, Scratch: scratch, Seals: c.Ledger.Seals, NoticeVersion: c.house().Notice.Version,
	})
	days := confirmation.New(confirmation.Options{DB: b.db, Acts: acts, Zone: c.Location()})
	reviews := review.New(review.Options{Acts: acts, DB: b.db, Ring: ring, Zone: c.Location(), Traits: held.Traits, Clock: o.Clock, Log: o.Log.Named("review")})
	counter, err := pages.New(pages.Options{
		Teller: teller,
		DB:     b.db, Views: views, Acts: acts, Registry: people, Desk: desk, Attendance: post, Reports: written, Reviews: reviews, Days: days, Papers: onFile, Permits: standing, Sealing: sealed, Reconcile: compared, Files: fileDesk, Roster: whoWorks, Lines: lines, Targets: targets,
		Freezer: freezer, Agenda: book, Sessions: b.sup, Evidence: held, Clock: o.Clock, Zone: c.Location(), House: c.house(), Proxies: c.proxies(),
		Known: web.KeepPlace, Log: o.Log.Named("pages"),
	})
	if err != nil {
		return err
	}
	b.pages = counter
	b.api = web.New(web.Options{
		Teller: teller,
		Staff:  counter.Staff(), Portal: counter.Portal(), Player: pages.Player(),
		DB: b.db, Views: views, Acts: acts, Ring: ring, Registry: people, Desk: desk, Attendance: post, Reports: written,
		Agenda: book, Freezer: freezer, Reviews: reviews, Days: days, Sessions: b.sup, Papers: onFile, Permits: standing, Sealing: sealed, Reconcile: compared, Files: fileDesk, Roster: whoWorks, Lines: lines, Targets: targets,
		Evidence: held, Clock: o.Clock, Zone: c.Location(),
		Notice: c.noticeSettings(),
		Status: func() api.Status { return api.Status{SSHAddress: b.ssh.Addr().String(), Ready: true} },
		Owner:  uint32(os.Getuid()), Log: o.Log.Named("web"),
	})
	b.gate, err = gate.New(gate.Options{
		HostSigner: ring.HostSigner(), Ring: ring, DB: b.db, Registry: people, Sessions: b.sup, Desk: desk, Files: fileDesk,
		Reports: written, Refusals: refused, Known: known,
		Clock: o.Clock, Zone: c.Location(), GateName: c.GateName, FactorMemory: gate.FactorMemory(c.Gate.FactorMemory),
		Limits: gate.Limits{Handshake: time.Duration(c.Gate.LoginTime)}, ChaCha20: c.Gate.ChaCha20, Version: c.Gate.Version,
		Notice: gate.Notice{
			Version: strconv.Itoa(c.Notice.Version), URL: c.Notice.URL, Contact: c.Notice.Contact,
			Retention: keptJA(time.Duration(c.Recordings.Retention)), RetentionEN: keptEN(time.Duration(c.Recordings.Retention)),
		},
		Log: o.Log.Named("gate"),
	})
	if err != nil {
		return err
	}
	if b.ssh, err = net.Listen("tcp", string(c.SSHListen)); err != nil {
		return fmt.Errorf("listen for SSH: %w", err)
	}
	mode := os.FileMode(0o600)
	if c.SocketGroup != "" {
		mode = 0o660
	}
	socket, err := web.Listen(c.Socket, mode, c.SocketGroup)
	if err != nil {
		return err
	}
	b.socket = c.Socket
	b.serve("api", func() error { return b.api.Serve(socket) })
	if err := b.openPages(c, o, ring, known); err != nil {
		return err
	}
	b.serve("ssh", func() error { return b.gate.Serve(ctx, b.ssh) })
	table := b.choresOf(c, parts{people, refused, desk, written, onFile, days, reviews, held, teller, whoWorks, compared, views, asker, archive, payloads, sealed, freezer})
	for i := range table {
		if o.Chores > 0 {
			table[i].Every = min(table[i].Every, o.Chores)
		}
	}
	table = append(table, chores.Chore{Name: "verify the ledger once a day, and where someone asked", Every: time.Second, Run: views.VerifyAsked})
	if collector != nil {
		table = append(table, chores.Chore{Name: "look whether the ledger gets to the collector of logs", Every: time.Minute, Run: collector.Due})
		b.serving.Go(func() { collector.Run(ctx) })
	}
	b.serving.Go(func() { chores.Run(ctx, b.log, table) })
	return nil
}

// knownLatest is how many known addresses a start reads from the database.
const knownLatest = 1024

// knownAddresses are the addresses of recent correct sign-ins: both doors keep room for them when strangers fill the others.
func (b *Broker) knownAddresses(ctx context.Context) (*connlimit.Known, error) {
	var sources []string
	err := b.db.Read(ctx, func(s *store.Snap) (err error) {
		sources, err = s.ProvedSources(knownLatest)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read known addresses: %w", err)
	}
	return connlimit.NewKnown(sources), nil
}

// serve runs a door until it is closed. A failed door needs a person's action.
func (b *Broker) serve(door string, run func() error) {
	b.serving.Go(func() {
		if err := run(); err != nil {
			b.log.Error("door_closed", "door", door, "error", err)
		}
	})
}

// keptJA and keptEN tell how long recordings are kept, in whole years where possible.
func keptJA(d time.Duration) string {
	if days := int(d / (24 * time.Hour)); days%365 == 0 {
		return fmt.Sprintf("%d年", days/365)
	}
	return fmt.Sprintf("%d日", int(d/(24*time.Hour)))
}

func keptEN(d time.Duration) string {
	days := int(d / (24 * time.Hour))
	switch {
	case days == 365:
		return "1 year"
	case days%365 == 0:
		return fmt.Sprintf("%d years", days/365)
	}
	return fmt.Sprintf("%d days", days)
}

// emptyDir makes a directory for files of one task each. What an earlier run left there, such as rows of a workbook when it was killed, is
// removed.
func emptyDir(name string) (string, error) {
	if err := os.RemoveAll(name); err != nil {
		return "", fmt.Errorf("empty %s: %w", name, err)
	}
	if err := os.Mkdir(name, 0o700); err != nil {
		return "", fmt.Errorf("make %s: %w", name, err)
	}
	return name, nil
}
