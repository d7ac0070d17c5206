// Package refusals counts the repeated refusals of one person. The refusing package writes the first refusal at once. Like ones in the
// next ten minutes are counted, and one entry gives their number and subjects.
//
// It owns the counts. It refuses nothing itself. Callers: act, papers, view and gate ask First before they write an entry; the broker
// calls Due now and then, and when it stops. A crash loses the counts of ten minutes, never a first entry.
package refusals
