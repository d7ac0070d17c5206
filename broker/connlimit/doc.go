// Package connlimit bounds the unauthenticated connections: their total, their number per address, and their rate. Both doors
// use it (gate for SSH, web for HTTPS), so that strangers cannot fill either.
//
// Strangers cannot keep a person out either. If all places are taken, an unauthenticated connection loses its place: to an
// address that holds fewer; after a while to any address; and at once to an address from which a person authenticated before
// (Known).
package connlimit
