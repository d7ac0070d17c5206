// Package target is the demonstration target: an SSH server on loopback with a shell for the
// account that runs the demonstration. It stands in for a maintained system, so that
// `sekimori demo` needs nothing but this program.
//
// It accepts certificates of one CA only, as a real target configured with TrustedUserCAKeys
// does, and refuses forwarding. Its administrative login answers the broker's orders about accounts, and says that it is simulated.
// It is no server for anything else.
//
// Callers: the demo command.
package target
