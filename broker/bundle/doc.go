// Package bundle is the form of an incident's evidence bundle: one zip archive with the ledger, the sealed recordings that the incident
// holds, a timeline for people, and a manifest with the digest of every file. FORMAT.md states it.
//
// It owns the archive's layout and the manifest, for writing and for reading. A reader takes a bundle for hostile: it accepts only the
// one layout that Writer makes, so that nothing is hidden between the files, and bounds what it keeps in memory. It refuses to say
// whether the ledger and the recordings hold: broker/ledger and recordings do.
//
// Its callers are broker/view, which fills a bundle, and cmd/sekimori-verify, which checks one without the broker.
package bundle
