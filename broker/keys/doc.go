// Package keys owns the broker's secrets: the SSH host key, the certificate authority that opens
// targets, the key that signs the ledger, and the viewing key of recordings. All of them lie in
// one directory, each file sealed with the master key, which comes from elsewhere: whoever takes
// the data directory alone takes nothing that opens.
//
// A Ring also seals what others store (targets' credentials, second factors). Every sealed piece
// is bound to its purpose, so that one cannot be put in the place of another.
//
// The package refuses loose file modes, a master key of the wrong length, another master key than
// the one that sealed, and anything that was changed. It never returns a private key: what has to
// be signed is signed here. Its callers are broker (which opens the Ring), session and dial
// (certificates), gate (host key, second factor), store (the ledger's signer) and registry.
package keys
