//go:build !race

package requests_test

const (
	raceEnabled = false
	tenThousand = 10000
)
