// Package search is the full-text index of sealed recordings: output, commands, file names and operations, each line with its
// time. It holds what recordings.TextLines makes of the output's part of a recording. Input never reaches it.
//
// The index is one file per session, sealed under a key of its own, which the caller's key seals. So a reader of the disk
// learns the numbers of the sessions and about how much text each has, and no word, no letter and no equality of letters. An index of
// keyed hashes of pairs in one database (SQLite FTS5) was the other choice. It answers 100 recorded hours in 1 ms; this one takes 8 ms, and
// 1,000 hours in about 100 ms (broker/PERFORMANCE.md). But it tells which pieces of text have the same pairs of characters, from which the
// text of a language can be guessed, and it takes a removed session out of its lists only when they are merged.
//
// A file is a row of chunks. Each has a filter, which says which runs of one, two and three characters its lines may contain, and the lines
// themselves, compressed. A search opens the filters of a session, and the lines only of chunks that may match. Each line is compared
// whole before it is a hit, so a filter's error costs time and shows nothing. Because single characters and pairs are in the
// filter, words of one or two characters such as 障害 are found. Width and case of letters do not matter (Fold).
//
// The package owns the directory of the index. It writes a file under another name and renames it when it is whole. Forget
// removes all that it holds of a session. It refuses a file that was changed, that is another session's, or that has no end.
//
// It decides on no access. Its callers are broker/evidence, which builds the index from recordings that hold against the ledger, and
// broker/view, which searches for people.
package search
