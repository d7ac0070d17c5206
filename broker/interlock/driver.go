package interlock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/hook"
	"sekimori/broker/rules"
	"sekimori/policy"
)

// Driver moves one line. Each call is bounded in time and may be repeated. It is called by one goroutine at a time.
type Driver interface {
	// Look reads the line back. An error, or an empty side, is unknown.
	Look(ctx context.Context) (Reading, error)
	// Do does one step. On lasts for lease, and then goes off by itself, also where the broker is gone.
	Do(ctx context.Context, step Step, lease time.Duration) error
}

// Lease is how long a maintenance line stays on without being renewed. It is renewed with every look.
const Lease = 10 * time.Second

// Time limits of a program. Look and the steps that keep a live session safe are the short ones: together with a look's interval they
// stay below the five seconds within which a session is cut.
const (
	lookTime = time.Second
	stepTime = 5 * time.Second
)

// errSimulated says why a simulated line or probe does not answer.
var errSimulated = errors.New("a simulated line or probe is for the demonstration only")

// driverOf makes the driver of a system; nil: people move its line.
func (o *Options) driverOf(s *rules.System) (Driver, error) {
	d := s.Driver()
	switch {
	case d.None():
		return nil, nil
	case len(d.Exec) > 0:
		return program{system: s.ID, words: d.Exec}, nil
	case d.Simulated && o.Simulated != nil:
		return o.Simulated, nil
	case d.Simulated:
		return nil, errSimulated
	}
	return newNftables(s.ID, d.Internal, d.Maintenance)
}

// program is a driver that an administrator wrote: a switch, a relay, a firewall. It is called with one further argument: look, cut,
// restore, off, or on and the seconds of the lease. look prints the sides, as in "internal=down maintenance=up".
type program struct {
	system string
	words  []string
}

func (p program) run(ctx context.Context, within time.Duration, args ...string) (hook.Result, error) {
	h := hook.Hook{Path: p.words[0], Args: append(append([]string{}, p.words[1:]...), args...), Within: within}
	r, err := h.Run(ctx, []string{"SEKIMORI_SYSTEM=" + p.system}, nil)
	if err == nil && r.Exit != 0 {
		err = fmt.Errorf("%s %s ended with status %d: %.200q", p.words[0], args[0], r.Exit, r.Stderr)
	}
	return r, err
}

// Look calls the program with "look".
func (p program) Look(ctx context.Context) (Reading, error) {
	r, err := p.run(ctx, lookTime, "look")
	if err != nil {
		return Reading{}, err
	}
	return parseReading(string(r.Stdout))
}

// parseReading reads what a program prints. Anything that it does not know is unknown, as is a side that stands twice.
func parseReading(out string) (Reading, error) {
	var read Reading
	seen := map[string]bool{}
	for _, w := range strings.Fields(out) {
		name, value, _ := strings.Cut(w, "=")
		side := policy.LineSide(value)
		if side != policy.SideUp && side != policy.SideDown || seen[name] {
			return Reading{}, fmt.Errorf("look printed %.100q; expected internal=up|down maintenance=up|down", out)
		}
		seen[name] = true
		switch name {
		case string(rules.InternalSide):
			read.Internal = side
		case string(rules.MaintenanceSide):
			read.Maintenance = side
		default:
			return Reading{}, fmt.Errorf("look printed %.100q; expected internal=up|down maintenance=up|down", out)
		}
	}
	if !seen["internal"] || !seen["maintenance"] {
		return Reading{}, fmt.Errorf("look printed %.100q; expected internal=up|down maintenance=up|down", out)
	}
	return read, nil
}

// Do calls the program with the step.
func (p program) Do(ctx context.Context, step Step, lease time.Duration) error {
	within, args := stepTime, []string{string(step)}
	if step == On {
		within, args = lookTime, append(args, strconv.Itoa(int(lease/time.Second)))
	}
	_, err := p.run(ctx, within, args...)
	return err
}
