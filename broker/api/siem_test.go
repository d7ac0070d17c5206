package api

import (
	"strings"
	"testing"
)

// The state says that a collector without TLS may get entries twice, and says nothing of it otherwise.
func TestTheStateOfACollectorWithoutTLS(t *testing.T) {
	for secured, want := range map[bool]bool{true: false, false: true} {
		said := SIEM{Address: "siem.example:514", TLS: secured, Next: 3, Entries: 3}.Say()
		if strings.Contains(said.JA, "TLS なし") != want || strings.Contains(said.EN, "Without TLS") != want {
			t.Errorf("TLS %t: %+v", secured, said)
		}
	}
}
