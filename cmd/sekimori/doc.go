// Command sekimori is the broker's one command: it writes a configuration, checks it, serves,
// and speaks to a serving broker over its Unix socket.
//
// Commands are thin. The broker does the work, in the name of the person whose token is in the
// client's file; the socket gives no role and nothing here decides. A file per noun.
package main
