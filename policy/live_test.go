package policy

import (
	"strings"
	"testing"
)

// TestLiveRulesJudge: each row is one line and the effect that the rules have on it.
func TestLiveRulesJudge(t *testing.T) {
	rules := NewLiveRules([]string{
		"refuse rm -rf", "hold shutdown", "hold systemctl stop", "warn cat /etc/shadow", `end re:(?i)\bdrop\s+table\b`, "refuse mkfs*", "hold /opt/city/purge",
	})
	exact := func(s string) LiveLine { return LiveLine{Text: s} }
	typed := func(s string) LiveLine { return LiveLine{Text: s, Typed: true} }
	loose := func(s string) LiveLine { return LiveLine{Text: s, Loose: true, Typed: true} }
	for _, c := range []struct {
		line LiveLine
		want LiveEffect
		rule string // empty: the line cannot be judged
	}{
		{exact("rm -rf /srv"), LiveRefuse, "refuse rm -rf"},
		{exact("rm /srv/a"), "", ""},
		{exact("rm -v -rf /srv"), LiveRefuse, "refuse rm -rf"},
		{exact("/bin/rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("sudo -u root rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("ls; rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("ls && (rm -rf x)"), LiveRefuse, "refuse rm -rf"},
		{exact("echo `rm -rf x`"), LiveRefuse, "refuse rm -rf"},
		{exact(`echo "$(rm -rf x)"`), LiveRefuse, "refuse rm -rf"},
		{exact(`sh -c "rm -rf x"`), LiveRefuse, "refuse rm -rf"},
		{exact(`r""m -r'f' x`), LiveRefuse, "refuse rm -rf"},
		{exact(`\rm -rf x`), LiveRefuse, "refuse rm -rf"},
		{exact("rm \\\n-rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("LANG=C rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("if true; then rm -rf x; fi"), LiveRefuse, "refuse rm -rf"},
		{exact("find . -exec rm -rf {} +"), LiveRefuse, "refuse rm -rf"},
		{exact("echo rm -rf"), "", ""},
		{exact("grep shutdown log"), "", ""},
		{exact("cat /etc/shadow"), LiveWarn, "warn cat /etc/shadow"},
		{exact("cat /etc/shadow; shutdown -h now"), LiveHold, "hold shutdown"},
		{exact("mkfs.ext4 /dev/sdb"), LiveRefuse, "refuse mkfs*"},
		{exact("purge"), "", ""},
		{exact("/opt/city/purge x"), LiveHold, "hold /opt/city/purge"},
		{exact("psql -c 'DROP  TABLE meisai'"), LiveEnd, `end re:(?i)\bdrop\s+table\b`},
		{exact("psql -c 'dr'op' table meisai'"), LiveEnd, `end re:(?i)\bdrop\s+table\b`},
		{exact("$x -rf /"), LiveHold, ""},
		{exact("$(echo rm) -rf /"), LiveHold, ""},
		{exact("/bin/r? -rf /"), LiveHold, ""},
		{exact("echo cm0= | base64 -d | sh"), LiveHold, ""},
		{exact("bash < script"), LiveHold, ""},
		{exact("[ -f x ]"), "", ""},
		{exact("sh -c '$x'y z"), LiveHold, ""},
		{exact("sh -c '$x y'"), LiveHold, ""},
		{exact("env A='$b c' ls"), "", ""},
		{exact("echo $HOME; ls *.txt"), "", ""},
		{exact("echo !rm"), "", ""}, // no person's shell reads an exec
		{typed("!rm"), LiveHold, ""},
		{typed("!!"), LiveHold, ""},
		{typed("echo '!!'"), "", ""},
		{typed("[ ! -f x ]"), "", ""},
		{typed(":q!"), "", ""},
		{loose("(reverse-i-search)`rm': rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{loose(":!rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{loose("[maint@hr-db ~]$ shutdown now"), LiveHold, "hold shutdown"},
		// A name that only the target's shell will know, behind whatever runs it.
		{exact("A=1 /bin/r? -rf /"), LiveHold, ""},
		{exact("A=1 {rm,-rf,x}"), LiveHold, ""},
		{exact("a[0]+=1 rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("sudo /bin/r? -rf /"), LiveHold, ""},
		{exact("sudo -u root -n env -i A=1 {rm,-rf,x}"), LiveHold, ""},
		{exact("timeout 5 /bin/r[m] -rf x"), LiveHold, ""},
		{exact("sh -c {rm,-rf,x}"), LiveHold, ""},
		{exact("sudo bash -lc 'A=1 /bin/r? x'"), LiveHold, ""},
		{exact("env -S'/bin/r? x'"), LiveHold, ""},
		{exact("eval /bin/r? x"), LiveHold, ""},
		{exact(`eval "$x"`), LiveHold, ""},
		{exact("ssh localhost {rm,-rf,x}"), LiveHold, ""},
		{exact("ssh -p 22 -v db2 ls *.txt"), "", ""},
		{exact("find . -exec /bin/r? {} +"), LiveHold, ""},
		{exact("find . -name *.log -exec {} +"), LiveHold, ""},
		{exact("if ! $x; then ls; fi"), LiveHold, ""},
		{exact("echo rm x | xargs env"), LiveHold, ""},
		{exact("echo cm0= | base64 -d | sudo sh -s"), LiveHold, ""},
		{exact("<script sh"), LiveHold, ""},
		{exact("echo cm0= | base64 -d | sudo -s"), LiveHold, ""},
		{exact("echo 'rm -rf x' | sudo -u root -i"), LiveHold, ""},
		{exact("sudo -n -i <script"), LiveHold, ""},
		{exact("base64 -d x | su -"), LiveHold, ""},
		{exact("base64 -d x | sudo su"), LiveHold, ""},
		{exact("base64 -d x | su postgres"), LiveHold, ""},
		{exact("base64 -d x | unshare -r"), LiveHold, ""},
		{exact("base64 -d x | ssh -p 22 localhost"), LiveHold, ""},
		{exact("base64 -d x | ssh localhost cat"), "", ""},
		{exact("echo secret | su -c id"), "", ""},
		{exact("base64 -d x | sudo tee y"), "", ""},
		{exact("cat x | env"), "", ""},
		{exact(". /dev/stdin <<<x"), LiveHold, ""},
		{exact("echo rm | at now"), LiveHold, ""},
		{exact("sudo ls *.txt"), "", ""},
		{exact("sudo -u postgres ls -l *.txt {a,b} $HOME"), "", ""},
		{exact("env LANG=C ls *"), "", ""},
		{exact("find . -name *.log -exec cat {} +"), "", ""},
		{exact("find . -name *.log | xargs grep -l x"), "", ""},
		{exact("sh script.sh *.txt < data"), "", ""},
		{exact("ls | xargs"), "", ""},
		{exact("alias q='rm -rf'"), LiveRefuse, "refuse rm -rf"},
		{exact("alias q=$x"), LiveHold, ""},
		{exact("PROMPT_COMMAND='rm -rf x'"), LiveRefuse, "refuse rm -rf"},
		{exact("function q { rm -rf x; }"), LiveRefuse, "refuse rm -rf"},
		// A redirection may stand anywhere in a command.
		{exact(">/dev/null rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("2>&1 rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("{fd}>x rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("&>x rm -rf x"), LiveRefuse, "refuse rm -rf"},
		{exact("rm &>x -rf /"), LiveRefuse, "refuse rm -rf"},
		{exact("rm 2>&1 -rf /"), LiveRefuse, "refuse rm -rf"},
		{exact("<x rm -rf /"), LiveRefuse, "refuse rm -rf"},
		{exact("cat </etc/shadow"), LiveWarn, "warn cat /etc/shadow"},
		{exact("cat <(rm -rf x)"), LiveRefuse, "refuse rm -rf"},
		{exact("echo x >rm -rf"), "", ""},
		// Keys that mean something else from then on, and lines of the history.
		{typed("^x^m"), LiveHold, ""},
		{typed("fc -s rm"), LiveHold, ""},
		{typed("fc"), LiveHold, ""},
		{typed("fc -l"), "", ""},
		{typed("stty -isig"), LiveHold, ""},
		{typed("sudo stty eol x"), LiveHold, ""},
		{typed("stty -echo; stty rows 40 cols 100; stty sane"), "", ""},
		{typed("bind '\"q\": \"ls\"'"), LiveHold, ""},
		{typed("set -o vi"), LiveHold, ""},
		{typed("set -e"), "", ""},
		{exact("stty -isig"), "", ""}, // no keys follow an exec
		{exact(strings.Repeat("x", LongestLive+1)), LiveHold, ""},
		{exact(""), "", ""},
	} {
		v := rules.Judge(c.line)
		if v.Effect != c.want || v.Rule != c.rule || v.Unjudged != (c.want != "" && c.rule == "") {
			t.Errorf("%q: %+v, want %q by %q", c.line.Text, v, c.want, c.rule)
		}
	}
}

// TestLiveRulesThatOnlyWarnHoldNothing: what cannot be judged is told where no rule does more.
func TestLiveRulesThatOnlyWarnHoldNothing(t *testing.T) {
	if v := NewLiveRules([]string{"warn rm"}).Judge(LiveLine{Text: "$x"}); v.Effect != LiveWarn || !v.Unjudged {
		t.Errorf("%+v", v)
	}
	if v := NewLiveRules([]string{"nonsense"}).Judge(LiveLine{Text: "ls"}); v.Effect != LiveRefuse || v.Rule != "nonsense" {
		t.Errorf("a rule that cannot be read lets a command go on: %+v", v)
	}
	if NewLiveRules(nil) != nil {
		t.Error("no rules are judged")
	}
}

func TestLiveRuleForms(t *testing.T) {
	for rule, good := range map[string]bool{
		"hold shutdown": true, "refuse rm -rf *": true, "end re:drop table": true, "warn vi /etc/*": true,
		"": false, "hold": false, "hold ": false, "block rm": false, "hold *": false, "hold  rm": false, "hold rm  x": false, "refuse rm;ls": false, "hold 'rm'": false,
		"end re:": false, "end re:(": false, "end re:a*": false, "end re:(a{1000}){1000}": false, "end re:(a{100}){50}": false, "hold r\x1bm": false,
		"hold " + strings.Repeat("a", longestLiveRule): false, "hold a\xff": false,
	} {
		if _, err := readLiveRule(rule); (err == nil) != good {
			t.Errorf("%q: %v", rule, err)
		}
	}
	if !BadLiveRules(make([]string, MostLiveRules+1)) || BadLiveRules([]string{"hold rm"}) {
		t.Error("the number of rules is not bounded")
	}
}

// FuzzLiveLine: no line breaks the judge. A rule that matches a command matches it as a loose line as well, and no quote hides a plain one.
func FuzzLiveLine(f *testing.F) {
	for _, s := range []string{"rm -rf x", `sh -c "rm"`, "a`b`$(c)", "'", "\\", "!!", "\"$(\"$(\"$(", strings.Repeat("\"$(", 1000), strings.Repeat("env find -exec ", 200), strings.Repeat("eval ", 800)} {
		f.Add(s)
	}
	rules := NewLiveRules([]string{"refuse rm -rf", "hold shutdown*", `end re:(?i)drop\s+table`})
	f.Fuzz(func(t *testing.T, line string) {
		for _, l := range []LiveLine{{Text: line}, {Text: line, Typed: true}, {Text: line, Loose: true, Typed: true}} {
			v := rules.Judge(l)
			if (v.Effect == "") != (v.Rule == "" && !v.Unjudged) {
				t.Errorf("%+v", v)
			}
		}
		if strings.ContainsAny(line, "'\"`\\#\n()<>$") || len(line) > LongestLive-20 {
			return
		}
		if v := rules.Judge(LiveLine{Text: line + "; rm -rf x"}); v.Rule != "refuse rm -rf" && v.Effect != LiveEnd {
			t.Errorf("behind %q: %+v", line, v)
		}
	})
}
