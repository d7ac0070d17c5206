// Package broker connects the parts: it reads the configuration, opens the store and the keys,
// ends the sessions that a crash left, opens the doors (SSH and the API) and closes everything in order.
//
// It makes no decision itself: policy.Decide does, and each act of the procedure belongs
// to the package named after it. DESIGN.md beside this file holds the layers and the reasons.
//
// Callers: cmd/sekimori only.
package broker
