// Package web is the door for everything but SSH: the JSON API that the commands speak, over a
// Unix socket, and over HTTPS where an address is configured.
//
// It owns the route table, the reading of bodies, the bearer token that names a person, the
// fresh password and code that an approval asks for, and the order of an entry and the first
// byte: playback, watching and exports are ledgered before anything is sent, and a refused
// opening is ledgered too.
//
// It refuses every call without a token except the few of the table that say so, every call by
// somebody the table does not name, every body with a field it does not know. The socket itself
// gives no role; over HTTPS nothing that a caller says of its address counts, a browser is refused,
// and the first apply, which the socket's account may do without a token, is not to be had. It decides nothing: acts go to registry, requests, freeze, review and session,
// and looking goes through policy.Decide.
//
// Callers: broker (New, Listen, Serve, ListenHTTPS, ServeHTTPS). The commands share its types of api_*.go.
package web
