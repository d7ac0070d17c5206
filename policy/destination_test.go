package policy

import "testing"

func TestParseDestination(t *testing.T) {
	for in, want := range map[string]string{
		"db:5432": "db:5432", "DB.Example.:5432": "db.example:5432", "192.0.2.1:22": "192.0.2.1:22", "[2001:DB8::1]:443": "[2001:db8::1]:443",
		"[::ffff:192.0.2.1]:443": "192.0.2.1:443", "a_b-c.x1:1": "a_b-c.x1:1", "localhost:65535": "localhost:65535",
		// Other spellings of an address, and what is no destination.
		"127.1:22": "", "2130706433:22": "", "0x7f.0.0.1:22": "", "0x7f000001:22": "", "192.0.2.1:0": "", "192.0.2.1:022": "", "db": "", "db:": "", ":22": "",
		"db:65536": "", "db:-1": "", "2001:db8::1:443": "", "fe80::1%eth0:22": "", "[fe80::1%eth0]:22": "", "-db:22": "", "d b:22": "", "db\x00:22": "", "db..x:22": "",
		"データ:22": "", "db:22 ": "", "/run/x.sock:1": "",
	} {
		d, err := ParseDestination(in)
		if want == "" {
			if err == nil {
				t.Errorf("%q is read as %s", in, d)
			}
			continue
		}
		if err != nil || d.String() != want {
			t.Errorf("%q: %s, %v; want %s", in, d, err, want)
		}
	}
}

// TestForwardsReachOnlyWhatIsListed: the list of the grant is necessary, and not enough for doors through which nothing is recorded.
func TestForwardsReachOnlyWhatIsListed(t *testing.T) {
	f := &Facts{Targets: map[string]Target{"hr-db": {ID: "hr-db", Host: "10.0.0.5", Port: 22}, "here": {ID: "here", Host: "127.0.0.1", Port: 2022}}}
	f.Runtime.Doors = []string{"10.0.0.9:22", "localhost:2222", "127.0.0.1:2222", "gate:22"}
	all := []string{"db:5432", "10.0.0.5:22", "localhost:22", "127.0.0.1:22", "[::1]:22", "0.0.0.0:22", "10.0.0.9:22", "gate:22", "localhost:2222", "10.0.0.5:5432", "DB:5432"}
	for _, x := range []struct {
		target, to string
		opens      bool
	}{
		{"hr-db", "db:5432", true}, {"hr-db", "10.0.0.5:5432", true}, {"hr-db", "db:5433", false}, {"hr-db", "", false},
		{"hr-db", "DB:5432", false}, // not in its one form
		{"hr-db", "10.0.0.5:22", false}, {"hr-db", "localhost:22", false}, {"hr-db", "127.0.0.1:22", false}, {"hr-db", "[::1]:22", false}, {"hr-db", "0.0.0.0:22", false},
		{"hr-db", "10.0.0.9:22", false}, {"hr-db", "gate:22", false},
		{"hr-db", "localhost:2222", true}, // of the target, which is another machine than the broker
		{"here", "localhost:2222", false},
	} {
		g := &Grant{Target: x.target, Forwards: all}
		if got := forwards(f, g, x.to); got != x.opens {
			t.Errorf("%s to %q: %v", x.target, x.to, got)
		}
	}
	if forwards(f, &Grant{Target: "hr-db"}, "db:5432") {
		t.Error("a grant without a list opens a forward")
	}
}
