package sealing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/act"
	"sekimori/broker/keys"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// timer acts for the broker by the clock.
var timer = ledger.Actor{Kind: "broker", ID: "broker", Via: "timer"}

// Options are the arguments of New. DB, Acts, Ring, KeysDir and Dir are required.
type Options struct {
	DB      *store.DB
	Acts    *act.Runner
	Ring    *keys.Ring
	KeysDir string        // where the ring lies
	Dir     string        // of the recordings
	FS      recordings.FS // nil: OS()
	// Disposed reports whether the ledger proves that a session's recording is gone for good. Nil: none is, and no former viewing key is
	// ever destroyed.
	Disposed func(s *store.Snap, session string) (bool, error)
	Log      hclog.Logger // nil: none
}

// Keeper is safe for concurrent use.
type Keeper struct {
	o       Options
	using   sync.Mutex // held while the ring is made to follow the rows
	writing sync.Mutex // held while keys files are written
}

// New makes a keeper and has the ring seal new recordings as the rows say. Errors: keys.ErrNoViewing if a key that they name is missing: the
// broker must not start then.
func New(ctx context.Context, o Options) (*Keeper, error) {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Disposed == nil {
		o.Disposed = func(*store.Snap, string) (bool, error) { return false, nil }
	}
	k := &Keeper{o: o}
	return k, k.follow(ctx)
}

// viewingKeys gives the rows; before the first change the key of the installation.
func viewingKeys(s *store.Snap) ([]store.ViewingKey, error) {
	all, err := s.ViewingKeys()
	if err == nil && len(all) == 0 {
		all = []store.ViewingKey{{Number: 1, State: policy.ViewingKeyCurrent}}
	}
	return all, err
}

// follow makes the ring seal to the keys that the rows name.
func (k *Keeper) follow(ctx context.Context) error {
	k.using.Lock()
	defer k.using.Unlock()
	var use []int
	err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		use = nil
		all, err := viewingKeys(s)
		for _, one := range all {
			if one.State == policy.ViewingKeyCurrent || one.State == policy.ViewingKeyNext {
				use = append(use, one.Number)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read viewing keys: %w", err)
	}
	if err := k.o.Ring.UseViewing(use...); err != nil {
		return fmt.Errorf("seal recordings to the viewing keys %v: %w", use, err)
	}
	return nil
}

// DestroyUnused destroys viewing keys that no recording needs: withdrawn ones, and former ones whose recordings have all been disposed
// of. It is a chore, and the disposal of recordings calls it as well.
func (k *Keeper) DestroyUnused(ctx context.Context) error {
	var due []store.ViewingKey
	err := k.o.DB.Read(ctx, func(s *store.Snap) error {
		due = nil
		all, err := s.ViewingKeys()
		for _, one := range all {
			unused, uerr := k.unused(s, one)
			if err = errors.Join(err, uerr); unused {
				due = append(due, one)
			}
		}
		return err
	})
	for _, one := range due {
		err = errors.Join(err, k.destroy(ctx, one))
	}
	return err
}

// unused tells whether no recording needs the key. Every recording since its withdrawal or confirmation opens with another key.
func (k *Keeper) unused(s *store.Snap, one store.ViewingKey) (bool, error) {
	if one.State == policy.ViewingKeyWithdrawn {
		return true, nil // every recording of its time is sealed to the key in use as well
	}
	if one.State != policy.ViewingKeyFormer {
		return false, nil
	}
	under, err := s.RecordedBefore(one.Settled)
	if err != nil {
		return false, fmt.Errorf("recordings under viewing key %d: %w", one.Number, err)
	}
	for _, session := range under {
		if gone, err := k.o.Disposed(s, session); err != nil || !gone {
			return false, err
		}
	}
	return true, nil
}

func (k *Keeper) destroy(ctx context.Context, one store.ViewingKey) error {
	// The file goes first: no entry says of a key that it is destroyed while it still opens recordings.
	if err := k.o.Ring.DestroyViewingKey(k.o.KeysDir, one.Number); err != nil {
		return err
	}
	err := k.o.DB.Write(ctx, func(tx *store.Tx) error {
		all, err := tx.ViewingKeys()
		if err != nil {
			return fmt.Errorf("read viewing keys: %w", err)
		}
		at := slices.IndexFunc(all, func(v store.ViewingKey) bool { return v.Number == one.Number })
		if at < 0 || all[at].State == policy.ViewingKeyDestroyed {
			return nil
		}
		because := "no-recording"
		if all[at].State == policy.ViewingKeyWithdrawn {
			because = "withdrawn"
		}
		all[at].State, all[at].Destroyed = policy.ViewingKeyDestroyed, tx.Now
		if err := tx.PutViewingKey(all[at]); err != nil {
			return fmt.Errorf("store viewing key: %w", err)
		}
		return entry(tx, "keys.viewing-destroyed", timer, []string{one.Name()}, described(one), map[string]any{"because": because})
	})
	if err != nil {
		return fmt.Errorf("ledger the end of viewing key %d: %w", one.Number, err)
	}
	return nil
}

// described are the members by which entries name a viewing key.
func described(one store.ViewingKey) map[string]any {
	return map[string]any{"key": one.Name(), "fingerprint": recordings.Fingerprint(one.Recipient), "post_quantum": postQuantum(one.Recipient)}
}

func postQuantum(recipient string) bool {
	r, err := recordings.ParseRecipient(recipient)
	return err == nil && recordings.PostQuantum(r)
}

func entry(tx *store.Tx, kind string, by ledger.Actor, subjects []string, payload, more map[string]any) error {
	for name, value := range more {
		payload[name] = value
	}
	if _, err := tx.Append(ledger.Draft{Kind: kind, Actor: by, Subjects: subjects, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s: %w", kind, err)
	}
	return nil
}
