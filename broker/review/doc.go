// Package review is the inspection of each window's work (R12): a queue with due dates, and the auditor's judgement.
//
// One item covers all sessions of a window, its refused attempts and its files. A session without a window is an item of its own; so is
// one whose end was written after its window's review had been signed, so that no session stays unread. Attempts that were refused and
// name no window are no item: the ledger and the list of sessions have them.
//
// A question is no end: its addressee answers it, once, and the auditor then signs again. The addressee must be one person, section or
// vendor that can be found, for no one else may answer.
//
// It owns who may take and sign an item: an auditor who neither requested, approved nor attended the work (policy.Decide), once, after
// the window. It refuses "question" and "fix" without a reason, an addressee and a date, and "ok" without a reason where work was cut or
// a recording has a gap. The transaction that ends a session puts the item into the queue (Owe).
//
// As the work ends, the item gets the name of an auditor who had no part in it (policy.NameAuditor). A system's plan (review_sample) may
// leave work out. A draw decides, by a seed to which the ledger commits before the month and which it reveals after it (Sample); work that
// stands out is reviewed in any case. A judgement "fix" opens a finding, which its owner answers and an auditor closes.
//
// After a session it derives from the recording by what the work may stand out (Measure): commands that the vendor never
// used on the system, much more output
// than usual, tables that the request does not name, a long silence with a burst behind it, copies. It stores figures and marks, no contents; they
// are forgotten with the recording. RANKING.md says how well this finds what was planted in generated work, and what it misses. These reasons do not force a review that
// the system's plan left out: they may come after the draw.
//
// Callers: broker/session owes the review, the doors mount its acts, and broker/view asks for the reasons why an item stands out (Picks).
package review
