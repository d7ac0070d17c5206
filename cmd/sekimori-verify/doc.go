// Command sekimori-verify is the auditor's verifier. It works offline on files: an export of the
// ledger, the ledger's public key, recordings, an older checkpoint. It gives two verdicts: intact,
// that everything shown is what was signed (otherwise it names the first place that is not); and
// complete, that every recording which the ledger knows was shown (otherwise it lists the others).
//
// It imports the ledger's and the recordings' formats and nothing else of ours, so that who trusts
// it need not trust the broker. It never writes a file, never asks the network, and never says
// that a ledger holds whose signer it could not verify.
package main
