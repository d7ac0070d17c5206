package web

import (
	"os"
	"testing"

	"sekimori/broker/testrun"
)

func TestMain(m *testing.M) {
	testrun.Waiting()
	os.Exit(m.Run())
}
