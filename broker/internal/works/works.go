package works

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"sekimori/broker/internal/townhall"
	"sekimori/policy"
	"sekimori/recordings"
)

// Oddity is an unusual act that is planted into a work. Each has a plain form and a careful one, by a person who avoids notice.
type Oddity string

// The oddities.
const (
	Ordinary   Oddity = ""
	OffScope   Oddity = "off-scope table"
	MassRead   Oddity = "mass read"
	NightWork  Oddity = "night work"
	NewTool    Oddity = "new tool"
	CopiedFile Oddity = "copied file"
	IdleBurst  Oddity = "long idle, then a burst"
	NumberSeen Oddity = "number seen"
)

// Oddities lists all of them but Ordinary.
var Oddities = []Oddity{OffScope, MassRead, NightWork, NewTool, CopiedFile, IdleBurst, NumberSeen}

// Job is the ordinary work of one vendor on one system: its commands and its tables.
type Job struct {
	Vendor, Person, Second, System, Target string
	Commands, Tables                       []string
}

// Jobs are those of a city.
var Jobs = []Job{
	{"V-012", "E-0031", "E-0032", "hr", "hr-db", []string{"ls", "cd", "tail", "grep", "df", "systemctl", "vi", "ps"}, []string{"meisai", "shikyu", "kojo"}},
	{"V-012", "E-0031", "E-0032", "map", "map-web", []string{"ls", "cd", "cat", "tail", "systemctl", "free", "top"}, []string{"layer", "tile"}},
	{"V-013", "E-0040", "E-0041", "map", "map-web", []string{"ls", "cd", "less", "grep", "du", "journalctl", "ss"}, []string{"chiban", "layer"}},
}

// seldom are commands of ordinary work that a vendor needs once in a while.
var seldom = []string{"lsof", "iostat", "strace", "dmesg", "sar", "crontab", "openssl", "dig", "sysctl", "logrotate", "tee", "awk"}

// Work is one work of which a recording is made.
type Work struct {
	ID      string // of the session, and of the file without its ending
	Odd     Oddity
	Careful bool
	Job     Job
	Table   string
	Reads   bool          // the table for certain; otherwise by chance
	Files   bool          // files are exchanged
	Cause   policy.Reason // of the end; empty: the engineer ended it

	Head recordings.Header // what the recording says of the session, beside its number and its start
}

// Maker makes works in a hall, the same ones for the same seed. Recordings go to Dir.
type Maker struct {
	Hall *townhall.Hall
	Dir  string
	Rnd  *rand.Rand
}

// One draws true with probability p.
func (m *Maker) One(p float64) bool { return m.Rnd.Float64() < p }

// Pick draws one of several.
func Pick[T any](m *Maker, all []T) T { return all[m.Rnd.IntN(len(all))] }

// screen types commands on a recorded terminal, and shows their output.
type screen struct {
	tb testing.TB
	m  *Maker
	w  *recordings.Writer
}

func (s *screen) pass(d time.Duration) { s.m.Hall.Pass(d) }

func (s *screen) show(text string) {
	s.tb.Helper()
	if err := s.w.Data(0, recordings.Stdout, []byte(text)); err != nil {
		s.tb.Fatal(err)
	}
	s.pass(time.Second)
}

// shell shows a command line and n bytes of its output.
func (s *screen) shell(command string, n int) {
	s.show("[maint@host ~]$ " + command + "\r\n")
	s.rows(n)
	s.pass(time.Duration(20+s.m.Rnd.IntN(90)) * time.Second)
}

// sql does the same at the prompt of a database client.
func (s *screen) sql(statement string, n int) {
	s.show("payroll=> " + statement + "\r\n")
	s.rows(n)
	s.pass(time.Duration(20+s.m.Rnd.IntN(60)) * time.Second)
}

func (s *screen) rows(n int) {
	for n > 0 {
		line := fmt.Sprintf(" %06d | 見本太郎 | %08x | 令和8年分 |\r\n", s.m.Rnd.IntN(1e6), s.m.Rnd.Uint32())
		part := strings.Repeat(line, min(200, n/len(line)+1))
		s.show(part)
		n -= len(part)
	}
}

// size is a usual number of bytes: a few KiB, seldom much more.
func (m *Maker) size() int { return int(math.Exp(m.Rnd.NormFloat64()*0.8 + 7.2)) }

// Record makes the recording of a work, whose screen shows the table, and lets its time pass.
func (m *Maker) Record(tb testing.TB, w Work) recordings.Digest {
	tb.Helper()
	j, from, head := w.Job, m.Hall.Now(), w.Head
	head.Session, head.Started = w.ID, from
	rec, err := recordings.Create(filepath.Join(m.Dir, w.ID+".skr"), head, recordings.Options{
		OutputTo: []age.Recipient{m.Hall.Keys.ViewingRecipient()}, InputTo: []age.Recipient{m.Hall.Keys.ViewingRecipient()}, Elapsed: func() time.Duration { return m.Hall.Now().Sub(from) }})
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(rec.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}), rec.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 200, Rows: 50}),
		rec.Event(0, recordings.EventShell, nil)); err != nil {
		tb.Fatal(err)
	}
	s := &screen{tb, m, rec}
	for range 3 + m.Rnd.IntN(6) {
		s.shell(Pick(m, j.Commands)+" -l /var/log", m.size())
	}
	if m.One(0.07) {
		s.shell("sudo "+Pick(m, seldom), m.size())
	}
	if m.One(0.05) { // a meal
		s.pass(45 * time.Minute)
	}
	if m.One(0.8) || w.Reads {
		s.shell("psql payroll", 0)
		s.sql("select * from "+w.Table+" where nen = 8;", m.size())
		if m.One(0.5) {
			s.sql("update "+w.Table+" set biko = '' where id = 3;", 0)
		}
		if m.One(0.03) { // a neighbouring table that belongs to the work, but not to the request's words
			s.sql("select count(*) from "+Pick(m, j.Tables)+";", 20)
		}
		s.show("payroll=> \\q\r\n")
	}
	if m.One(0.04) { // a copy that is part of the work
		s.shell("cp -p /etc/app.conf /tmp/app.conf", 0)
	}
	if w.Files {
		if err := errors.Join(rec.Event(1, recordings.EventOpen, recordings.Opened{Type: "session"}), rec.Event(1, recordings.EventSubsystem, recordings.Command{Command: "sftp"}),
			rec.Event(1, recordings.EventFile, recordings.FileOp{ID: 1, Op: recordings.FileOpen, Path: "/srv/patch.tar", Flags: []string{"write"}})); err != nil {
			tb.Fatal(err)
		}
	}
	plant[w.Odd](s, w.Careful)
	s.shell("exit", 0)
	d, err := rec.Close(recordings.End{Cause: string(cmp.Or(w.Cause, policy.EndedByEngineer)), At: m.Hall.Now()})
	if err != nil {
		tb.Fatal(err)
	}
	d.File = w.ID + ".skr"
	return d
}

// plant has, for each oddity, the actions on a screen that make it.
var plant = map[Oddity]func(s *screen, careful bool){
	Ordinary: func(*screen, bool) {}, NightWork: func(*screen, bool) {}, NumberSeen: func(*screen, bool) {},
	OffScope: func(s *screen, careful bool) {
		if careful { // the statement is in a file
			s.shell("psql payroll -f q.sql", 4000)
			return
		}
		s.shell("psql payroll -c 'select shimei, kozabango from shokuin_kihon'", 4000)
	},
	MassRead: func(s *screen, careful bool) {
		if careful { // less than is noticed
			s.shell("cat /var/log/messages", 40_000)
			return
		}
		s.shell("psql payroll", 0)
		s.sql("select * from meisai;", 350_000)
	},
	NewTool: func(s *screen, careful bool) {
		if careful { // under the name of a usual one
			s.shell("./ls 10.0.0.0/24", 2000)
			return
		}
		s.shell("nmap -sS 10.0.0.0/24", 2000)
	},
	CopiedFile: func(s *screen, careful bool) {
		if careful { // by the shell itself
			s.shell("cat meisai.csv > /tmp/.x", 0)
			return
		}
		s.shell("scp meisai.csv backup@10.0.0.9:", 200)
	},
	IdleBurst: func(s *screen, careful bool) {
		silence := 50 * time.Minute
		if careful { // it is broken by a sign now and then
			for range 4 {
				s.pass(10 * time.Minute)
				s.show("\r\n")
			}
			silence = 10 * time.Minute
		}
		s.pass(silence)
		s.shell("cat report.txt", 60_000)
	},
}
