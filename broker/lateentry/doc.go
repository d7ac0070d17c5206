// Package lateentry keeps work that was done on paper while the system was down and is entered afterwards (後日入力): one person of the
// owning section enters it from numbered papers, another compares it with them and confirms it.
//
// It owns the entries and their states. It refuses papers that were never printed or were entered already, work in the future, and work at a
// time at which a session on the same system is recorded. An entry opens nothing and is no session: lists and figures count it apart. A
// confirmed entry stays; package correction corrects its mistakes. Its acts run by broker/act; policy decides about the callers.
package lateentry
