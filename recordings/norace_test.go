//go:build !race

package recordings

// RaceEnabled tells the tests that timings mean nothing.
const RaceEnabled = false
