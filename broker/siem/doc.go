// Package siem sends every entry of the ledger to the institution's collector of logs, in order, over TCP or TLS: RFC 5424 with CEF or
// JSON, or JSON lines. Its position is kept in the store. It reads committed entries only, so a slow or dead collector holds up nothing
// but itself.
//
// Syslog over a stream has no acknowledgement. What was written to a connection may lie in a buffer of either machine when one of
// them dies. So entries go out in parts, each over a connection of its own. At the end of a part the package ends its direction and
// waits until the collector ends the other one. Over TLS that is the collector's own close_notify: its program has read all of the part.
// Only then does the position move. A part without such an end is sent again, whole. So each entry arrives at least once, none is left
// out, and a collector that drops indexes which it has sees them in order. That a collector keeps what it has read is its own matter.
//
// Some collectors send no close_notify, such as rsyslog with its gtls driver; a setting takes the end of the stream for it then, as over TCP. A system
// also sends that end for a program that died with what it had read. There the package keeps one idle connection open beside the parts, by whose end it
// notices such a death, and sends the entries of the last seconds again; the same at a start. The stored position follows only after these seconds.
// The collector must take more than one connection at a time. A collector of several processes, of which one dies alone, is not covered: it needs TLS.
//
// A setting says whether payloads go out. By default they do not, because payloads hold personal data and the header holds ids only.
// Everything that is sent is printable ASCII; other characters stand as \uXXXX within JSON. A message has at most MostMessage bytes; one
// that would be longer says what was left out of it.
//
// Its caller is broker, which runs it and its alarm; view shows its state.
package siem
