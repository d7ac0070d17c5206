// Package faultfs is a file system for tests of package recordings: the real one, with faults at a chosen byte or operation,
// and with a power cut that loses everything not synced. Only tests call it.
package faultfs
