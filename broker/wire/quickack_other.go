//go:build !linux

package wire

import (
	"net"
	"sync/atomic"
	"time"
)

// quickAck does nothing where the system has no such option.
type quickAck struct{ left atomic.Int32 }

func (q *quickAck) attach(*net.TCPConn) {}

func (q *quickAck) arm() {}

// giveUpAfter does nothing where the system has no such option.
func giveUpAfter(*net.TCPConn, time.Duration) {}
