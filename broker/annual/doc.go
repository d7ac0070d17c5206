// Package annual makes the yearly report final (年次報告, screens §3.11). A person of the information-systems section and an auditor agree to
// the same figures. The first agreement counts the ledger and keeps the figures; the second counts the same entries again, refuses figures
// that differ, and freezes them with the ledger's checkpoint. From then on the report shows these figures, whatever the ledger says later.
//
// The package owns the agreements, the corrections that are appended to a final report (正誤), and the council's opinions with the
// institution's responses. It refuses a year that is not over, a second agreement of the same office, and any change of final figures.
// Nothing that is entered here is replaced. What is counted is broker/figures'.
//
// Callers: the doors mount the acts; broker/view shows the report.
package annual
