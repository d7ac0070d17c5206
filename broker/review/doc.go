// Package review is the inspection that every session is owed after it ended (R12): a queue with due dates,
// and the auditor's signature.
//
// It owns who may sign: an auditor who neither requested, approved nor attended the work (policy.Decide),
// once, after the end. It refuses "question" and "fix" without a reason. The item comes into the queue in the
// transaction that ends the session (Owe).
//
// Its callers are broker/session, which owes the review, and the doors (broker/web), which sign it.
package review
