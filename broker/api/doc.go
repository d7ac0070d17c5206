// Package api holds the types of the API's JSON, its addresses and a client. Commands, scripts and tests rely on the JSON: a field's name
// is kept, times are RFC 3339 in the institution's zone, unknown values are left out. No type of store is part of it.
package api
