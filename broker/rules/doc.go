// Package rules has the rules of a system: who must agree, attend and be telephoned, how long a window may be, which steps must be
// ticked. It has the struct and, in fields.go, the table with a row for each rule.
//
// The registry file, the comparing of two versions, the second person, the database, the API and the commands follow the table. A
// further rule is a line in policy.System, a row here, and the code that enforces it. The package enforces nothing: policy and the
// acts do. It has no I/O. Callers: broker/store, broker/api, broker/registry and commands.
package rules
