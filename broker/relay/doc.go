// Package relay carries one session between an engineer's connection and a target's.
//
// It owns the list of permitted channels and requests. Each channel is decided at its main request (shell, exec or
// subsystem). Everything is recorded before it is relayed; if the recorder fails, nothing more is relayed. A request is
// rebuilt from its parsed fields (message.go), so its event holds all that it carries. The relay can stop or pause a session
// between any two bytes, and it shows notices on a terminal without spoiling a program's picture.
//
// It inspects file transfers (inspect.go): each operation on a file is recorded before it is relayed. Invalid SFTP ends the
// channel; scp is inspected as far as it is understood.
//
// It refuses everything unlisted: forwards, agents, X11, unknown subsystems, channels opened by a target, requests beyond its
// limits. A refused main request is explained on the channel, with an exit status. Config.Decide decides, not this package.
// Refusals are limited by rate (limits.go), and a peer with too many unread bytes is no longer read (backlog.go).
//
// broker/session makes one Relay per session and closes both connections when Serve returns.
package relay
