// Package text has the texts that people read: one text in Japanese and English, the choice of language, the width of a text on a
// terminal, line breaks, days and lengths of time, and the cleaning of text that strangers typed.
//
// It decides nothing and does not know the procedure. Package policy has the sentences; each package that prints them lays them out
// with this one. It has no I/O, no clock and no state. Only recordings and the offline verifier lay out text themselves: they must not
// depend on the broker whose evidence they show.
package text
