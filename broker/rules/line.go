package rules

import (
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/field"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Driver moves a system's line. The zero value is none: people do it.
type Driver struct {
	Exec        []string // a program and its arguments
	Internal    string   // of the broker's own rules: the interface toward the office network
	Maintenance string   // and the one toward the maintenance line
	Simulated   bool     // the demonstration's line: nothing is moved
}

// None tells that people move the line.
func (d Driver) None() bool { return len(d.Exec) == 0 && d.Internal == "" && !d.Simulated }

// ProbeSide says which side of a line a probe looks at.
type ProbeSide string

// The sides.
const (
	InternalSide    ProbeSide = "internal"
	MaintenanceSide ProbeSide = "maintenance"
)

var probeSides = map[ProbeSide]text.Text{
	InternalSide:    text.Of("庁内網", "office network"),
	MaintenanceSide: text.Of("保守回線", "maintenance line"),
}

// Label is the side as people read it.
func (s ProbeSide) Label() text.Text { return text.Label(probeSides, s) }

// Probe finds out whether one side of a line is up: a host that answers means up.
type Probe struct {
	Side    ProbeSide
	Kind    string         // "tcp", "icmp", "exec" or "simulated"
	Address netip.AddrPort // of tcp
	Host    netip.Addr     // of icmp
	Exec    []string       // of exec: a program and its arguments; status 0 is up, 1 is down, any other unknown
}

// Most probes of one system: each costs a packet a second while a line is open.
const mostProbes = 8

var interfaceForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$`)

// ParseDriver reads a driver: "exec /path arguments", "nftables internal=IFACE maintenance=IFACE", or "simulated". Empty: none.
func ParseDriver(s string) (d Driver, err error) {
	words := strings.Fields(s)
	if len(words) == 0 {
		return d, nil
	}
	switch words[0] {
	case "exec":
		d.Exec, err = program(words[1:])
		return d, err
	case "nftables":
		for _, w := range words[1:] {
			side, name, _ := strings.Cut(w, "=")
			switch {
			case !interfaceForm.MatchString(name):
				return Driver{}, fmt.Errorf("%q names no interface", w)
			case side == "internal" && d.Internal == "":
				d.Internal = name
			case side == "maintenance" && d.Maintenance == "":
				d.Maintenance = name
			default:
				return Driver{}, fmt.Errorf("%q is neither internal=… nor maintenance=…", w)
			}
		}
		if d.Internal == "" || d.Maintenance == "" || d.Internal == d.Maintenance {
			return Driver{}, fmt.Errorf("nftables needs two different interfaces")
		}
		return d, nil
	case "simulated":
		if len(words) > 1 {
			return d, fmt.Errorf("%q is too much", words[1])
		}
		return Driver{Simulated: true}, nil
	}
	return d, fmt.Errorf("%q is neither exec nor nftables", words[0])
}

// ParseProbe reads a probe: "internal tcp 192.0.2.10:443", "maintenance icmp 203.0.113.1", "internal exec /path arguments", or "internal
// simulated", which asks the demonstration's line.
func ParseProbe(s string) (p Probe, err error) {
	words := strings.Fields(s)
	simulated := len(words) == 2 && words[1] == "simulated"
	if len(words) < 3 && !simulated {
		return p, fmt.Errorf("%q lacks side, kind or address", s)
	}
	p.Side, p.Kind = ProbeSide(words[0]), words[1]
	if p.Side != InternalSide && p.Side != MaintenanceSide {
		return p, fmt.Errorf("%q is neither internal nor maintenance", words[0])
	}
	switch {
	case simulated:
	case p.Kind == "exec":
		p.Exec, err = program(words[2:])
	case len(words) > 3:
		err = fmt.Errorf("%q is too much", words[3])
	case p.Kind == "tcp":
		p.Address, err = netip.ParseAddrPort(words[2]) // an address, no name: an answer of a name server would decide
	case p.Kind == "icmp":
		p.Host, err = netip.ParseAddr(words[2])
	default:
		err = fmt.Errorf("%q is neither tcp, icmp nor exec", p.Kind)
	}
	return p, err
}

// program reads the words of a program. Its path is absolute; broker/hook asks who owns it at each run.
func program(words []string) ([]string, error) {
	if len(words) == 0 || !path.IsAbs(words[0]) || path.Clean(words[0]) != words[0] {
		return nil, fmt.Errorf("a program is an absolute path")
	}
	return words, nil
}

// Driver is the system's driver; none where the rule cannot be read, so that nothing is driven by half a rule.
func (s *System) Driver() Driver {
	d, err := ParseDriver(s.LineDriver)
	if err != nil || s.Line != policy.LineInterlocked {
		return Driver{}
	}
	return d
}

// Probes are the system's probes, in the order of the rule.
func (s *System) Probes() []Probe {
	var all []Probe
	for _, words := range s.LineProbes {
		if p, err := ParseProbe(words); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// simulates reports whether a probe asks the demonstration's line.
func (s *System) simulates() bool {
	return slices.ContainsFunc(s.Probes(), func(p Probe) bool { return p.Kind == "simulated" })
}

// How is what stands behind a verdict on the system's line.
func (s *System) How() policy.LineHow {
	switch {
	case s.Driver().Simulated, s.Line != policy.LineNone && s.simulates(): // an older rule may have such a probe beside a real driver
		return policy.LineSimulated
	case s.Line == policy.LineInterlocked:
		return policy.LineDriven
	case s.Line == policy.LineByHand && slices.ContainsFunc(s.Probes(), func(p Probe) bool { return p.Side == InternalSide }):
		return policy.LineProbed
	case s.Line == policy.LineByHand:
		return policy.LineAttested
	}
	return ""
}

// lineFields are the rows of a system's line. The driver and the probes stand in the registry and not in the broker's configuration: one
// administrator alone could otherwise put another switch, or a host that never answers, in place of what two people agreed on.
var lineFields = field.Table[System]{
	field.Text("line_driver", "回線の切替え", "Line driver", func(s *System) *string { return &s.LineDriver }).Late().
		Bound(func(s *System) bool { _, err := ParseDriver(s.LineDriver); return err != nil }, "line-driver",
			"exec /絶対パス 引数… か、nftables internal=インターフェース maintenance=インターフェース と書いてください。", "write exec /absolute/path arguments, or nftables internal=INTERFACE maintenance=INTERFACE").
		NeedIf(func(s *System) bool { return s.LineDriver != "" && s.Line != policy.LineInterlocked }, "line-driver-unused",
			"切替えを連動させるのは line: interlocked のときだけです。", "a driver goes with line: interlocked"),
	field.List("line_probes", "回線の検査", "Line probes", func(s *System) *[]string { return &s.LineProbes }).Late().
		Bound(func(s *System) bool { return len(s.LineProbes) > mostProbes }, "too-many-probes", "検査は"+strconv.Itoa(mostProbes)+"個までです。", "at most "+strconv.Itoa(mostProbes)+" probes").
		Bound(func(s *System) bool {
			return slices.ContainsFunc(s.LineProbes, func(w string) bool { _, err := ParseProbe(w); return err != nil })
		}, "line-probe", "internal か maintenance、次に tcp アドレス:ポート、icmp アドレス、exec /絶対パス のどれかを書いてください(名前でなくアドレス)。",
			"write internal or maintenance, then tcp ADDRESS:PORT, icmp ADDRESS or exec /absolute/path (an address, no name)").
		NeedIf(func(s *System) bool { return !s.Driver().Simulated && s.simulates() }, "line-probe-simulated", "simulated の検査は、line_driver: simulated のときだけです。", "a simulated probe goes with line_driver: simulated only"),
}

// ProbeTime bounds one probe.
const ProbeTime = time.Second
