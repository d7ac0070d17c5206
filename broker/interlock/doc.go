// Package interlock keeps a system's line (R5): while the maintenance line is on, the office network is cut, and the broker knows it.
//
// It owns the state of each line (Seen.Line, pure), the order of the steps (Seen.Next, pure), the probes, the drivers that move a line,
// the acts of the attendant on it, and the watch over it: a look a second while a line is open. The order is: the office network down
// and verified, then the maintenance line on, then the permission; closing goes backwards. A driver is never told to put the office
// network back before the maintenance line is seen to be off, nor the other way round.
//
// It refuses to call a line separated on anything that is unknown: a probe that was not seen to fail and to succeed within thirty days, a
// driver that cannot be read, a look that does not come back. A separation that was lost stays lost until the attendant cuts the office
// network anew.
//
// A maintenance line that a driver puts on has a lease and goes off by itself where the lease is not renewed. A broker that crashes or
// hangs therefore leaves it off.
//
// Callers: broker (New, Reconcile, Close), session and the check items by way of the broker (Lines), web and pages (Acts), view.
package interlock
