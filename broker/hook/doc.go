// Package hook runs a program that an administrator named in a rule: a switch of a line, the preparation of an account, an inspector.
//
// It owns the conditions under which such a program is run at all (an absolute path that no one but root can change), and the bounds of
// each run: its time, its output in bytes, its environment, its children. No shell reads what the broker passes. A secret goes in by
// standard input, because any account of the machine can read arguments.
//
// It refuses a program that does not meet the conditions, and says which one and what to do. It does not judge what the program says:
// the caller reads Result, and an unclear answer denies.
//
// Children of the program in its process group end with it. A program that leaves work behind on purpose starts it in a session of its
// own (setsid) with its outputs closed.
//
// Callers: broker/accounts, broker/interlock, broker/files; broker/rules, for checking a configured program.
package hook
