package broker

import (
	"context"
	"fmt"

	"sekimori/broker/act"
	"sekimori/broker/interlock"
	"sekimori/policy"
)

// watchLines takes every driven maintenance line off that the last run left on, and begins the watch over the lines. It comes before the
// doors: no one is admitted on a line that is not known.
func (b *Broker) watchLines(ctx context.Context, o Options, acts *act.Runner) (*interlock.Switch, error) {
	lines := interlock.New(interlock.Options{DB: b.db, Acts: acts, Clock: o.Clock, Changed: b.sup.LineChanged, Simulated: o.SimulatedLine, Log: o.Log.Named("interlock")})
	were, err := lines.Reconcile(ctx)
	if err != nil {
		return nil, fmt.Errorf("bring the lines into a known state: %w", err)
	}
	for _, system := range were {
		o.Log.Warn("line_was_left_on", "system", system)
	}
	lines.Start()
	b.lines.Store(lines)
	return lines, nil
}

// knownLines is what is known of the lines; nothing before the watch began.
func (b *Broker) knownLines() map[string]policy.Line {
	if lines := b.lines.Load(); lines != nil {
		return lines.Lines()
	}
	return nil
}
