package api_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sekimori/broker/api"
)

// An id cannot lead to any path but its own.
func TestAnIDIsOneSegment(t *testing.T) {
	for id, want := range map[string]string{
		"R8-0001":     "/v1/requests/R8-0001/approve",
		"../whoami?":  "/v1/requests/..%2Fwhoami%3F/approve",
		"hr-db/maint": "/v1/requests/hr-db%2Fmaint/approve",
	} {
		if got := api.Requests.Act(id, "approve"); string(got) != want {
			t.Errorf("%q: %s", id, got)
		}
	}
	if got := api.Requests.Pattern("no", "approve"); got != "/v1/requests/{no}/approve" {
		t.Error(got)
	}
}

// TestAddressesStandInOnePlace: clients and server read the same table. The tests of the door write addresses as
// scripts do, and so hold the table to its promises.
func TestAddressesStandInOnePlace(t *testing.T) {
	literal := regexp.MustCompile("(?m)^[^/\n]*[\"`]/v1/")
	root := "../.."
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasPrefix(path, root+"/broker/api/") || strings.HasPrefix(path, root+"/broker/web/") && strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if m := literal.FindIndex(text); m != nil {
			t.Errorf("%s:%d writes an address of the API; broker/api/paths.go has them", path, 1+strings.Count(string(text[:m[0]]), "\n"))
		}
		seen++
		return err
	})
	if err != nil || seen < 100 {
		t.Fatal(seen, err)
	}
}
