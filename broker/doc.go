// Package broker puts the pieces together: it reads the configuration, opens the store and the
// keys, ends what a crash left, opens the doors (SSH and the API) and closes everything in order.
//
// It decides nothing itself. Every decision is policy.Decide's; every act of the procedure belongs
// to the package named after it. DESIGN.md beside this file holds the layers and the reasons.
//
// Callers: cmd/sekimori only.
package broker
