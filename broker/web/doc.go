// Package web is the door for everything but SSH: the JSON API of the commands, over a Unix
// socket, and over HTTPS where an address is configured.
//
// It owns the route table, the reading of bodies, the bearer token that names a person, the
// fresh password and code that an approval needs, and the order of an entry and the first
// byte: playback, watching and exports are ledgered before anything is sent, and so is a
// refused opening.
//
// It refuses a call without a token (except on the few open routes), a call by a person whom the
// route's row does not admit, and a body with an unknown field. The socket itself gives no role.
// Over HTTPS it ignores addresses in headers, refuses browsers, and does not offer the first
// apply, which the socket's account may do without a token. It decides nothing: acts go to
// registry, requests, freeze, review and session, and looks go through policy.Decide.
//
// Callers: broker (New, Listen, Serve, ListenHTTPS, ServeHTTPS). The types of its JSON are in broker/api.
package web
