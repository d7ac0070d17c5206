package traits

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/recordings"
)

func TestCommandsOnAScreen(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]struct {
		said string
		kind kind
	}{
		"[maint@hr-db ~]$ ls -l":            {"ls -l", inShell},
		"maint@hr:/var/log$ tail -f x":      {"tail -f x", inShell},
		"(venv) maint@hr:~$ python3 a.py":   {"python3 a.py", inShell},
		"root@hr:~# id":                     {"id", inShell},
		"$ psql payroll":                    {"psql payroll", inShell},
		"bash-5.1$ id":                      {"id", inShell},
		"payroll=> SELECT 1;":               {"SELECT 1;", inDatabase},
		"payroll=# \\copy a to '/tmp/a'":    {"\\copy a to '/tmp/a'", inDatabase},
		"payroll-> from staff;":             {"from staff;", inDatabase},
		"mysql> show tables;":               {"show tables;", inDatabase},
		"    -> from staff;":                {"from staff;", inDatabase},
		"MariaDB [hr]> select 1;":           {"select 1;", inDatabase},
		"# a comment":                       {"", notTyped},
		"> quoted text":                     {"", notTyped},
		"the price is 5$ a piece":           {"", notTyped},
		"100% done":                         {"", notTyped},
		"if a > b then":                     {"", notTyped},
		"[maint@hr-db ~]$ ":                 {"", notTyped},
		strings.Repeat("x", 90) + "@h:~$ i": {"", notTyped},
		"":                                  {"", notTyped},
	} {
		if said, kind := typed(line); said != want.said || kind != want.kind {
			t.Errorf("%q: %q %d", line, said, kind)
		}
	}
}

func TestNamesOfCommands(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"sudo -u postgres /usr/bin/psql -c 'select 1; drop'": {"psql"},
		"LANG=C grep -r x . | sort | uniq -c":                {"grep", "sort", "uniq"},
		"cd /tmp && ./run.sh; echo done":                     {"cd", "run.sh", "echo"},
		`echo "a; rm -rf /"`:                                 {"echo"},
		"x=$(whoami)":                                        {"whoami"},
		"sudo":                                               nil,
		"'":                                                  nil,
		"日本":                                                 nil,
	} {
		var got []string
		for _, p := range parts(line) {
			if name, _ := named(p); name != "" {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v", line, got)
		}
	}
}

func TestTablesOfStatements(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string][]string{
		"SELECT * FROM Meisai m, hr.shain s JOIN kyuyo ON a=b": {"meisai", "shain", "kyuyo"},
		"update only meisai set a = 'from other'":              {"meisai"},
		"INSERT INTO log SELECT * FROM (SELECT 1 FROM 社員)":     {"log", "社員"},
		"truncate table if exists t2":                          {"t2"},
		"select now()":                                         nil,
		"select * from pg_stat_activity":                       nil,
		"select 1 from information_schema.tables":              nil,
		"select ' from x":                                      nil,
		"from":                                                 nil,
	} {
		if got := tables(statement); !slices.Equal(got, want) {
			t.Errorf("%q: %v", statement, got)
		}
	}
	all := Traits{Tables: []string{"meisai", "shain", "m"}}
	if out := all.Outside("明細の表meisaiを直す shain_old"); !slices.Equal(out, []string{"shain", "m"}) {
		t.Errorf("%v", out)
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{"scp a b:": true, "cp -p a /tmp/b": true, "cp a /tmp": true, "cp a.conf a.conf.bak": false, "cp": false, "cat a": false, "pg_dump hr": true} {
		if name, args := named(parts(line)[0]); copies(name, args) != want {
			t.Errorf("%q: %v", line, !want)
		}
	}
	for line, want := range map[string]bool{`\copy a to '/tmp/x'`: true, "COPY a TO '/x'": true, "copy a from '/x'": false, "select a into outfile '/x'": true, `\o`: false, "select 1": false} {
		if _, copied := verb(line); copied != want {
			t.Errorf("%q: %v", line, copied)
		}
	}
}

// TestTraitsOfARecording reads a recording of a terminal, a command and a file. What was typed is sealed to another key and stays unread; text
// of a command without a terminal is no prompt.
func TestTraitsOfARecording(t *testing.T) {
	t.Parallel()
	out, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	in, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path, elapsed := t.TempDir()+"/a.skr", time.Duration(0)
	w, err := recordings.Create(path, recordings.Header{Session: "S-20261124-01", Started: time.Unix(0, 0)}, recordings.Options{
		OutputTo: []age.Recipient{out.Recipient()}, InputTo: []age.Recipient{in.Recipient()}, Elapsed: func() time.Duration { return elapsed }})
	if err != nil {
		t.Fatal(err)
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
	ok(w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 80, Rows: 24}))
	ok(w.Event(0, recordings.EventShell, nil))
	ok(w.Data(0, recordings.Stdout, []byte("[m@hr ~]$ sudo ls\r\n[m@hr ~]$ psql hr\r\nhr=> select *\r\nhr-> from shain;\r\n")))
	ok(w.Data(0, recordings.Stdin, []byte("[m@hr ~]$ hidden\r")))
	elapsed += 20 * time.Minute
	ok(w.Data(0, recordings.Stdout, bytes.Repeat([]byte("row of data 0123456789\r\n"), 2000)))
	elapsed += BurstWithin
	ok(w.Data(0, recordings.Stdout, []byte("later\r\n")))
	ok(w.Event(1, recordings.EventOpen, recordings.Opened{Type: "session"}))
	ok(w.Event(1, recordings.EventExec, recordings.Command{Command: `mysql -e 'select * from kyuyo'`}))
	ok(w.Data(1, recordings.Stdout, []byte("$ notacommand\n")))
	ok(w.Event(2, recordings.EventOpen, recordings.Opened{Type: "session"}))
	ok(w.Event(2, recordings.EventSubsystem, recordings.Command{Command: "sftp"}))
	ok(w.Event(2, recordings.EventFile, recordings.FileOp{ID: 1, Op: recordings.FileOpen, Path: "/a", Flags: []string{"read"}}))
	if _, err := w.Close(recordings.End{Cause: "ended", At: time.Unix(2000, 0)}); err != nil {
		t.Fatal(err)
	}
	r, err := recordings.Open(path, out)
	ok(err)
	defer r.Close()
	got, err := Read(t.Context(), r, recordings.View{})
	ok(err)
	if !slices.Equal(got.Commands, []string{"ls", "psql", "sql select", "mysql"}) || !slices.Equal(got.Tables, []string{"shain", "kyuyo"}) || got.Files != 1 || got.Copied != 0 {
		t.Errorf("%+v", got)
	}
	if got.Silence != 20*time.Minute || got.Burst != 48000 || got.Output < 48000 {
		t.Errorf("%+v", got)
	}
}

func FuzzLines(f *testing.F) {
	for _, s := range []string{"[a@b ~]$ psql -c 'select a from b'", "hr=> select * from a, b c, d", "mysql> \\copy x to y", "$ '\"`;;", "日本@x:~$ 社員"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s := &state{}
		s.line(line)
		s.shell(line)
		s.statement(line)
		if len(s.t.Commands) > len(line)*2+2 || len(s.t.Tables) > len(line)+1 {
			t.Errorf("%d commands and %d tables of %d bytes", len(s.t.Commands), len(s.t.Tables), len(line))
		}
		for _, name := range s.t.Tables {
			if len(name) > 128 {
				t.Errorf("a table of %d bytes", len(name))
			}
		}
	})
}
