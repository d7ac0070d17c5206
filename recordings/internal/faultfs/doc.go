// Package faultfs is a file system for tests of package recordings: the real one,
// with faults at a chosen byte or operation, and with the power cut: everything
// that was not synced is lost. Nothing but tests calls it.
package faultfs
