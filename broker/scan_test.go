package broker_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/crypto/ssh"

	"sekimori/broker"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/store"
	"sekimori/policy"
)

// scanning is the variable under which this test binary runs TestAttackAScan in a network namespace of its own.
const scanning = "SEKIMORI_TEST_SCAN"

// The hosts of the scan: the broker's, the target with a side to each, and an office host behind the target.
const (
	scanBroker, scanBroker6 = "10.21.0.1", "fd21::1"
	scanTarget, scanTarget6 = "10.21.0.2", "fd21::2"
	scanInner               = "10.22.0.1" // the target's address on the office's side
	scanOffice, scanOffice6 = "10.22.0.2", "fd22::2"
)

// TestAttackAScan sends real packets. An engineer scans addresses and ports through the broker, in every spelling of an address, and then
// from a shell on the target, where the example egress filter stands. The kernel notes each connection that the target begins and each that
// arrives at the office host and at the broker's: they are the granted ones, all of them and no other.
func TestAttackAScan(t *testing.T) {
	if os.Getenv(scanning) != "" {
		scan(t)
		return
	}
	t.Parallel()
	testbed.NeedRoot(t)
	unshare := testbed.Need(t, "unshare")
	for _, p := range []string{"ip", "nft", "python3"} {
		testbed.Need(t, p)
	}
	c := exec.CommandContext(t.Context(), unshare, "--net", os.Args[0], "-test.run=^TestAttackAScan$", "-test.v", "-test.timeout=5m")
	c.Env = append(os.Environ(), scanning+"=1")
	out, err := c.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestAttackAScan")) {
		t.Errorf("%v\n%s", err, out)
	}
	for _, line := range regexp.MustCompile(`(?m)^.*(destinations|tuples).*$`).FindAllString(string(out), -1) {
		t.Log(strings.TrimSpace(line))
	}
}

func scan(t *testing.T) {
	h := newScanned(t)
	o := foundWith(t, time.Hour, testbed.TargetOptions{}, func(c *broker.Config) { c.SSHListen = "0.0.0.0:0" })
	h.host = testbed.StartHost(t, testbed.HostOptions{Accounts: []string{"maint"}, CA: o.ring.CAPublic(), Network: h.target, Listen: scanTarget, Setup: "usermod -p '*' maint\n"})
	_, text, _ := net.SplitHostPort(h.host.Addr)
	sshd, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	e := o.engineers(1)[0]
	// The target's clock is the machine's, by which it judges certificates.
	started, err := broker.Start(t.Context(), o.config, broker.Options{Clock: o.clock.Now, Hash: o.hash, FS: o.disk, TargetClock: func() time.Time { return o.byMachine(o.clock.Now()) },
		Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: catalogued{t}})})
	if err != nil {
		t.Fatal(err)
	}
	b := &running{Broker: started, o: o, addr: started.SSHAddr().String()}
	t.Cleanup(b.close)
	_, gate, _ := net.SplitHostPort(b.addr)
	addr := net.JoinHostPort("127.0.0.1", gate)
	granted := []string{scanOffice + ":5432", "[" + scanOffice6 + "]:5433", "localhost:8080"}
	// No grant opens the target's own SSH server, although someone approved it.
	mistaken := []string{fmt.Sprintf("%s:%d", scanTarget, sshd), fmt.Sprintf("localhost:%d", sshd), fmt.Sprintf("127.0.0.1:%d", sshd)}
	o.write(func(tx *store.Tx) error {
		target, err := tx.Target("hr-db")
		if err != nil {
			return err
		}
		target.Host, target.Port, target.HostKey = scanTarget, sshd, string(ssh.MarshalAuthorizedKey(h.host.HostKey))
		w, err := tx.Window(office1)
		return errors.Join(err, tx.PutTarget(target), tx.SetGrantState(office1+"-"+e.id, policy.GrantRevoked, "U-001", "転送のある許可に替える"),
			tx.AddGrant(policy.Grant{ID: office1 + "-forwards", Person: e.id, Vendor: "V-001", Target: "hr-db", Account: "hr-db/maint", Window: w.Window, Request: "R8-0001",
				Files: policy.FilesAllowed, State: policy.GrantActive, PersonLimit: 10_000, Forwards: append(slices.Clone(granted), mistaken...)}))
	})

	hosts := []string{
		scanBroker6, "fd21:0:0:0:0:0:0:1", "::ffff:" + scanBroker, scanTarget6, "fd22::1", scanOffice6, "fd22:0000:0:0::0.0.0.2", "[" + scanOffice6 + "]", scanOffice6 + "%veth0",
		"::ffff:" + scanOffice, "::ffff:0a16:2", "::ffff:10.22.2", "::" + scanOffice, "169213954", "0xa160002", "0x0a.0x16.0x0.0x2", "012.026.0.02", "010.022.000.002", "10.22.2", "10.1441794", "10.22.0.2.", " 10.22.0.2", "10.22.0.2\x00",
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST", "localhost.", "localhost..", "ip6-localhost", "broker.localhost", "gate", "",
		"10.22.0.255", "255.255.255.255", "224.0.0.1", "ff02::1",
	}
	for n := range 16 {
		hosts = append(hosts, "10.21.0."+strconv.Itoa(n), "10.22.0."+strconv.Itoa(n))
	}
	ports := []int{22, sshd, 8080, 1, 65535, 0}
	if n, err := strconv.Atoi(gate); err == nil {
		ports = append(ports, n)
	}
	for n := range 16 {
		ports = append(ports, 5425+n)
	}
	h.forget()
	opened, asked := h.through(e, addr, hosts, ports)
	t.Logf("%d destinations asked through the broker, opened: %v", asked, opened)
	want := []string{scanOffice + " 5432", scanOffice6 + " 5433"}
	wantLocal := []string{"8080"}
	if got := h.reached(h.office); !slices.Equal(got, want) {
		t.Errorf("arrived at the office host: %v, want %v", got, want)
	}
	var begun, local []string
	for _, one := range h.reached(h.target) {
		if host, port, _ := strings.Cut(one, " "); net.ParseIP(host).IsLoopback() {
			local = append(local, port)
		} else {
			begun = append(begun, one)
		}
	}
	slices.Sort(local)
	if !slices.Equal(begun, want) || !slices.Equal(slices.Compact(local), wantLocal) {
		t.Errorf("begun by the target: %v and on itself %v; want %v and %v", begun, local, want, wantLocal)
	}
	if got := h.reached(""); len(got) > 0 {
		t.Errorf("arrived at the broker: %v", got)
	}

	// From a shell on the target. Without the filter the scan reaches more: it can.
	h.forget()
	h.from(e, addr, ports)
	if free := h.reached(h.office); len(free) < 15 {
		t.Errorf("without the filter the scan reaches %v only", free)
	}
	if back := h.reached(""); len(back) == 0 {
		t.Error("without the filter the scan does not arrive at the broker")
	}
	h.filter()
	h.forget()
	h.from(e, addr, ports)
	if got := h.reached(h.office); !slices.Equal(got, want) {
		t.Errorf("with the filter %v arrived at the office host, want %v", got, want)
	}
	if got := h.reached(h.target); !slices.Equal(got, want) {
		t.Errorf("with the filter the target began %v, want %v", got, want)
	}
	if got := h.reached(""); len(got) > 0 {
		t.Errorf("with the filter %v arrived at the broker", got)
	}
	// The granted forward still opens, for the filter knows it.
	if opened, _ := h.through(e, addr, []string{scanOffice, scanOffice6, "localhost"}, []int{5432, 5433, 22}); !slices.Equal(opened, []string{scanOffice + " 5432", scanOffice6 + " 5433"}) {
		t.Errorf("with the filter the forwards %v open", opened)
	}
	b.close()
}

// scanned is a target and an office host, each in a network namespace, beside the one of this process.
type scanned struct {
	t              *testing.T
	target, office string // the namespaces
	host           *testbed.Host
}

func (h *scanned) run(words ...string) string {
	h.t.Helper()
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return string(out)
}

// in is a command in a namespace; empty: this process's.
func in(ns string, words ...string) []string {
	if ns == "" {
		return words
	}
	return append([]string{"ip", "netns", "exec", ns}, words...)
}

// notes are the tables that note connections: those that a host begins, and those that arrive.
const notes = `table inet seen {
  set four { type ipv4_addr . inet_service; flags dynamic; size 65535; }
  set six { type ipv6_addr . inet_service; flags dynamic; size 65535; }
  chain noted {
    type filter hook %s priority %s;
    %s
    tcp flags & (syn | ack) == syn add @four { ip daddr . tcp dport }
    tcp flags & (syn | ack) == syn add @six { ip6 daddr . tcp dport }
    meta l4proto udp ip daddr != 224.0.0.0/4 add @four { ip daddr . udp dport }
    meta l4proto udp ip6 daddr != ff00::/8 add @six { ip6 daddr . udp dport }
  }
}
`

func newScanned(t *testing.T) *scanned {
	t.Helper()
	id := strconv.Itoa(os.Getpid())
	h := &scanned{t: t, target: "skst" + id, office: "skso" + id}
	h.run("ip", "link", "set", "lo", "up")
	for _, ns := range []string{h.target, h.office} {
		h.run("ip", "netns", "add", ns)
		t.Cleanup(func() { h.run("ip", "netns", "del", ns) })
		h.run("ip", "-n", ns, "link", "set", "lo", "up")
	}
	h.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "line", "netns", h.target)
	h.run("ip", "-n", h.office, "link", "add", "veth0", "type", "veth", "peer", "name", "office", "netns", h.target)
	for _, a := range []struct{ ns, iface, four, six string }{
		{"", "veth0", scanBroker, scanBroker6}, {h.target, "line", scanTarget, scanTarget6}, {h.target, "office", scanInner, "fd22::1"}, {h.office, "veth0", scanOffice, scanOffice6},
	} {
		ip := []string{"ip"}
		if a.ns != "" {
			ip = append(ip, "-n", a.ns)
		}
		h.run(append(slices.Clone(ip), "addr", "add", a.four+"/24", "dev", a.iface)...)
		h.run(append(slices.Clone(ip), "addr", "add", a.six+"/64", "dev", a.iface, "nodad")...)
		h.run(append(slices.Clone(ip), "link", "set", a.iface, "up")...)
	}
	// At the target after any filter, so that only what leaves it is noted.
	for ns, how := range map[string][]any{"": {"input", "0", "iif != veth0 accept"}, h.target: {"output", "300", ""}, h.office: {"prerouting", "-300", "iif lo accept"}} {
		file := filepath.Join(t.TempDir(), "notes")
		if err := os.WriteFile(file, fmt.Appendf(nil, notes, how...), 0o600); err != nil {
			t.Fatal(err)
		}
		h.run(in(ns, "nft", "-f", file)...)
	}
	h.listen(h.office, "::", 5432, 5433, 5434, 22)
	h.listen(h.target, "::", 8080, 5432)
	return h
}

// listen answers on ports of a host until the test ends.
func (h *scanned) listen(ns, address string, ports ...int) {
	h.t.Helper()
	c := exec.Command("ip", "netns", "exec", ns, "/usr/bin/python3", "-c", `import socket, sys
held = []
for port in sys.argv[2:]:
    s = socket.create_server((sys.argv[1], int(port)), family=socket.AF_INET6, dualstack_ipv6=True, backlog=200); held.append(s)
print("ready", flush=True)
sys.stdin.read()`, address)
	for _, p := range ports {
		c.Args = append(c.Args, strconv.Itoa(p))
	}
	stdin, err := c.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { stdin.Close(); _ = c.Wait() })
	ready := make([]byte, 6)
	if _, err := out.Read(ready); err != nil || string(ready[:5]) != "ready" {
		h.t.Fatalf("the servers do not listen: %q, %v", ready, err)
	}
}

// forget empties the notes.
func (h *scanned) forget() {
	for _, ns := range []string{"", h.target, h.office} {
		for _, set := range []string{"four", "six"} {
			h.run(in(ns, "nft", "flush", "set", "inet", "seen", set)...)
		}
	}
}

var noted = regexp.MustCompile(`([0-9a-f:.]+) \. (\d+)`)

// reached are the noted connections of a host, as address and port.
func (h *scanned) reached(ns string) (all []string) {
	h.t.Helper()
	for _, set := range []string{"four", "six"} {
		var one []string
		for _, m := range noted.FindAllStringSubmatch(h.run(in(ns, "nft", "-nn", "list", "set", "inet", "seen", set)...), -1) {
			one = append(one, m[1]+" "+m[2])
		}
		slices.Sort(one)
		all = append(all, one...)
	}
	return all
}

// through asks for a forward to each host and port, in sessions of the engineer, and tells those that opened.
func (h *scanned) through(e *engineer, addr string, hosts []string, ports []int) (opened []string, asked int) {
	h.t.Helper()
	c := e.mustDial(addr)
	defer func() { c.Close(); <-c.gone }()
	for _, host := range hosts {
		for _, port := range ports {
			asked++
			ch, reqs, err := c.OpenChannel("direct-tcpip", ssh.Marshal(struct {
				Host       string
				Port       uint32
				OriginHost string
				OriginPort uint32
			}{host, uint32(port), "127.0.0.1", 1}))
			var refused *ssh.OpenChannelError
			switch {
			case err == nil:
				go ssh.DiscardRequests(reqs)
				ch.Close()
				opened = append(opened, host+" "+strconv.Itoa(port))
			case !errors.As(err, &refused):
				h.t.Fatalf("after %d: %q %d: %v", asked, host, port, err)
			case refused.Reason == ssh.Prohibited && h.t.Failed(): // said once
			case refused.Reason == ssh.Prohibited && !strings.Contains(refused.Message, numbered(policy.FeatureNotGranted)):
				h.t.Errorf("%q %d: %v", host, port, err)
			}
		}
	}
	return opened, asked
}

// from scans as the account, in a shell of a session: TCP and UDP, IPv4 and IPv6.
func (h *scanned) from(e *engineer, addr string, ports []int) {
	h.t.Helper()
	c := e.mustDial(addr)
	defer func() { c.Close(); <-c.gone }()
	var list []string
	for _, p := range ports {
		if p > 0 {
			list = append(list, strconv.Itoa(p))
		}
	}
	script := `/usr/bin/python3 -c '
import socket
ports = [` + strings.Join(list, ",") + `]
hosts = ["10.21.0.%d" % n for n in (1, 2, 9)] + ["10.22.0.%d" % n for n in range(1, 5)] + ["127.0.0.1", "127.0.0.2", "fd21::1", "fd21::2", "fd22::1", "fd22::2", "::1"]
held, n = [], 0
for h in hosts:
    family = socket.AF_INET6 if ":" in h else socket.AF_INET
    for p in ports:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            s = socket.socket(family, kind); s.setblocking(False); n += 1
            try: s.connect((h, p)); s.send(b"x")
            except OSError: pass
            held.append(s)
            if len(held) > 400: held.pop(0).close()
print("scanned", n)'`
	out, said, exit, err := c.run(script)
	if exit != 0 || err != nil || !strings.HasPrefix(out, "scanned ") {
		h.t.Fatalf("the scan: %q, %q, %d, %v", out, said, exit, err)
	}
	h.t.Logf("from the target: %s tuples", strings.TrimSpace(out))
}

// filter loads the example egress filter on the target.
func (h *scanned) filter() {
	h.t.Helper()
	text, err := os.ReadFile("../examples/hooks/linux-account/egress.nft")
	if err != nil {
		h.t.Fatal(err)
	}
	accounts, err := os.ReadFile(h.host.Path("/etc/passwd"))
	if err != nil {
		h.t.Fatal(err)
	}
	uid := regexp.MustCompile(`(?m)^maint:[^:]*:(\d+):`).FindSubmatch(accounts)
	if uid == nil {
		h.t.Fatal("no account maint")
	}
	own := strings.NewReplacer(`"maint"`, string(uid[1]), "192.0.2.20 . 5432", scanOffice+" . 5432", "# elements = { 2001:db8::20 . 5432 }", "elements = { "+scanOffice6+" . 5433 }").Replace(string(text))
	file := filepath.Join(h.t.TempDir(), "egress.nft")
	if err := os.WriteFile(file, []byte(own), 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.run(in(h.target, "nft", "-f", file)...)
}
