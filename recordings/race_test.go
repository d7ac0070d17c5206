//go:build race

package recordings

// RaceEnabled tells the tests that timings say nothing.
const RaceEnabled = true
