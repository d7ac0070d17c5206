package broker

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sekimori/broker/agenda"
	"sekimori/broker/attendance"
	"sekimori/broker/connlimit"
	"sekimori/broker/evidence"
	"sekimori/broker/freeze"
	"sekimori/broker/gate"
	"sekimori/broker/keys"
	"sekimori/broker/papers"
	"sekimori/broker/refusals"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/broker/web"
	"sekimori/policy"
)

// lapseEvery is how often requests that nobody decided in time are marked as lapsed. It is for
// the lists: a decision after the start is refused in any case.
const lapseEvery = 10 * time.Second

// openDoors opens the API and the SSH door. Both pass through the same desk, registry and
// supervisor.
func (b *Broker) openDoors(ctx context.Context, c Config, o Options, ring *keys.Ring) error {
	known, err := b.knownAddresses(ctx)
	if err != nil {
		return err
	}
	people := registry.New(registry.Options{DB: b.db, Keys: ring, Zone: c.Location(), Issuer: c.Institution, Proved: known.Add, Log: o.Log.Named("registry")})
	refused := refusals.New(b.db)
	desk := requests.New(requests.Options{
		DB: b.db, Refused: refused.First, Zone: c.Location(), Log: o.Log.Named("requests"),
		Runtime: func(s *store.Snap) (policy.Runtime, int) { return b.sup.Runtime(), b.sup.SpaceDays(s) },
	})
	cabinet := reports.New(reports.Options{DB: b.db, Zone: c.Location(), Log: o.Log.Named("reports")})
	post := attendance.New(attendance.Options{
		DB: b.db, Ring: ring, Zone: c.Location(), Log: o.Log.Named("attendance"), End: b.sup.EndWindow, Heard: b.sup.Heard,
		Application: func(snap *store.Snap, no string) (policy.Application, error) {
			v, err := requests.Application(snap, no, c.Location())
			v.Runtime, v.SpaceDays = b.sup.Runtime(), b.sup.SpaceDays(snap)
			return v, err
		},
	})
	onFile, err := papers.New(ctx, papers.Options{
		DB: b.db, Refused: refused.First, Ring: ring, Dir: filepath.Join(c.DataDir, "papers"), MinFree: uint64(c.MinFreeSpace), Zone: c.Location(), Log: o.Log.Named("papers"),
	})
	if err != nil {
		return err
	}

	held := evidence.New(evidence.Options{DB: b.db, Dir: filepath.Join(c.DataDir, "recordings"), Clock: o.Clock, Live: b.sup.Recording, Log: o.Log.Named("evidence")})

	b.api = web.New(web.Options{
		DB: b.db, Refusals: refused, Ring: ring, Registry: people, Desk: desk, Post: post, Reports: cabinet,
		Agenda:  agenda.New(agenda.Options{DB: b.db, Zone: c.Location(), Domain: ring.LedgerVerifier().Name(), Log: o.Log.Named("agenda")}),
		Freezer: freeze.New(freeze.Options{DB: b.db, Log: o.Log.Named("freeze")}), Reviews: review.New(review.Options{DB: b.db, Log: o.Log.Named("review")}), Sessions: b.sup, Papers: onFile,
		Evidence: held, Clock: o.Clock, Zone: c.Location(),
		Notice: web.NoticeSettings{
			Institution: c.Institution, Version: c.NoticeVersion, URL: c.NoticeURL, Contact: c.NoticeContact,
			Retention: time.Duration(c.RecordingRetention),
		},
		Status: func() web.Status { return web.Status{SSHAddress: b.ssh.Addr().String(), Ready: true} },
		Owner:  uint32(os.Getuid()), Log: o.Log.Named("web"),
	})
	b.gate, err = gate.New(gate.Options{
		HostSigner: ring.HostSigner(), Ring: ring, DB: b.db, Registry: people, Sessions: b.sup, Desk: desk,
		Reports: cabinet, Refusals: refused, Known: known,
		Clock: o.Clock, Zone: c.Location(), GateName: c.GateName, FactorMemory: gate.FactorMemory(c.Gate.FactorMemory),
		Limits: gate.Limits{Handshake: time.Duration(c.Gate.LoginTime)}, ChaCha20: c.Gate.ChaCha20, Version: c.Gate.Version,
		Notice: gate.Notice{
			Version: strconv.Itoa(c.NoticeVersion), URL: c.NoticeURL, Contact: c.NoticeContact,
			Retention: keptJA(time.Duration(c.RecordingRetention)), RetentionEN: keptEN(time.Duration(c.RecordingRetention)),
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
	if c.ServesAPI() {
		if b.pinned, err = newAPICertificate(c, ring, o.Clock, o.Log.Named("web")); err != nil {
			return err
		}
		if b.https, err = web.ListenHTTPS(string(c.APIListen), known, o.Clock); err != nil {
			return err
		}
		o.Log.Info("api_over_https", "address", b.https.Addr().String(), "fingerprint", b.pinned.fingerprint())
		b.serve("https", func() error { return b.api.ServeHTTPS(b.https, b.pinned.get) })
	}
	b.serve("ssh", func() error { return b.gate.Serve(ctx, b.ssh) })
	b.serving.Go(func() { held.Reread(ctx) })
	b.serving.Go(func() { b.watchKeeping(ctx, c) })
	b.serving.Go(func() {
		tick := time.NewTicker(lapseEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				if err := people.LedgerFailures(context.WithoutCancel(ctx), true); err != nil {
					b.log.Error("failures_not_ledgered", "error", err)
				}
				if err := refused.Due(context.WithoutCancel(ctx), true); err != nil {
					b.log.Error("refusals_not_ledgered", "error", err)
				}
				return
			case <-tick.C:
				if err := people.LedgerFailures(ctx, false); err != nil && ctx.Err() == nil {
					b.log.Error("failures_not_ledgered", "error", err)
				}
				if err := refused.Due(ctx, false); err != nil && ctx.Err() == nil {
					b.log.Error("refusals_not_ledgered", "error", err)
				}
				if err := desk.Due(ctx); err != nil && ctx.Err() == nil {
					b.log.Error("lapse_failed", "error", err)
				}
				if _, err := cabinet.Due(ctx); err != nil && ctx.Err() == nil {
					b.log.Error("reports_due_failed", "error", err)
				}
				if _, err := onFile.Due(ctx); err != nil && ctx.Err() == nil {
					b.log.Error("paper_warnings_failed", "error", err)
				}
			}
		}
	})
	return nil
}

// knownLatest is how many addresses a start takes over.
const knownLatest = 1024

// knownAddresses are those at which people proved right lately: both doors keep room for them while strangers crowd.
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

// serve runs a door until it is closed. A door that fails is an error that somebody must act on.
func (b *Broker) serve(door string, run func() error) {
	b.serving.Go(func() {
		if err := run(); err != nil {
			b.log.Error("door_closed", "door", door, "error", err)
		}
	})
}

// keptJA and keptEN say how long recordings are kept, in whole years where it is that.
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
