//go:build !linux

package session

import "time"

var started = time.Now()

// sinceBoot counts no suspension here: the broker is for Linux, and other systems are for developing it.
func sinceBoot() time.Duration { return time.Since(started) }
