package rules_test

import (
	"errors"
	"testing"

	"sekimori/broker/forms"
	"sekimori/broker/rules"
	"sekimori/policy"
)

func TestLinesAreReadStrictly(t *testing.T) {
	for _, wrong := range []string{"exec", "exec line", "exec ../line", "exec /usr/../line", "nftables", "nftables internal=eth1", "nftables internal=eth1 maintenance=eth1",
		"nftables internal=eth1 maintenance=eth2 internal=eth3", "nftables internal=eth1 maintenance=a/b", "nftables internal=eth1 maintenance=sixteencharacter", "switch", "simulated yes"} {
		if d, err := rules.ParseDriver(wrong); err == nil {
			t.Errorf("driver %q is read as %+v", wrong, d)
		}
	}
	for _, wrong := range []string{"", "internal", "internal tcp", "outside tcp 192.0.2.1:22", "internal tcp 192.0.2.1", "internal tcp host:22", "internal icmp 192.0.2.1:22",
		"internal udp 192.0.2.1:22", "internal tcp 192.0.2.1:22 192.0.2.2:22", "internal exec probe", "internal simulated 1", "outside simulated"} {
		if p, err := rules.ParseProbe(wrong); err == nil {
			t.Errorf("probe %q is read as %+v", wrong, p)
		}
	}
	s := rules.System{System: policy.System{Line: policy.LineInterlocked}, LineDriver: "exec /opt/line sw1 17", LineProbes: []string{"internal tcp [2001:db8::1]:443", "maintenance icmp 203.0.113.1", "internal exec /opt/probe lan", "internal simulated"}}
	if d := s.Driver(); len(d.Exec) != 3 || d.Exec[2] != "17" {
		t.Errorf("%+v", d)
	}
	if p := s.Probes(); len(p) != 4 || p[3].Kind != "simulated" || p[0].Address.Port() != 443 || p[1].Side != rules.MaintenanceSide || p[2].Exec[1] != "lan" {
		t.Errorf("%+v", p)
	}
}

// TestHalfARuleDrivesNothing: a driver beside a line that people move, or one that cannot be read, is none.
func TestHalfARuleDrivesNothing(t *testing.T) {
	for _, s := range []rules.System{
		{System: policy.System{Line: policy.LineByHand}, LineDriver: "exec /opt/line"},
		{System: policy.System{Line: policy.LineNone}, LineDriver: "exec /opt/line"},
		{System: policy.System{Line: policy.LineInterlocked}, LineDriver: "exec line"},
	} {
		if !s.Driver().None() {
			t.Errorf("%+v is driven", s)
		}
	}
}

func TestHowALineIsProtected(t *testing.T) {
	probed := []string{"internal tcp 192.0.2.1:443"}
	for how, s := range map[policy.LineHow]rules.System{
		"":                   {System: policy.System{Line: policy.LineNone}, LineProbes: probed},
		policy.LineAttested:  {System: policy.System{Line: policy.LineByHand}, LineProbes: []string{"maintenance tcp 192.0.2.1:443"}},
		policy.LineProbed:    {System: policy.System{Line: policy.LineByHand}, LineProbes: probed},
		policy.LineSimulated: {System: policy.System{Line: policy.LineInterlocked}, LineDriver: "simulated", LineProbes: probed},
		policy.LineDriven:    {System: policy.System{Line: policy.LineInterlocked}, LineProbes: probed},
	} {
		if got := s.How(); got != how {
			t.Errorf("%+v is %q, want %q", s, got, how)
		}
	}
}

// A probe of the demonstration's line, which moves nothing, passes for no protection of a real one.
func TestAttackASimulatedProbeBesideARealLine(t *testing.T) {
	for _, s := range []rules.System{
		{System: policy.System{Line: policy.LineByHand}, LineProbes: []string{"internal simulated"}},
		{System: policy.System{Line: policy.LineInterlocked}, LineDriver: "exec /opt/line", LineProbes: []string{"internal tcp 192.0.2.1:443", "internal simulated"}},
	} {
		if how := s.How(); how != policy.LineSimulated {
			t.Errorf("%+v is %q", s, how)
		}
		var bad *forms.Invalid
		if err := rules.Fields.Valid(&s); !errors.As(err, &bad) || !bad.Has("line-probe-simulated") {
			t.Errorf("%+v: %v", s, err)
		}
	}
	demo := rules.System{System: policy.System{Line: policy.LineInterlocked}, LineDriver: "simulated", LineProbes: []string{"internal simulated"}}
	var bad *forms.Invalid
	if err := rules.Fields.Valid(&demo); errors.As(err, &bad) && bad.Has("line-probe-simulated") {
		t.Errorf("the demonstration's rule: %v", err)
	}
}
