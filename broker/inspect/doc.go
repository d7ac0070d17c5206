// Package inspect lets engines look at a file before it is released: a virus scanner (clamd), an ICAP server (RFC 3507), a program of the
// administrator's, and a look into archives with bounds of its own. A Chain asks one after the other.
//
// Each result is clean, not clean, or replaced by a sanitised copy (無害化), which the engines after it then see. Everything else counts as
// not clean: an error, a limit, a time-out, an answer that is not understood, a chain without engines. The package decides nothing about
// people and keeps no file; its caller seals contents and writes the ledger.
package inspect
