// Package exactjson reads JSON that is evidence. encoding/json takes the last of two members with one name, and accepts a
// name that differs in case: two readers could read different things from the same signed bytes. Here an object has each name
// once, and names match exactly.
//
// It refuses ambiguous JSON and skips unknown members. broker/ledger, recordings and their readers call it.
package exactjson
