// Package files is the file gate (ファイル授受): it takes the files that an engineer sends where the system's rule files_in says inspect, lets
// the inspectors look at each, and delivers the clean ones to the target itself.
//
// It owns the directory of held contents, sealed in segments, and the entries file.released and file.stopped: one for each file, with its
// hashes, the inspectors' versions and findings. Whatever ends differently from a delivery is file.stopped: not clean, not received whole,
// not delivered, outside the terms. The sender learns it as the answer to the end of the transfer. A sanitised copy is delivered in place
// of the original; both stay sealed as evidence.
//
// The package asks policy at each operation whether a file may move, with paths resolved on the target. Its caller is broker/session,
// through the relay, which records all of the channel like any other.
package files
