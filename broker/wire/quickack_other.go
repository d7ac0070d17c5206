//go:build !linux

package wire

import (
	"net"
	"sync/atomic"
	"time"
)

// quickAck does nothing on systems without this option.
type quickAck struct{ left atomic.Int32 }

func (q *quickAck) attach(*net.TCPConn) {}

func (q *quickAck) arm() {}

// giveUpAfter does nothing on systems without this option.
func giveUpAfter(*net.TCPConn, time.Duration) {}
