//go:build race

package relay_test

// slowness multiplies time limits under the race detector.
const slowness = 10
