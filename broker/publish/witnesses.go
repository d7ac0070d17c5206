package publish

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/witness"
)

const (
	// patience bounds one request to a witness.
	patience = 10 * time.Second
	// mostHeader bounds the bytes of a header that are read of a witness's answer.
	mostHeader = 16 << 10
	// freshFor is how long a cosignature of an unchanged ledger counts before the witness is asked for a new time.
	freshFor = time.Hour
	// alarmAgain is the time between two alarms about the same lasting problem.
	alarmAgain = 24 * time.Hour
)

// Witness is a witness as the configuration names it.
type Witness struct {
	Address string // URL; AddPath is appended
	Keys    []note.Verifier
	TLS     *tls.Config // for an address with https; nil: the system's authorities
}

// Name is the name of the witness's keys; they share it.
func (w Witness) Name() string { return w.Keys[0].Name() }

// Options are the parts of an asker.
type Options struct {
	DB        *store.DB
	Witnesses []Witness
	Silence   time.Duration // how long a witness may give no cosignature before an alarm is raised
	Patience  time.Duration // for one answer; 0: ten seconds
	Log       hclog.Logger
}

// Asker asks the witnesses. It is safe for concurrent use.
type Asker struct {
	o       Options
	clients map[string]witness.Client // by the witness's name
	turn    chan struct{}             // one round at a time: two would make a witness look ahead of the checkpoint of the slower one
	begun   bool                      // a round was kept; guarded by turn
}

// New makes an asker.
func New(o Options) *Asker {
	o.Patience = cmp.Or(o.Patience, patience)
	a := &Asker{o: o, turn: make(chan struct{}, 1), clients: map[string]witness.Client{}}
	for _, w := range o.Witnesses {
		a.clients[w.Name()] = witness.Client{HTTP: &http.Client{
			Timeout:       o.Patience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: w.TLS, ForceAttemptHTTP2: true, MaxIdleConns: 1, IdleConnTimeout: o.Patience,
				MaxResponseHeaderBytes: mostHeader},
		}}
	}
	return a
}

// asked is the result of asking one witness.
type asked struct {
	of     Witness
	before store.WitnessState
	state  store.WitnessState
	list   []ledger.Cosignature
	size   int64 // of the checkpoint in list
	alarm  store.AlarmKind
}

// Ask brings the newest checkpoint to each witness that has not cosigned it. The first round asks all: the database may have been put back while
// no broker ran, together with the notes of who has cosigned what. It returns after the slowest of them has answered, or its
// time is over. Errors are the database's; those of witnesses are noted, and alarms are raised for them.
func (a *Asker) Ask(ctx context.Context) error {
	if len(a.o.Witnesses) == 0 {
		return nil
	}
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var round []*asked
	var checkpoint []byte
	var newest ledger.Checkpoint
	err := a.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if checkpoint, err = s.LatestCheckpoint(); err != nil {
			return err
		}
		if newest, err = ledger.ReadCheckpoint(checkpoint); err != nil {
			return err
		}
		for _, w := range a.o.Witnesses {
			state, err := s.WitnessState(w.Name())
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			state.Name = w.Name()
			if !a.begun || state.Size != newest.Size || state.Finding != "" || s.Now.Sub(state.Answered) >= freshFor {
				round = append(round, &asked{of: w, before: state, state: state, size: newest.Size})
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // the ledger is empty
	}
	if err != nil {
		return fmt.Errorf("read the newest checkpoint: %w", err)
	}
	var all sync.WaitGroup
	for _, r := range round {
		all.Go(func() { a.askOne(ctx, r, checkpoint) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err = errors.Join(a.keep(ctx, round), a.raise(ctx, round))
	a.begun = a.begun || err == nil
	return err
}

// askOne asks one witness, at most twice: a witness that has cosigned less or more of this ledger than the broker noted says how much.
func (a *Asker) askOne(ctx context.Context, r *asked, checkpoint []byte) {
	old := r.before.Size
	for range 2 {
		if old > r.size { // the note itself is of a larger ledger than this one
			r.ahead(old)
			return
		}
		err := a.submit(ctx, r, old, checkpoint)
		if err == nil {
			r.state.Size, r.state.Finding = r.size, ""
			return
		}
		var refused *witness.Refusal
		switch {
		case errors.As(err, &refused) && refused.Size > r.size:
			r.ahead(refused.Size)
			return
		case errors.As(err, &refused) && refused.Size >= 0 && refused.Size != old:
			old = refused.Size
			continue
		case errors.As(err, &refused) && (refused.Status == http.StatusConflict || refused.Status == http.StatusUnprocessableEntity):
			r.state.Finding = fmt.Sprintf("it has cosigned %d entries that are not the first of this ledger", old)
			r.alarm = store.AlarmRollback
		case errors.As(err, &refused), errors.Is(err, witness.ErrAnswer):
			r.state.Finding = err.Error()
			r.alarm = store.AlarmWitness
		default:
			r.state.Finding = err.Error() // silence becomes an alarm after its time
		}
		return
	}
	r.state.Finding, r.alarm = "it says twice that it has cosigned another number of entries", store.AlarmWitness
}

func (r *asked) ahead(size int64) {
	r.state.Finding = fmt.Sprintf("it has cosigned %d entries, this ledger has %d", size, r.size)
	r.alarm = store.AlarmRollback
}

// submit proves that the last checkpoint of the witness is a prefix and asks for the newest.
func (a *Asker) submit(ctx context.Context, r *asked, old int64, checkpoint []byte) error {
	ctx, cancel := context.WithTimeout(ctx, a.o.Patience)
	defer cancel()
	var proof tlog.TreeProof
	err := a.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		proof, err = s.ProvePrefix(r.size, old)
		return err
	})
	if err != nil {
		return fmt.Errorf("prove the first %d entries: %w", old, err)
	}
	r.list, err = a.clients[r.of.Name()].Ask(ctx, r.of.Address, r.of.Keys, old, proof, checkpoint)
	return err
}

func (a *Asker) keep(ctx context.Context, round []*asked) error {
	if len(round) == 0 {
		return nil
	}
	err := a.o.DB.Keep(ctx, store.KeepCosignatures, func(k *store.KeepTx) error {
		for _, r := range round {
			if len(r.list) > 0 {
				if err := k.AddCosignatures(r.size, r.list); err != nil {
					return err
				}
			}
			if err := k.NoteWitness(r.state, len(r.list) > 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store cosignatures: %w", err)
	}
	return nil
}

// raise writes the alarms of a round, each at most once a day.
func (a *Asker) raise(ctx context.Context, round []*asked) error {
	round = slices.DeleteFunc(round, func(r *asked) bool { return r.state.Finding == "" })
	if len(round) == 0 {
		return nil
	}
	type wanted struct {
		kind store.AlarmKind
		*asked
	}
	var due []wanted
	err := a.o.DB.Read(ctx, func(s *store.Snap) error {
		for _, r := range round {
			kind := r.alarm
			if kind == "" {
				state, err := s.WitnessState(r.of.Name())
				if err != nil {
					return err
				}
				last := state.Since
				if state.Answered.After(last) {
					last = state.Answered
				}
				if s.Now.Sub(last) < a.o.Silence {
					continue
				}
				kind = store.AlarmWitness
			}
			last, err := s.Alarms(store.AlarmFilter{What: kind, About: r.of.Name(), Limit: 1})
			if err != nil {
				return err
			}
			if len(last) == 0 || s.Now.Sub(last[0].At) >= alarmAgain {
				due = append(due, wanted{kind, r})
			}
		}
		return nil
	})
	if err != nil || len(due) == 0 {
		return err
	}
	err = a.o.DB.Write(ctx, func(tx *store.Tx) error {
		for _, d := range due {
			alarm := store.Alarm{What: d.kind, About: d.of.Name(), Detail: map[string]any{"place": d.of.Address, "reason": d.state.Finding}}
			if _, err := tx.RaiseAlarmOnce(alarm, alarmAgain, nil, ledger.Actor{Kind: "broker", Via: "timer"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range due {
		a.o.Log.Error("alarm_raised", "what", string(d.kind), "witness", d.of.Name(), "reason", d.state.Finding)
	}
	return nil
}
