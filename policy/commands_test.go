package policy

import (
	"strings"
	"testing"
)

// TestAttackUnlistedCommand: whatever a shell would read as more than the listed words is not listed.
func TestAttackUnlistedCommand(t *testing.T) {
	list := []string{"systemctl restart payroll", "tail -n 100 /var/log/app/*", "uptime", "cat *", "report --month=*"}
	for _, ok := range []string{"systemctl restart payroll", "tail -n 100 /var/log/app/a.log", "uptime", "cat a", "cat /etc/hosts", "report --month=10"} {
		if !ListsCommand(list, ok) {
			t.Errorf("%q is listed", ok)
		}
	}
	for _, bad := range []string{
		"", "uptime ", " uptime", "uptime  ", "uptime\n", "uptime\nid", "uptime;id", "uptime; id", "uptime|id", "uptime&", "uptime&&id", "uptime `id`", "uptime $(id)",
		"uptime >x", "uptime #", "\"uptime\"", "'uptime'", "up\\time", "UPTIME", "uptime\x00", "\xef\xbb\xbfuptime", "ｕptime", "uptime\u00a0", "uptime\t",
		"systemctl restart payroll2", "systemctl restart", "systemctl  restart payroll", "systemctl restart payroll now", "A=1 uptime", "env uptime", "./uptime",
		"tail -n 100 /var/log/app/../../../etc/shadow", "tail -n 100 /var/log/app/a b", "tail -n 100 /var/log/app/*", "tail -n 100 /var/log/app/{a,b}", "tail -n 101 /var/log/app/a",
		"cat -n", "cat --help", "cat ..", "cat ../x", "cat ~", "cat ~root/x", "cat =x", "cat a?", "cat [a]", "cat !1", "cat a^b", "cat %1", "cat $HOME", "cat a b", "cat", "cat ",
		strings.Repeat("a", 2000), "cat " + strings.Repeat("a", 2000),
	} {
		if ListsCommand(list, bad) {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestPatternsOfCommands(t *testing.T) {
	for _, ok := range []string{"uptime", "cat *", "cat /var/*", "x --a=*"} {
		if BadCommands([]string{ok}) {
			t.Errorf("%q is a pattern", ok)
		}
	}
	for _, bad := range []string{"", "*", "up*", "cat */x", "cat a*b", "cat **", "cat 'a'", "a  b", "a;b", "a\n", "A=1 b", " a", "a "} {
		if !BadCommands([]string{bad}) {
			t.Errorf("%q is no pattern", bad)
		}
	}
	if !BadCommands(make([]string, MostCommands+1)) {
		t.Error("a list without end is kept")
	}
}

// A pattern covers another where it permits each command that the other permits.
func TestCoveredCommands(t *testing.T) {
	list := []string{"uptime", "cat /var/log/*", "tail * *", "systemctl status *", "report --month=*", "up -*"}
	for pattern, want := range map[string]string{
		"uptime": "uptime", "cat /var/log/a": "cat /var/log/*", "cat /var/log/app/*": "cat /var/log/*", "cat /var/log/*": "cat /var/log/*",
		"tail a b*": "tail * *", "systemctl status payroll": "systemctl status *", "report --month=1*": "report --month=*", "up -a": "up -*",
		"cat /var/*": "", "cat *": "", "cat /var/log/../x": "", "tail -n a": "", "tail -n* a": "", "tail a": "", "systemctl restart payroll": "", "uptime x": "",
		"id": "", "up *": "", "": "", "cat 'a'": "",
	} {
		if got := CoversCommands(list, pattern); got != want {
			t.Errorf("%q is covered by %q, want %q", pattern, got, want)
		}
	}
}

// FuzzCoversCommands: a command that a covered pattern permits is permitted by the pattern that covers it.
func FuzzCoversCommands(f *testing.F) {
	for _, s := range [][3]string{{"cat *", "cat a*", "cat ab"}, {"a *", "a -*", "a -x"}, {"a *", "a ..", "a .."}, {"a x/*", "a x/../*", "a x/../y"}} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, wide, narrow, command string) {
		if CoversCommands([]string{wide}, narrow) != "" && ListsCommand([]string{narrow}, command) && !ListsCommand([]string{wide}, command) {
			t.Errorf("%q is said to cover %q, and does not permit %q", wide, narrow, command)
		}
	})
}

// TestChannelsOfABoundedGrant: shell, command and transfers, for each form of a grant and of the system's rule.
func TestChannelsOfABoundedGrant(t *testing.T) {
	const sftp, scp = "sftp", "scp -t /in/a"
	for name, c := range map[string]struct {
		grant  Grant
		system []string
		open   map[string]bool // by what is asked
	}{
		"shell":         {Grant{}, nil, map[string]bool{"": true, "uptime": true, "uptime; id": true, sftp: true, scp: true}},
		"listed":        {Grant{Commands: []string{"uptime"}}, nil, map[string]bool{"": false, "uptime": true, "uptime; id": false, "id": false, sftp: true, scp: true, "scp -t /in/a; id": false, "scp -S id -t a": false}},
		"forced":        {Grant{Forced: "uptime"}, nil, map[string]bool{"": true, "id": true, sftp: false, scp: false}},
		"rule":          {Grant{}, []string{"uptime"}, map[string]bool{"": false, "uptime": true, "id": false}},
		"rule narrower": {Grant{Commands: []string{"uptime", "id"}}, []string{"uptime"}, map[string]bool{"": false, "uptime": true, "id": false}},
		"forced denied": {Grant{Forced: "id"}, []string{"uptime"}, map[string]bool{"": false, "uptime": false}},
	} {
		for asked, want := range c.open {
			kind := ChannelExec
			switch {
			case asked == "":
				kind = ChannelShell
			case asked == sftp:
				kind = ChannelSFTP
			case strings.HasPrefix(asked, "scp"):
				kind = ChannelCopy
			}
			g, s := c.grant, System{Commands: c.system}
			g.Files = FilesAllowed
			if got := opens(&Facts{}, &g, &s, &Attempt{Channel: kind, Command: asked}); got != want {
				t.Errorf("%s, %s %q: opens %v", name, kind, asked, got)
			}
		}
	}
}

// FuzzPlainWords: words that pass join to the very command, and have no byte that a shell treats as more than a letter.
func FuzzPlainWords(f *testing.F) {
	for _, s := range []string{"uptime", "a b", "a;b", "A=1 b", "cat =x", "a\u3000b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words, err := PlainWords(s)
		if err != nil {
			return
		}
		if strings.Join(words, " ") != s || strings.ContainsAny(s, "\x00\t\r\n;&|<>()$`\"'\\*?[]{}~#!^%") || strings.Contains(words[0], "=") {
			t.Errorf("%q passes as %q", s, words)
		}
	})
}
