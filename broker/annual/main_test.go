package annual_test

import (
	"os"
	"testing"

	"sekimori/broker/testrun"
)

func TestMain(m *testing.M) {
	testrun.Fast()
	os.Exit(m.Run())
}
