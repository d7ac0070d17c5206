package accounts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sekimori/broker/internal/testbed"
)

// TestTheEgressFilterAndItsProbe: in a network namespace, the example filter stops its account and no other, but for the listed address.
func TestTheEgressFilterAndItsProbe(t *testing.T) {
	testbed.NeedRoot(t)
	unshare := testbed.Need(t, "unshare")
	for _, p := range []string{"nft", "ip", "setpriv", "python3"} {
		testbed.Need(t, p)
	}
	filter, err := os.ReadFile("../../examples/hooks/linux-account/egress.nft")
	if err != nil {
		t.Fatal(err)
	}
	probe, err := os.ReadFile("../../examples/hooks/linux-account/probe-egress")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "egress") // the accounts read it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	own := strings.NewReplacer(`"maint"`, "47123", "192.0.2.20 . 5432", "127.0.0.1 . 7001").Replace(string(filter))
	if err := os.WriteFile(filepath.Join(dir, "egress.nft"), []byte(own), 0o644); err != nil {
		t.Fatal(err)
	}
	testbed.Program(t, filepath.Join(dir, "probe"), string(probe))
	testbed.Program(t, filepath.Join(dir, "run"), `#!/bin/sh
ip link set lo up
python3 -c '
import socket, time
held = []
for port in (7001, 7002):
    s = socket.socket(); s.bind(("127.0.0.1", port)); s.listen(50); held.append(s)
open("`+dir+`/ready", "w").close()
time.sleep(600)' &
server=$!
while [ ! -e `+dir+`/ready ]; do kill -0 $server || exit 9; done
try() { EGRESS_HOST=127.0.0.1 EGRESS_PORT=$2 setpriv --reuid=$1 --regid=$1 --clear-groups -- `+dir+`/probe; printf '%s ' $?; }
try 47123 7002
nft -f `+dir+`/egress.nft || exit 8
nft -f `+dir+`/egress.nft || exit 7
try 47123 7002; try 47123 7001; try 47124 7002
kill $server
`)
	out, err := exec.Command(unshare, "--net", filepath.Join(dir, "run")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Without the filter it reaches the port; with it not, but for the listed one; another account does.
	if got := strings.Join(strings.Fields(string(out)), " "); got != "0 1 0 0" {
		t.Errorf("%s", out)
	}
}
