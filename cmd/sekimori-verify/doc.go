// Command sekimori-verify is the auditor's verifier. It works offline on files: an export of the ledger or the proof of one entry, a trust policy or the public
// key, recordings, an older checkpoint. It gives two verdicts. Intact: everything shown is exactly what was signed; otherwise
// it names the first fault. Complete: every recording named in the ledger was shown; otherwise it lists the missing ones.
//
// It imports only the ledger's and the recordings' formats from this project, so that its user need not trust the broker. It
// never writes a file and never uses the network. It never calls a ledger valid if it could not verify the signer.
package main
