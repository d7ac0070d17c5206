//go:build race

package requests_test

// Under the race detector nobody is held to a time, so fewer requests show the same.
const (
	raceEnabled = true
	tenThousand = 800
)
