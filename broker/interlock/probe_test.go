package interlock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"sekimori/broker/rules"
	"sekimori/policy"
)

var (
	at        = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	errNoLook = errors.New("no look")
)

// TestAProbeOfAHost: a host that accepts and one that refuses are up.
func TestAProbeOfAHost(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	open := netip.MustParseAddrPort(l.Addr().String())
	if saw, err := look(context.Background(), rules.Probe{Kind: "tcp", Address: open}); saw != policy.SideUp || err != nil {
		t.Errorf("accepting: %q, %v", saw, err)
	}
	l.Close()
	if saw, err := look(context.Background(), rules.Probe{Kind: "tcp", Address: open}); saw != policy.SideUp || err != nil {
		t.Errorf("refusing: %q, %v", saw, err)
	}
	for _, p := range []rules.Probe{{Kind: "exec", Exec: []string{"/nowhere/probe"}}, {Kind: "other"}} {
		if saw, err := look(context.Background(), p); saw != policy.SideUnknown || err == nil {
			t.Errorf("%+v: %q, %v; it could not look", p, saw, err)
		}
	}
}
