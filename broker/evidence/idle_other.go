//go:build !linux

package evidence

// idlePriority does nothing where a thread has no priority of its own: the rate alone bounds the reading.
func idlePriority() error { return nil }
