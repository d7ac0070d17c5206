// Package wire is the broker's side of one TCP connection that carries SSH.
//
// It owns how bytes reach the kernel. The SSH library writes every packet on its own; a Conn
// gathers what it is given in a bounded queue and lets one goroutine hand it over in as few
// system calls as it can, so that a bulk transfer does not spend its time in the kernel. A
// single small packet, such as a keystroke, is written at once without a change of goroutine.
// It owns as well how a connection ends: Close flushes for a moment, CloseAfterFlush ends in
// order, and Abort throws away what waits and resets the connection, which works although the
// peer never reads.
//
// It refuses to grow: a writer waits when the queue is full, an idle connection holds no
// buffer, and after a failed write every later write fails with the same error.
//
// broker/gate wraps the engineers' connections with it, broker/dial those to targets;
// broker/session ends both.
package wire
