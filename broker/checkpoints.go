package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// checkpointDir keeps the ledger's checkpoints outside the data directory: "latest", and the last
// one of each day under its date, so that a ledger cut at its end, or restored from an older
// copy, can be held against what it once said. Best on another machine's disk.
type checkpointDir struct {
	dir   string
	clock func() time.Time
	zone  *time.Location
}

func (d checkpointDir) publish(_ context.Context, checkpoint []byte) error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("checkpoint directory: %w", err)
	}
	day := d.clock().In(d.zone).Format("2006-01-02") + ".checkpoint"
	return errors.Join(d.replace(day, checkpoint), d.replace("latest", checkpoint))
}

// replace writes a file so that a reader finds the old one or the new one, never half of it.
func (d checkpointDir) replace(name string, content []byte) error {
	path := filepath.Join(d.dir, name)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", path, err)
	}
	return nil
}

// latest is the last checkpoint kept outside; nil when there is none.
func (d checkpointDir) latest() ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(d.dir, "latest"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}
