// Package roster takes the vendors' monthly statements of who works for them: a contact of the vendor names each engineer who stays and
// each who has left.
//
// It owns the statements. Engineers who have left are locked in the same transaction. It does not judge work by the statements: policy
// cautions after 30 days and stops new windows after 60, where the institution asks for statements. The clock's chore writes each
// overdue statement into the ledger once.
package roster
