// Package field describes each field once. A table stands beside the struct that it describes, with a row for each field: the key in
// files and JSON, the label in both languages, the bounds, when the field is needed, whether a change needs a second person. All code
// that handles the fields asks the table: reading and writing a form, checking it, command line flags, pages, comparing.
//
// It owns rows, tables and the kinds of value. It knows no field: those stand in broker/request, broker/registry and beside each act.
// It reads nothing itself: broker/forms reads files, the struct's tags read JSON. The default of a row is the careful one: a copy does
// not take the field over, and a change needs a second person. broker/internal/fieldtest checks a table against its struct.
package field
