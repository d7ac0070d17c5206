// Package request has the content of an application for a window: its body as it is stored, the form in which people hand it in, and
// the table of its fields.
//
// It owns the struct lines and, in fields.go, one row for each: label, bounds, when the field is needed and with which sentence.
// Reading and writing the file, checking, copying, the API, the pages of the command line and of the self-service over SSH follow the
// table; a further field is a struct line and a row. It looks nothing up: broker/requests checks that a system, a person or an account
// exists, and owns the acts. It has no I/O. Callers: broker/store, broker/api, broker/requests, the gate and commands.
package request
