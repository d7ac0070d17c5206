// Package blank gives tests a database whose schema is up to date already. The migrations run once in a test binary and not once in
// every test: under the race detector they cost more than most tests. The tests of broker/store check that
// they run, and from which versions.
//
// Only tests import it. It stands apart from testbed, which the packages below the store use.
package blank
