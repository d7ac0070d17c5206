// Package relay carries one session between an engineer's connection and a target's.
//
// It owns what may pass: session channels and the requests on a list, each channel decided at
// the request that says what it is. Whatever passes goes to the recorder first; when the
// recorder fails, nothing more passes. A request passes made anew from the fields that were read
// (message.go), so what it carries stands in its event. It owns the place where a session can be stopped
// between one byte and the next, held while paused, and where notices reach a terminal without
// spoiling what a program has drawn there.
//
// It reads along where files move (inspect.go): each operation on a file is recorded before it is
// passed on. SFTP that is not understood ends the channel; scp is followed as far as it goes.
//
// It refuses everything that is not listed: forwards, agents, X11, unknown subsystems, channels
// opened by a target, requests in excess of its limits. A refusal of what the engineer came for
// is said on the channel, with an exit status; it decides nothing itself (Config.Decide does).
// Refusals are limited by rate (limits.go), and a peer that sends more than is taken is read from
// no further (backlog.go).
//
// broker/session makes one Relay per session and closes both connections when Serve returns.
package relay
