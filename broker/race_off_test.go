//go:build !race

package broker_test

// slowness is the factor by which tests under the race detector wait longer and repeat less.
const slowness = 1
