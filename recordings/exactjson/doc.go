// Package exactjson reads JSON that is evidence. encoding/json takes the last of two members with one name, and a member
// whose name differs in case for the one it looks for: two readers could read two things from the same signed bytes. Here
// an object has each name once, and names are what they are.
//
// It refuses what is ambiguous and passes over what it does not know. It is called by broker/ledger and recordings, and by
// whoever reads what those hold.
package exactjson
