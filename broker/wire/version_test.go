package wire_test

import (
	"strings"
	"testing"

	"sekimori/broker/wire"
)

func TestValidVersion(t *testing.T) {
	for v, want := range map[string]bool{
		wire.Version: true, "Sekimori": true, "City-Gate_1 of X": true, "Gate OpenSSH_9.9": true, "OpenSSH_9.9p2": true,
		"": false, " OpenSSH_9.9": false, "-x": false, "x\r\n": false, "門": false, strings.Repeat("x", 129): false,
		"OpenSSH": false, "OpenSSH_10.0": false, "OpenSSH_Sekimori": false, "OpenSSH_9": false, "paramiko_2": false,
	} {
		if wire.ValidVersion(v) != want {
			t.Errorf("%q: %v", v, !want)
		}
	}
	if got := wire.VersionLine(""); got != "SSH-2.0-"+wire.Version {
		t.Errorf("%q", got)
	}
}
