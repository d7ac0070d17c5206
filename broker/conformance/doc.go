// Package conformance compares the running configuration with clauses of standards and guidelines: what the clause is about, what the
// broker does for it, which settings matter and how they stand, which command or page shows the evidence, and what stays with the
// institution.
//
// A clause is described in this package's own words and never quoted. A clause is listed only where its content is sure. A result says how
// the settings stand; it is no certificate, and no clause is met by a program alone.
//
// The package has no I/O. Callers: broker/view, which gathers the facts, and the test that writes examples/audit/COMPLIANCE.md.
package conformance
