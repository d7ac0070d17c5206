package policy

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Destination is where a forward goes, as seen from the target: a host name or an address, and a port.
type Destination struct {
	Host string // lower case; an address in its shortest form
	Port uint16
}

const longestHost = 253 // bytes; RFC 1035

var errDestination = errors.New("neither a host name nor an address with a port, such as db:5432")

// ParseDestination reads "host:port". One destination has one form: names are lower case without a last dot, and addresses are
// those of RFC 4291 and of four decimal parts. Other spellings of an address, such as 127.1 or 0x7f000001, are refused, because the
// target's resolver would take them for one.
func ParseDestination(s string) (Destination, error) {
	host, port, found := s, "", false
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		host, port, found = s[:i], s[i+1:], true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if !found || err != nil || n == 0 || port[0] < '1' {
		return Destination{}, errDestination
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	} else if strings.Contains(host, ":") {
		return Destination{}, errDestination
	}
	return NewDestination(host, uint16(n))
}

// NewDestination checks a host, and brings it into its one form.
func NewDestination(host string, port uint16) (Destination, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" || port == 0 {
			return Destination{}, errDestination
		}
		return Destination{a.Unmap().String(), port}, nil
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" || len(host) > longestHost || port == 0 {
		return Destination{}, errDestination
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return Destination{}, errDestination
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return Destination{}, errDestination
			}
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' { // a resolver may read it as an address
		return Destination{}, errDestination
	}
	return Destination{host, port}, nil
}

// String is the one form of the destination, "host:port".
func (d Destination) String() string {
	host := d.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(d.Port))
}

// Loopback reports that the host is the machine that connects.
func (d Destination) Loopback() bool {
	if a, err := netip.ParseAddr(d.Host); err == nil {
		return a.IsLoopback() || a.IsUnspecified()
	}
	return d.Host == "localhost" || strings.HasSuffix(d.Host, ".localhost")
}

// sameHost reports that both name one host, as far as the names tell.
func (d Destination) sameHost(host string) bool {
	other, err := NewDestination(host, d.Port)
	return err == nil && other.Host == d.Host
}

// forwards tells whether a grant opens a forward to a destination: only to a listed one, and never to the target's own SSH server,
// through which the target could be reached without a recording, or to a door of the broker.
func forwards(f *Facts, g *Grant, to string) bool {
	d, err := ParseDestination(to)
	if err != nil || d.String() != to {
		return false
	}
	listed := false
	for _, have := range g.Forwards {
		listed = listed || have == to
	}
	t := f.Targets[g.Target]
	if !listed || ReachesTarget(d, t) {
		return false
	}
	if d.Loopback() && !(Destination{t.Host, 1}).Loopback() {
		return true // the target itself, which is another machine
	}
	for _, door := range f.Runtime.Doors {
		if door == to {
			return false
		}
	}
	return true
}

// ReachesTarget reports that a destination is the SSH server of the target itself.
func ReachesTarget(d Destination, t Target) bool {
	return int(d.Port) == t.Port && (d.Loopback() || d.sameHost(t.Host))
}
