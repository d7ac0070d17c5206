// Package refusals sums up what one person is refused again and again. The first refusal is written at once by who refuses; those
// like it in the ten minutes that follow are counted, and one entry tells how many there were and about what.
//
// It owns the counts. It refuses nothing itself. Callers: requests, papers and web ask First before they write an entry; the broker
// calls Due now and then, and when it stops. A crash loses the counts of ten minutes, never a first entry.
package refusals
