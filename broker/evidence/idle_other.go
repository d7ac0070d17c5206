//go:build !linux

package evidence

// idlePriority does nothing on systems without thread priorities: the rate alone bounds the reading.
func idlePriority() error { return nil }
