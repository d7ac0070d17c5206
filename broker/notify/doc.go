// Package notify tells people of what happened: in the list on the pages, by mail, and by a signed call to another program.
//
// It owns the table of what is told to whom (tellings), the search for the people behind its letters, the words of a notice in both
// languages, and the deliveries with their tries. The outbox it reads is written by store in the transaction of the event, so a notice
// is never lost and never says what was rolled back. Each delivery is tried until it succeeds or is given up; what was given up is shown
// and has an entry. A delivery may happen twice, after a crash between the two: its message id stays the same.
//
// It refuses to let anything be decided by a mail: a link leads to a page that asks the person to sign in. Subject lines hold numbers and
// states only, no names, no reasons, no addresses. It judges no one: policy says which people a letter means.
//
// Its callers are the broker's chores, broker/view for the lists, and broker/web for the test of the ways.
package notify
