// Package gate is the SSH door: everything between a TCP connection and an admitted session.
//
// It owns accepting and its limits, the handshake and its algorithms, the proof of key and
// code, the binding of a person to the key that was proven, the forms of login, the card and
// the consent, the choice of a window, the waiting room, and the words of every refusal before
// admission. It keeps the memory of second factors and the tally of unproven failures. And it owns
// self-service (words.go is its table): what an engineer asks for or hands in with an ordinary
// ssh, after key and code of that very login, never after a remembered one. The acts are those of
// requests and reports; here they are only taken apart and said.
//
// It refuses to decide: whether somebody may pass is policy.Decide's answer on the facts that
// the supervisor gives, asked anew after the last factor, after consent and on every change
// while somebody waits. Nothing reaches a target from here: an admitted connection is handed
// to session.Supervisor.Run, which dials, records and relays, and decides again at each
// channel.
//
// Reveal rule: without proof of key and code a visitor gets the generic refusal only, whatever
// the cause; after it the whole reason with its number, said on the channel.
//
// The broker package starts one Server; nobody else calls it.
package gate
