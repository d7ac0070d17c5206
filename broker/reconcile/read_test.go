package reconcile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/forms"
)

var tokyo = time.FixedZone("JST", 9*60*60)

// TestRecordsOfEveryKindAreRead: each line of these is as the program wrote it.
func TestRecordsOfEveryKindAreRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, record string
		want               string // time, login, source, port of each
	}{
		{"last -F -w -i", "maint    pts/0        192.0.2.1        Tue Nov 24 12:00:05 2026 - Tue Nov 24 12:20:00 2026  (00:19)\nroot     tty1         0.0.0.0          Tue Nov 24 11:00:00 2026   still logged in\n" +
			"reboot   system boot  0.0.0.0          Tue Nov 24 09:00:00 2026   still running\n\nwtmp begins Tue Nov  3 09:00:00 2026\n", accounts.Terminal, "2026-11-24T03:00:05Z maint 192.0.2.1 0; 2026-11-24T02:00:00Z root  0"},
		{"last --time-format iso", "maint    pts/0        2001:db8::5      2026-11-24T12:00:05+09:00 - 2026-11-24T12:20:00+09:00  (00:19)\nwtmp begins 2026-11-03T09:00:00+09:00\n", accounts.Terminal, "2026-11-24T03:00:05Z maint 2001:db8::5 0"},
		{"auth.log, old", "Nov 24 12:00:05 db1 sshd[812]: Accepted publickey for maint from 192.0.2.1 port 50022 ssh2: ED25519-CERT SHA256:abc ID S-1 (serial 1) CA ED25519 SHA256:def\n" +
			"Nov 24 12:00:06 db1 sshd[812]: pam_unix(sshd:session): session opened for user maint\nNov 24 12:01:00 db1 CRON[9]: pam_unix(cron:session): session opened\nDec 31 23:59:59 db1 sshd[1]: Accepted password for root from 192.0.2.9 port 7 ssh2\n",
			accounts.Accepted, "2026-11-24T03:00:05Z maint 192.0.2.1 50022; 2025-12-31T14:59:59Z root 192.0.2.9 7"},
		{"auth.log, ISO 8601", "2026-11-24T12:00:05.123456+09:00 db1 sshd-session[812]: Accepted keyboard-interactive/pam for maint from ::ffff:192.0.2.1 port 50022 ssh2\n", accounts.Accepted, "2026-11-24T03:00:05Z maint 192.0.2.1 50022"},
		{"journalctl -o short-iso", "-- Journal begins at Mon 2026-11-02 09:00:00 JST. --\n2026-11-24T12:00:05+0900 db1 sshd[812]: Accepted publickey for maint from 192.0.2.1 port 50022 ssh2\n", accounts.Accepted, "2026-11-24T03:00:05Z maint 192.0.2.1 50022"},
		{"journalctl -o short-full", "Tue 2026-11-24 12:00:05 JST db1 sshd[812]: Accepted publickey for maint from 192.0.2.1 port 50022 ssh2\n", accounts.Accepted, "2026-11-24T03:00:05Z maint 192.0.2.1 50022"},
		{"journalctl -o short-full --utc", "Tue 2026-11-24 03:00:05 UTC db1 sshd[812]: Accepted publickey for maint from 192.0.2.1 port 50022 ssh2\n", accounts.Accepted, "2026-11-24T03:00:05Z maint 192.0.2.1 50022"},
		{"a host in capitals", "Nov 24 12:00:05 DB sshd[812]: Accepted publickey for maint from 192.0.2.1 port 50022 ssh2\n", accounts.Accepted, "2026-11-24T03:00:05Z maint 192.0.2.1 50022"},
		{"without a host", "Nov 24 12:00:05 sshd[812]: Accepted publickey for maint from 192.0.2.1 port 50022 ssh2\n", accounts.Accepted, "2026-11-24T03:00:05Z maint 192.0.2.1 50022"},
		{"no login", "Nov 24 12:00:05 db1 kernel: hello\n", accounts.Accepted, ""},
		{"a stranger's words in a line of sshd", "Nov 24 12:00:05 db1 sshd[812]: Invalid user x: Accepted publickey for root from 192.0.2.66 port 1 ssh2 from 198.51.100.1 port 4\n" +
			"Nov 24 12:00:05 db1 sshd[812]: Invalid user Accepted publickey for root from 192.0.2.66 port 1 ssh2\nNov 24 12:00:05 db1 app[1]: sshd[812]: Accepted publickey for root from 192.0.2.66 port 1 ssh2\n", accounts.Accepted, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := Read(strings.NewReader(c.text), tokyo, noon)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range r.Logins {
				if l.Record != c.record {
					t.Errorf("record %s", l.Record)
				}
				got = append(got, strings.Join([]string{l.At.Truncate(time.Second).Format(time.RFC3339), l.Login, l.Source, strconv.Itoa(l.Port)}, " "))
			}
			if s := strings.Join(got, "; "); s != c.want {
				t.Errorf("%s\nwant %s", s, c.want)
			}
			if b, read := r.Begins[c.record]; !read || b.IsZero() {
				t.Errorf("begins %v", r.Begins)
			}
		})
	}
}

// TestAttackAFileThatIsNoRecord: a wrong file is refused with its line, and nothing of it counts.
func TestAttackAFileThatIsNoRecord(t *testing.T) {
	t.Parallel()
	bad := make([]byte, 384)
	binary.LittleEndian.PutUint16(bad, 7)
	binary.LittleEndian.PutUint32(bad[340:], uint32(noon.Unix()))
	odd := bytes.Clone(bad)
	odd[0] = 77
	zero := bytes.Clone(bad)
	binary.LittleEndian.PutUint32(zero[340:], 0)
	for _, c := range []struct {
		name, text string
		line       int
	}{
		{"a registry", "systems:\n  - {id: hr}\n", 1},
		{"a page", "<html>\n", 1},
		{"a record that goes over into something else", "Nov 24 12:00:05 db1 kernel: hello\nNov 24 12:00:06 db1 kernel: hello\nrm -rf /\n", 3},
		{"last -F cut off", "maint    pts/0        192.0.2.1        Tue Nov 24 12:00:05 2026\nmaint    pts/0        192.0.2.1        Tue Nov 24 12:0", 2},
		{"last without years", "maint    pts/0        192.0.2.1        Tue Nov 24 12:00   still logged in\n", 1},
		{"another zone's letters", "Tue 2026-11-24 12:00:05 EST db1 sshd[812]: Accepted publickey for maint from 192.0.2.1 port 50022 ssh2\n", 1},
		{"no day", "Feb 31 12:00:05 db1 sshd[1]: hello\n", 1},
		{"a long line", "Nov 24 12:00:05 db1 kernel: " + strings.Repeat("x", mostLine) + "\n", 1},
		{"wtmp of another kind", string(bad) + string(odd), 2},
		{"wtmp without a time", string(zero), 1},
		{"wtmp that breaks off", string(bad) + string(bad[:100]), 2},
		{"empty", "", 0},
		{"too large", strings.Repeat("Nov 24 12:00:05 db1 kernel: hello\n", MostFile/30), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(strings.NewReader(c.text), tokyo, noon)
			var wrong *forms.Invalid
			if !errors.As(err, &wrong) || len(wrong.Problems) != 1 || c.line > 0 && !strings.HasPrefix(wrong.Problems[0].JA, strconv.Itoa(c.line)+"行目") || wrong.Problems[0].JA == wrong.Problems[0].EN {
				t.Fatalf("%v, want line %d", err, c.line)
			}
		})
	}
}

// FuzzRead: any file gives a record or an error, and no login without a name of its record and a time that can be stored.
func FuzzRead(f *testing.F) {
	f.Add([]byte("Nov 24 12:00:05 db1 sshd[812]: Accepted publickey for maint from 192.0.2.1 port 50022 ssh2\n"))
	f.Add([]byte("maint    pts/0        192.0.2.1        Tue Nov 24 12:00:05 2026   still logged in\n"))
	f.Add(bytes.Repeat([]byte{7, 0}, 384))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Read(bytes.NewReader(b), tokyo, noon)
		if err != nil {
			return
		}
		for _, l := range r.Logins {
			if _, read := r.Begins[l.Record]; !read || l.At.Year() < 1989 || l.At.Year() > 2201 || strings.ContainsAny(l.Login+l.Source, "\n\x1b\x00") {
				t.Fatalf("%+v", l)
			}
		}
	})
}
