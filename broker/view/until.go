package view

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sekimori/policy"
)

// The causes that end a look early.
var (
	ErrShutOut   = errors.New("the person's token opens nothing any more")
	ErrTakenAway = errors.New("the person may not look at this any more")
)

// seenAgain is how often a look's permission is checked without a commit: a token expires without one.
const seenAgain = 5 * time.Second

// ShownUntil checks a look that lasts, until ctx ends: it returns nil then, and the cause as soon as the person may no longer look. token
// is the name of the person's token; look is the attempt that May allowed, nil where only the token counts. It checks on each commit and
// every few seconds, not for each part. An unknown answer denies.
func (v *Views) ShownUntil(ctx context.Context, token string, look *policy.Attempt) error {
	changed := v.o.DB.Changed() // before the first check: no commit falls between
	defer changed.Stop()
	again := time.NewTicker(seenAgain)
	defer again.Stop()
	for {
		err := v.shown(ctx, token, look)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-changed.C: // on any commit: there are few looks that last
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// shown returns the cause for which the person may no longer look; nil: they may.
func (v *Views) shown(ctx context.Context, token string, look *policy.Attempt) error {
	opens, err := v.o.Registry.StillOpens(ctx, token)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrShutOut, err)
	case !opens:
		return ErrShutOut
	case look == nil:
		return nil
	}
	_, d, err := v.Ruled(ctx, *look)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrShutOut, err)
	case !d.Allow:
		return ErrTakenAway
	}
	return nil
}
