// Package wire is the broker's side of one TCP connection that carries SSH.
//
// It owns the way of bytes to the kernel. The SSH library writes every packet on its own. A Conn gathers packets in a bounded
// queue, and one goroutine hands them over in few system calls, so that a bulk transfer does not spend its time in the
// kernel. A single small packet, such as a keystroke, is written at once without a change of goroutine. The package also owns
// the end of a connection: Close flushes briefly, CloseAfterFlush ends in order, and Abort drops the queue and resets the
// connection even if the peer never reads.
//
// It refuses to grow: a writer blocks while the queue is full, an idle connection holds no buffer, and after a failed write
// every later write fails with the same error.
//
// broker/gate wraps the engineers' connections with it, broker/dial those to targets; broker/session ends both.
package wire
