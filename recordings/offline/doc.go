// Package offline writes a recording as one HTML file that needs nothing else: a player, the text, marks, and how to prove it. It opens in a browser
// from a disk, without a network.
//
// It owns the file's page. The page's own policy (a Content-Security-Policy with the digests of its scripts and styles) lets it load nothing, send
// nothing and run nothing that a recording may hold; and all text of the recording is escaped. The file is for reading and is no evidence: it names the
// recording's digest and the ledger's entry, with which the sealed recording is checked.
//
// It refuses a file of more than Most bytes (ErrTooLarge), before anything is written. It does not decide on access: broker/view asks policy, and writes the
// entry about the export, before it calls.
package offline
