// Package permits keeps the standing permits (包括許可): a section applies for one, an office that the institution names grants or
// refuses it, and those who may stop work withdraw it.
//
// It owns the permits and their states. It does not judge work by them: policy does, at each filing, decision, opening, permission and
// start. Its acts run by broker/act, which asks for the proof and ledgers refusals; who may act is policy's rule.
package permits
