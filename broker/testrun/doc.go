// Package testrun sets how the tests of a package run where most of their time is waiting: for another process, for a peer, for the disk.
//
// It changes nothing that a test looks at, and gives way to what the caller of `go test` says: -parallel, and TMPDIR, with which
// tests run on a disk.
//
// Callers: TestMain of packages whose tests start brokers or open databases.
package testrun
