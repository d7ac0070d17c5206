// Package keys owns the broker's secrets: the SSH host key, the certificate authority for targets, the key that signs the
// ledger, and the viewing key of recordings. They lie in one directory, each file sealed with the master key, which is kept
// elsewhere. A thief of the data directory alone can open nothing.
//
// A Ring also seals secrets that other packages store (targets' credentials, second factors). Every sealed piece is bound to
// its purpose, so it cannot be used in another's place.
//
// The package refuses loose file modes, a master key of the wrong length, a different master key, and changed files. It never
// returns a private key; it signs itself. Its callers are broker (which opens the Ring), session and dial (certificates),
// gate (host key, second factor), store (the ledger's signer) and registry.
package keys
