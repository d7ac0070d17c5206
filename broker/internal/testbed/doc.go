// Package testbed gives the broker's tests real counterparts where there are any,
// and faults where there are none.
//
// It has a buffered connection in memory that works inside testing/synctest, a starter for a
// real sshd of the current account, an SSH target inside the process with scripted behaviour, even
// hostile, a wall clock that can be set, and a file system for recordings that
// fails on demand. It listens on loopback only, ends only the processes that it began, and
// never imitates a counterpart: a test whose counterpart is not installed is skipped by name, or fails
// where SEKIMORI_REQUIRE_PEERS=1.
//
// Only tests import it.
package testbed
