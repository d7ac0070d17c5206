package session

import (
	"net"
	"net/netip"
	"runtime"
	"testing"

	"sekimori/broker/wire"
)

// TestTheKernelIsAskedForAConnection: a real connection over both families is there, and gone once it was aborted.
func TestTheKernelIsAskedForAConnection(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kernel is asked on Linux only")
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		t.Run(address, func(t *testing.T) {
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Skipf("no listener: %v", err)
			}
			defer l.Close()
			to := l.Addr().String()
			if address == "[::]:0" { // IPv4 over a listener of both families
				_, port, _ := net.SplitHostPort(to)
				to = net.JoinHostPort("127.0.0.1", port)
			}
			dialled, err := net.Dial("tcp", to)
			if err != nil {
				t.Fatal(err)
			}
			taken, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			c, s := wire.Wrap(dialled, wire.Options{}), wire.Wrap(taken, wire.Options{})
			ends := [][2]netip.AddrPort{}
			for _, w := range []*wire.Conn{c, s} {
				ends = append(ends, [2]netip.AddrPort{w.LocalAddr().(*net.TCPAddr).AddrPort(), w.RemoteAddr().(*net.TCPAddr).AddrPort()})
			}
			for _, e := range ends {
				if open, err := connectionOpen(e[0], e[1]); err != nil || !open {
					t.Fatalf("%v: open %t, %v", e, open, err)
				}
			}
			c.Abort()
			s.Abort()
			for _, e := range ends {
				if open, err := connectionOpen(e[0], e[1]); err != nil || open {
					t.Errorf("%v is aborted: open %t, %v", e, open, err)
				}
			}
		})
	}
	if _, err := connectionOpen(netip.AddrPort{}, netip.MustParseAddrPort("127.0.0.1:1")); err == nil {
		t.Error("no address is a connection")
	}
}
