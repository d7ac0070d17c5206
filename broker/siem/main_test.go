package siem

import (
	"fmt"
	"os"
	"testing"

	"sekimori/broker/testrun"
)

// role makes the test program one of the two processes that a test kills.
const role = "SEKIMORI_SIEM_ROLE"

func TestMain(m *testing.M) {
	if run := map[string]func() error{"collector": collectorProcess, "broker": brokerProcess}[os.Getenv(role)]; run != nil {
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testrun.Fast()
	os.Exit(m.Run())
}
