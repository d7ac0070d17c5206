// Package reports owns the papers written after the work: the engineers' work report (作業報告書) and the attendant's attendance record
// (立会確認書), and the end of a request's life that depends on them.
//
// A report is never replaced. A correction is another report of the same session; the newest counts and the ledger holds the SHA-256
// of every one. A missing report is raised once. The package refuses reports by people who were not there, and about sessions that
// still run. It decides nothing about rights: policy reads from the store that an emergency's report is missing, and stops the next
// window.
//
// broker/web calls it for people, the broker's timer calls Due.
package reports
