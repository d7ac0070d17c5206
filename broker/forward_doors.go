package broker

import (
	"net"
	"slices"
	"strconv"

	"sekimori/policy"
)

// doorDestinations are the broker's own listeners as destinations of forwards: by address, by the host name that people type, and
// by the names of this machine itself, for targets that run on it. No forward reaches them.
func (c Config) doorDestinations() []string {
	var out []string
	for _, listener := range []string{string(c.SSHListen), string(c.APIListen), string(c.PortalListen)} {
		host, port, err := net.SplitHostPort(listener)
		if err != nil {
			continue
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			continue
		}
		hosts := []string{host, c.GateName, "localhost", "127.0.0.1", "::1"}
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			hosts = append(hosts, ownAddresses()...)
		}
		for _, h := range hosts {
			if d, err := policy.NewDestination(h, uint16(n)); err == nil && !slices.Contains(out, d.String()) {
				out = append(out, d.String())
			}
		}
	}
	return out
}

// ownAddresses are the addresses of this machine's interfaces; none where they cannot be read.
func ownAddresses() []string {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			out = append(out, n.IP.String())
		}
	}
	return out
}
