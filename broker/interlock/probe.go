package interlock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"sekimori/broker/hook"
	"sekimori/broker/rules"
	"sekimori/policy"
)

// look runs one probe once. A simulated one asks the demonstration's line.
func (o *Options) look(ctx context.Context, p rules.Probe) (policy.LineSide, error) {
	switch {
	case p.Kind != "simulated":
		return look(ctx, p)
	case o.Simulated == nil:
		return policy.SideUnknown, errSimulated
	}
	read, err := o.Simulated.Look(ctx)
	if p.Side == rules.InternalSide {
		return read.Internal, err
	}
	return read.Maintenance, err
}

// look runs one probe once, within rules.ProbeTime. An error means that it could not look.
func look(ctx context.Context, p rules.Probe) (policy.LineSide, error) {
	ctx, cancel := context.WithTimeout(ctx, rules.ProbeTime)
	defer cancel()
	switch p.Kind {
	case "tcp":
		return lookTCP(ctx, p.Address)
	case "icmp":
		return lookICMP(ctx, p.Host)
	case "exec":
		r, err := hook.Hook{Path: p.Exec[0], Args: p.Exec[1:], Within: rules.ProbeTime}.Run(ctx, []string{"SEKIMORI_SIDE=" + string(p.Side)}, nil)
		switch {
		case err != nil:
			return policy.SideUnknown, fmt.Errorf("probe: %w", err)
		case r.Exit == 0:
			return policy.SideUp, nil
		case r.Exit == 1:
			return policy.SideDown, nil
		}
		return policy.SideUnknown, fmt.Errorf("the probe ended with status %d, which is neither 0 (up) nor 1 (down)", r.Exit)
	}
	return policy.SideUnknown, errors.New("the probe is of no known kind")
}

// lookTCP tells whether a host answers. A host that refuses the connection is there as well. No answer, or a router that knows no way,
// is down. Everything else, such as no permission, is no look.
func lookTCP(ctx context.Context, to netip.AddrPort) (policy.LineSide, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", to.String())
	switch {
	case err == nil:
		c.Close()
		return policy.SideUp, nil
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return policy.SideUp, nil
	case silent(err):
		return policy.SideDown, nil
	}
	return policy.SideUnknown, fmt.Errorf("probe %s: %w", to, err)
}

// silent tells that nothing came back, or that no way leads there.
func silent(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTDOWN) || errors.Is(err, syscall.ENETDOWN)
}

// lookICMP asks a host for an echo. It uses the kernel's own echo sockets, which need no right where net.ipv4.ping_group_range allows the
// broker's group.
func lookICMP(ctx context.Context, host netip.Addr) (policy.LineSide, error) {
	network, listen, kind, proto := "udp4", "0.0.0.0", icmp.Type(ipv4.ICMPTypeEcho), 1
	if host.Is6() {
		network, listen, kind, proto = "udp6", "::", ipv6.ICMPTypeEchoRequest, 58
	}
	c, err := icmp.ListenPacket(network, listen)
	if err != nil {
		return policy.SideUnknown, fmt.Errorf("echo socket (net.ipv4.ping_group_range must allow the broker's group): %w", err)
	}
	defer c.Close()
	by, _ := ctx.Deadline()
	_ = c.SetDeadline(by)
	m, err := (&icmp.Message{Type: kind, Body: &icmp.Echo{Seq: 1, Data: []byte("sekimori")}}).Marshal(nil)
	if err != nil {
		return policy.SideUnknown, fmt.Errorf("echo: %w", err)
	}
	if _, err := c.WriteTo(m, &net.UDPAddr{IP: host.AsSlice(), Zone: host.Zone()}); err != nil {
		if silent(err) || errors.Is(err, syscall.EPERM) { // the machine's own rules let nothing out
			return policy.SideDown, nil
		}
		return policy.SideUnknown, fmt.Errorf("echo to %s: %w", host, err)
	}
	// The kernel hands over only answers to this socket. Strangers' packets cannot keep the loop beyond the deadline.
	for buf := make([]byte, 512); ; {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			if silent(err) {
				return policy.SideDown, nil
			}
			return policy.SideUnknown, fmt.Errorf("echo from %s: %w", host, err)
		}
		udp, ok := from.(*net.UDPAddr)
		got, err := icmp.ParseMessage(proto, buf[:n])
		if ok && err == nil && udp.IP.Equal(net.IP(host.AsSlice())) && (got.Type == ipv4.ICMPTypeEchoReply || got.Type == ipv6.ICMPTypeEchoReply) {
			return policy.SideUp, nil
		}
	}
}

// downAfter is how many failures in a row make a side that answered count as down. One success makes it up.
const downAfter = 3

// probe is a probe with what it saw.
type probe struct {
	rules.Probe
	words    string
	failures int
	saw      policy.LineSide
	why      string // why it could not look
	up, down time.Time
}

// note takes what the probe saw just now. A success counts at once. A failure counts as down from the third in a row on; until then the
// side counts as it did. A look that could not be made counts at once as unknown.
func (p *probe) note(saw policy.LineSide, err error, now time.Time) {
	p.why = ""
	switch {
	case err != nil:
		p.saw, p.failures, p.why = policy.SideUnknown, 0, err.Error()
	case saw == policy.SideUp:
		p.saw, p.failures, p.up = policy.SideUp, 0, now
	default:
		if p.failures++; p.failures >= downAfter {
			p.saw, p.failures, p.down = policy.SideDown, downAfter, now
		}
	}
}

// sight is what the probe says, with the question whether it may be relied on.
func (p *probe) sight(now time.Time) Sight {
	return Sight{Side: p.Side, Saw: p.saw, Proven: policy.Proven(p.up, p.down, now)}
}
