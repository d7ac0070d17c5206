package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/store"
)

// checkpointDir keeps the ledger's checkpoints outside the data directory: "latest", and the last
// one of each day under its date. A ledger that was cut at its end, or restored from an older copy,
// can be compared with them. Another machine's disk is the best place.
type checkpointDir struct {
	dir   string
	clock func() time.Time
	zone  *time.Location
}

func checkpointsOf(c Config, clock func() time.Time) checkpointDir {
	return checkpointDir{c.Ledger.CheckpointDir, clock, c.Location()}
}

func (d checkpointDir) publish(_ context.Context, checkpoint []byte) error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("checkpoint directory: %w", err)
	}
	day := d.clock().In(d.zone).Format("2006-01-02") + ".checkpoint"
	return errors.Join(d.replace(day, checkpoint), d.replace("latest", checkpoint))
}

// replace writes a file so that a reader finds the old content or the new, never a part.
func (d checkpointDir) replace(name string, content []byte) error {
	path, fresh := filepath.Join(d.dir, name), filepath.Join(d.dir, "next.new")
	// A file of that name is left from a crash, or is a link that an attacker put there: it is removed, and no link is followed. One name for all
	// files, so that the next checkpoint removes what a crash left.
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("checkpoint: %w", err)
	}
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_EXCL|os.O_WRONLY|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", path, err)
	}
	return nil
}

// kept lists the files that hold checkpoints: the last of each day, and "latest". An empty list is no error:
// a broker that never ran has none.
func (d checkpointDir) kept() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(d.dir, "*.checkpoint"))
	if err != nil {
		return nil, fmt.Errorf("checkpoint directory: %w", err)
	}
	latest := filepath.Join(d.dir, "latest")
	if _, err := os.Stat(latest); err == nil {
		files = append(files, latest)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("checkpoint directory: %w", err)
	}
	return files, nil
}

// compare checks the ledger against every checkpoint kept outside, and not only "latest": a person who
// restores an older database could restore an older "latest" too. Error: *ConfigError.
func (d checkpointDir) compare(ctx context.Context, db *store.DB, config string, log hclog.Logger) error {
	return db.Read(ctx, func(s *store.Snap) error { return d.against(s, config, log) })
}

// against is compare within a snapshot.
func (d checkpointDir) against(s *store.Snap, config string, log hclog.Logger) error {
	if d.dir == "" {
		return nil
	}
	files, err := d.kept()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		// A missing checkpoint proves nothing: it may have been deleted.
		size, err := s.LedgerSize()
		if err == nil && size > 0 {
			log.Warn("no_checkpoint_outside", "dir", d.dir, "entries", size)
		}
		return err
	}
	for _, file := range files {
		checkpoint, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("checkpoint kept outside: %w", err)
		}
		err = s.Continues(checkpoint)
		switch {
		case errors.Is(err, store.ErrTampered):
			return &ConfigError{
				File: config, Key: "checkpoint_dir",
				JA:     "台帳が、外に保管した確定点 " + file + " に続いていません。末尾を切られたか、書き換えられたか、古い写しに戻されています",
				EN:     "the ledger does not go on from the checkpoint kept outside, " + file + ": it was cut, rewritten, or restored from an older copy",
				HintJA: "データと確定点を触らずに保全し、情報システム課と点検担当に知らせます。承知のうえの復元なら、確定点を点検担当に渡してこの場所から移し、始め直します",
				HintEN: "leave data and checkpoints as they are and tell the information-systems section and the auditors; after a restore that was agreed on, hand the checkpoints to the auditors, move them away and start again",
				Err:    err,
			}
		case err != nil:
			return &ConfigError{
				File: config, Key: "checkpoint_dir",
				JA:     "外に保管した確定点 " + file + " を台帳と比べられません",
				EN:     "the checkpoint kept outside, " + file + ", cannot be held against the ledger",
				HintJA: "別の台帳の確定点か、壊れた確定点です。ledger の checkpoint_dir と origin を確かめ、点検担当に知らせてから移します",
				HintEN: "it is damaged or of another ledger; look at checkpoint_dir and origin of ledger, and tell the auditors before it is moved away",
				Err:    err,
			}
		}
	}
	return nil
}

// republish publishes the checkpoint that a crash may have kept back after its commit.
func republish(ctx context.Context, db *store.DB) error {
	if err := db.Republish(ctx); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("publish the checkpoint: %w", err)
	}
	return nil
}
