package broker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"

	"sekimori/broker/store"
)

// headOverlap is how many entries each look at the ledger's head compares once more.
const headOverlap = 64

// selfCheck verifies the newest output of the broker: a key that signs something else, a disk that loses writes, an edited row or file must
// not wait for the next full verification. The zero value begins with the newest entries.
type selfCheck struct {
	verified atomic.Int64 // entries of the ledger at the last look
}

// lookAtOwnOutput verifies the ledger's head, the published checkpoint, and the newest segment of each live recording. It raises an alarm for
// each that does not hold.
func (b *Broker) lookAtOwnOutput(ctx context.Context, c Config) error {
	failed := errors.Join(b.lookAtHead(ctx), b.lookAtPublished(ctx, c.Ledger.CheckpointDir))
	for _, bad := range b.sup.ReadBack(ctx) {
		failed = errors.Join(failed, b.alarmOnce(ctx, store.AlarmEvidence, bad.Session, bad.File, bad.Err.Error()))
	}
	return failed
}

func (b *Broker) lookAtHead(ctx context.Context) error {
	size := int64(0)
	err := b.db.Read(ctx, func(s *store.Snap) (err error) {
		size, err = s.VerifyHead(b.self.verified.Load() - headOverlap)
		return err
	})
	if errors.Is(err, store.ErrTampered) {
		return b.alarmOnce(ctx, store.AlarmLedger, "head", "newest checkpoint and entries", err.Error())
	}
	if err == nil {
		b.self.verified.Store(size)
	}
	return err
}

// lookAtPublished compares the file of the newest checkpoint with the one that was written. While another goes out, it looks at neither.
func (b *Broker) lookAtPublished(ctx context.Context, dir string) error {
	before := b.db.Published()
	if dir == "" || before.Checkpoint == nil || before.Waiting || before.Err != nil {
		return nil
	}
	path := filepath.Join(dir, "latest")
	found, err := os.ReadFile(path)
	if after := b.db.Published(); after.Waiting || !bytes.Equal(after.Checkpoint, before.Checkpoint) {
		return nil
	}
	if err == nil && !bytes.Equal(found, before.Checkpoint) {
		err = errors.New("the file holds another checkpoint than the broker wrote")
	}
	if err == nil {
		return nil
	}
	return b.alarmOnce(ctx, store.AlarmCheckpoint, "latest", path, err.Error())
}
