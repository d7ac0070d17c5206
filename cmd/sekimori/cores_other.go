//go:build !linux

package main

// withoutCores does nothing here: the operator switches core dumps off.
func withoutCores() {}
