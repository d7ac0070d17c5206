// Package files is the file gate (ファイル授受): it takes the files that an engineer sends or asks for where the system's rules say so, and
// lets them go on once they may.
//
// In, files_in: inspect: the inspectors look at each file, and a clean one is delivered to the target at once. files_in: approve: it waits
// for an approval as well, and is delivered through a session of its engineer on that target. Out, files_out: approve: a read of the target's
// file puts a copy into the outbox (持出し箱); two people approve it, each able to look at it, and its engineer fetches it once.
//
// The package owns the directories held and outbox of contents, sealed in segments, the rows of files, and their entries: one for each file,
// with its hashes and the inspectors' versions and findings, and one for each act on it. A file that ends differently from a delivery is
// stopped: not clean, not received whole, not delivered, outside the terms. A sanitised copy is delivered in place of the original; both stay
// sealed as evidence.
//
// The package asks policy at each operation whether a file may move, and at each act who may approve, look and fetch, with paths resolved on the
// target. An approval holds for one digest: contents that differ from it do not leave. A delivery and a fetch are committed before they begin, so
// that a start finds those that a stop broke off. Contents are removed by the system's rule on their keeping, never while their session is held. Its callers are broker/session,
// through the relay, which records all of the channel like any other; broker/gate for the outbox over SSH; broker/web and broker/pages for
// the acts.
package files
