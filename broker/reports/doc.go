// Package reports owns what is written after the work: the engineers' work report (作業報告書) and the attendant's attendance
// record (立会確認書), and the end of a request's life that depends on them.
//
// A report is never replaced. A correction is another report of the same session; the newest counts and the ledger holds the
// SHA-256 of every one. What is missing is raised once. The package refuses reports by people who were not there, and about
// sessions that run still. It decides nothing about rights: that a missing report of an emergency stops the next window is
// policy's business, which reads it from the store.
//
// broker/web calls it for people, the broker's timer calls Due.
package reports
