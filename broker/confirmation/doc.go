// Package confirmation is the owning section's look at each day's sessions, promptly after them and apart from the later review (R27).
//
// It owns when a day is to be confirmed (until the end of the next open day, or as the system's rule confirm_within says), and who may do it:
// the head of the section that owns the system, a deputy, or its staff in charge, who did not attend the sessions. A session that ends after
// a confirmation asks for another one; the earlier one stays. The confirmation is an act with a name; it decides nothing about the work and
// stops none. An overdue one raises an alarm, once.
//
// A session belongs to the day on which it began, in the institution's zone, as its number says. Attempts that were refused are shown with the
// day and ask for no confirmation of their own.
//
// Callers: broker/session owes the day, the broker's timer raises what is overdue, and the doors mount the act.
package confirmation
