package siem

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"sekimori/broker/store"
)

// A collector that confirms by the end of a connection alone (plain TCP, ledger.siem_confirm: end) may die with a part that it has read and not yet
// handled: the kernel then ends the connection as the collector would. The forwarder therefore keeps one more connection open, the watch, over which
// nothing is sent. It ends when the collector dies. Entries that were confirmed within settles before its end are sent again.

const (
	settles    = 30 * time.Second // after its confirmation an entry is taken as handled
	mostAgain  = 60               // times within againTime that the forwarder goes back; a collector that ends idle connections must not cause more
	againTime  = time.Hour
	mostTrail  = 1000 // parts that wait to be settled; further ones settle the oldest
	watchBytes = 64   // of the collector's words on the watch, which are dropped
)

// confirmedPart is the end of a part that was confirmed.
type confirmedPart struct {
	end int64
	at  time.Time
}

// trail is how far a collector without a confirmation of its own got. Forward owns it, but for mu's fields.
type trail struct {
	parts []confirmedPart // confirmed, not settled yet, the oldest first
	again []time.Time     // when the forwarder went back, within againTime
	watch net.Conn
	over  chan struct{} // closed when the watch has ended

	mu   sync.Mutex // guards next, which State reads
	next int64      // the first entry to send; 0: the stored position
}

func (t *trail) position() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.next
}

func (t *trail) move(next int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = next
}

// trails tells whether the end of a connection is the only confirmation.
func (f *Forwarder) trails() bool { return f.o.TLS == nil || f.o.EndIsEnough }

// follow keeps a watch open. Where the earlier watch has ended, or there was none, it goes back to the last settled entry.
func (f *Forwarder) follow(ctx context.Context) error {
	t := &f.trail
	if t.watch != nil {
		select {
		case <-t.over:
		default:
			return nil
		}
	}
	f.Close()
	conn, err := f.connect(ctx)
	if err != nil {
		return fmt.Errorf("watch the collector: %w", err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for _, err := conn.Read(make([]byte, watchBytes)); err == nil; _, err = conn.Read(make([]byte, watchBytes)) { // until the collector ends it, or Close
		}
	}()
	t.watch, t.over = conn, over
	var now time.Time
	if err := f.o.DB.Read(ctx, func(s *store.Snap) error { now = s.Now; return nil }); err != nil {
		return err
	}
	for len(t.again) > 0 && now.Sub(t.again[0]) >= againTime {
		t.again = t.again[1:]
	}
	if len(t.again) >= mostAgain {
		f.o.Log.Warn("ledger_not_forwarded_again", "collector", f.o.Address, "times", mostAgain)
		return nil
	}
	t.again = append(t.again, now)
	t.parts = nil
	t.move(0)
	return nil
}

// Close ends the watch and waits for it.
func (f *Forwarder) Close() {
	if f.trail.watch != nil {
		_ = f.trail.watch.Close() // nothing was sent over it
		<-f.trail.over
		f.trail.watch = nil
	}
}

// taken notes that the collector has confirmed the entries below next. Without a confirmation of its own only settled entries are stored.
func (f *Forwarder) taken(ctx context.Context, next int64) error {
	return f.o.DB.Keep(ctx, store.KeepForwarded, func(k *store.KeepTx) error {
		if !f.trails() {
			return k.NoteForwarded(f.o.Address, next)
		}
		t := &f.trail
		t.move(next)
		t.parts = append(t.parts, confirmedPart{next, k.Now})
		return f.settle(k)
	})
}

// settle stores how far the collector has had entries for long enough.
func (f *Forwarder) settle(k *store.KeepTx) error {
	t, settled := &f.trail, int64(0)
	for len(t.parts) > 0 && (k.Now.Sub(t.parts[0].at) >= f.settles || len(t.parts) > mostTrail) {
		settled, t.parts = t.parts[0].end, t.parts[1:]
	}
	return k.NoteForwarded(f.o.Address, settled) // the position never goes back
}

// settled stores the entries that have become settled while there is nothing to send.
func (f *Forwarder) settled(ctx context.Context, now time.Time) error {
	t := &f.trail
	if !f.trails() || len(t.parts) == 0 || now.Sub(t.parts[0].at) < f.settles {
		return nil
	}
	return f.o.DB.Keep(ctx, store.KeepForwarded, func(k *store.KeepTx) error { return f.settle(k) })
}
