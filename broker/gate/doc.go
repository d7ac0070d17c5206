// Package gate is the SSH door: everything between a TCP connection and an admitted session.
//
// It owns accepting and its limits, the handshake and its algorithms, and the binding of a person to the key that was
// proven. It owns the forms of login, the card and the consent, the choice of a window, the waiting room, and the texts
// of every refusal before admission. It keeps the memory of second factors and the tally of unproven failures. It also
// owns self-service (words.go has its table): an engineer files or hands in with an ordinary
// ssh, after key and code of that very login, never after a remembered code. The acts belong to
// requests and reports; the gate only reads the command and writes the answer.
//
// It decides nothing itself: policy.Decide says whether a person may pass, on the facts that
// the supervisor gives. The gate asks it again after the last factor, after consent and on every change
// while a person waits. The gate opens no connection to a target: it hands an admitted connection
// to session.Supervisor.Run, which dials, records and relays, and decides again at each
// channel.
//
// Reveal rule: a visitor who has not proved key and code gets the generic refusal only, the same for
// every cause. After that the gate gives the whole reason with its number, on the channel.
//
// Only the broker package starts a Server, one.
package gate
