//go:build race

package requests_test

// The race detector has no time limit, so fewer requests are enough.
const (
	raceEnabled = true
	tenThousand = 800
)
