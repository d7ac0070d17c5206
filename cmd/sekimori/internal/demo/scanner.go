package demo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// scanner stands in for a virus scanner: it speaks as much of clamd's protocol as the broker needs, and looks for the string EICAR alone. Its
// version says that it is simulated, and so does each finding in the ledger.
type scanner struct{ listener net.Listener }

const (
	scannerVersion = "simulated scanner of the demonstration"
	mostScanned    = 1 << 20 // bytes of one file
	scanTime       = 10 * time.Second
)

// newScanner listens on loopback.
func newScanner() (*scanner, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("simulated scanner: %w", err)
	}
	s := &scanner{listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s, nil
}

// serve answers one command. An order that it does not understand gets no answer, which the broker takes as not clean.
func (s *scanner) serve(c net.Conn) {
	defer c.Close()
	late := time.AfterFunc(scanTime, func() { c.Close() })
	defer late.Stop()
	command := make([]byte, len("zVERSION\x00"))
	if _, err := io.ReadFull(c, command); err != nil {
		return
	}
	if string(command) == "zVERSION\x00" {
		io.WriteString(c, scannerVersion+"\x00")
		return
	}
	rest := make([]byte, len("\x00"))
	if _, err := io.ReadFull(c, rest); err != nil || string(command)+string(rest) != "zINSTREAM\x00" {
		return
	}
	var file bytes.Buffer
	for {
		var n uint32
		if err := binary.Read(c, binary.BigEndian, &n); err != nil {
			return
		}
		if n == 0 {
			break
		}
		if file.Len()+int(n) > mostScanned {
			io.WriteString(c, "INSTREAM size limit exceeded. ERROR\x00")
			return
		}
		if _, err := io.CopyN(&file, c, int64(n)); err != nil {
			return
		}
	}
	if bytes.Contains(file.Bytes(), []byte("EICAR")) {
		io.WriteString(c, "stream: EICAR-simulated FOUND\x00")
		return
	}
	io.WriteString(c, "stream: OK\x00")
}

func (s *scanner) close() { s.listener.Close() }
