//go:build race

package session

// slowness is how much longer, and how many times fewer, under the race detector.
const slowness = 10
