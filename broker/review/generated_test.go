package review_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sekimori/broker/evidence"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/internal/works"
	"sekimori/broker/ledger"
	"sekimori/broker/request"
	"sekimori/broker/review"
	"sekimori/broker/store"
	"sekimori/policy"
)

// generated is a work and what was planted.
type generated struct {
	id      string
	odd     works.Oddity
	careful bool
	table   string // which the work reads for certain; empty: by chance
	asks    string // the request's procedure; empty: by chance
}

// generator makes work that looks like that of a city's vendors, through the real recorder.
type generator struct {
	*works.Maker
	h     *townhall.Hall
	keep  *evidence.Keeper
	queue *review.Queue
	all   []generated
}

func newGenerator(tb testing.TB, seed uint64) *generator {
	h := townhall.Found(tb)
	g := &generator{Maker: &works.Maker{Hall: h, Dir: tb.TempDir(), Rnd: rand.New(rand.NewPCG(seed, 8))}, h: h}
	g.keep = evidence.New(evidence.Options{DB: h.DB, Dir: g.Dir, Clock: h.Now, Viewing: h.Keys.ViewingIdentity()})
	g.queue = review.New(review.Options{Acts: h.Runner(), DB: h.DB, Ring: h.Keys, Zone: townhall.Zone, Clock: h.Now, Traits: g.keep.Traits})
	office := policy.Week{}
	for day := time.Monday; day <= time.Friday; day++ {
		office[day] = policy.Hours{From: 8*time.Hour + 30*time.Minute, Until: 17*time.Hour + 15*time.Minute}
	}
	g.write(tb, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err, tx.PutInstitution(policy.Institution{Declared: true, Hours: office}))
	})
	return g
}

func (g *generator) write(tb testing.TB, do func(tx *store.Tx) error) {
	tb.Helper()
	if err := g.h.DB.Write(tb.Context(), do); err != nil {
		tb.Fatal(err)
	}
}

// works makes n works, three a working day. After the first tenth every tenth has an oddity; of these every third is a careful one.
func (g *generator) works(tb testing.TB, n int) {
	tb.Helper()
	monday := time.Date(2026, 11, 30, 9, 0, 0, 0, townhall.Zone)
	for i := range n {
		day := monday.AddDate(0, 0, i/15*7+i/3%5).Add(time.Duration(i%3)*150*time.Minute + time.Duration(g.Rnd.IntN(40))*time.Minute)
		w := generated{id: fmt.Sprintf("S-%s-%02d", day.Format("20060102"), i%3+1)}
		if planted := i - n/10; planted >= 0 && planted%10 == 4 {
			w.odd, w.careful = works.Oddities[planted/10%len(works.Oddities)], planted/10/len(works.Oddities)%3 == 2
		}
		g.work(tb, w, day, i)
		g.all = append(g.all, w)
	}
}

// work makes one work: its request, recording, session and review.
func (g *generator) work(tb testing.TB, w generated, at time.Time, no int) {
	tb.Helper()
	j := works.Jobs[no%len(works.Jobs)]
	if w.odd == works.NightWork {
		at = time.Date(at.Year(), at.Month(), at.Day(), 22, g.Rnd.IntN(60), 0, 0, townhall.Zone)
		if w.careful { // it begins within office hours and ends a moment before they do
			at = time.Date(at.Year(), at.Month(), at.Day(), 16, 0, 0, 0, townhall.Zone)
		}
	}
	g.h.Pass(at.Sub(g.h.Now()))
	table := works.Pickcmp.Or(w.table, pick(g.Maker, j.Tables))
	body := request.Body{Purpose: "障害の調査と修正", WorkType: "repair", Procedure: "画面の表示を確かめ、表 " + table + " を直す", Files: policy.FilesNone}
	if g.One(0.12) { // the requester wrote no name of a table
		body.Procedure = "明細の画面を直す"
	}
	body.Procedure = cmp.Or(w.asks, body.Procedure)
	if g.One(0.06) {
		body.Urgent = "窓口が止まっている"
	}
	if g.One(0.06) {
		body.Files = policy.FilesAllowed
	}
	s := store.Session{ID: w.id, State: store.SessionEnded, Person: j.Person, Vendor: j.Vendor, Request: fmt.Sprintf("R8-%04d", no+1), System: j.System, Target: j.Target, Account: j.Target + "/maint",
		Created: g.h.Now(), Started: g.h.Now(), Reason: policy.EndedByEngineer, Recording: w.id + ".skr", Masked: w.odd == works.NumberSeen && !w.careful}
	if g.One(0.15) {
		s.Person = j.Second
	}
	if g.One(0.02) {
		s.Reason = policy.WindowEnded
	}
	d := g.Record(tb, works.Work{ID: w.id, Odd: w.odd, Careful: w.careful, Job: j, Table: table, Files: body.Files == policy.FilesAllowed})
	s.Ended, s.RecordingSum, s.RecordingSize = g.h.Now(), d.SHA256.String(), d.Size
	g.write(tb, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{s.ID}, Payload: map[string]any{"session_id": s.ID, "recording": d}})
		return errors.Join(err,
			tx.AddRequest(store.Request{No: s.Request, State: policy.RequestApproved, Version: 1, ApprovedVersion: 1, System: s.System, Vendor: s.Vendor, Requester: "kato", Start: s.Created, End: s.Ended, Body: body}),
			tx.AddSession(s), tx.AddReview(store.Review{ID: s.ID, Session: s.ID, Request: s.Request, System: s.System, Vendor: s.Vendor, Created: s.Ended, Due: s.Ended.Add(review.DueIn)}))
	})
}

// screen types commands on a recorded terminal, and shows their output.
type screen struct {
	tb   testing.TB
	g    *generator
	w    *recordings.Writer
	from time.Time
}

func (s *screen) pass(d time.Duration) { s.g.h.Pass(d) }

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
	s.pass(time.Duration(20+s.g.rnd.IntN(90)) * time.Second)
}

// sql does the same at the prompt of a database client.
func (s *screen) sql(statement string, n int) {
	s.show("payroll=> " + statement + "\r\n")
	s.rows(n)
	s.pass(time.Duration(20+s.g.rnd.IntN(60)) * time.Second)
}

func (s *screen) rows(n int) {
	for n > 0 {
		line := fmt.Sprintf(" %06d | 見本太郎 | %08x | 令和8年分 |\r\n", s.g.rnd.IntN(1e6), s.g.rnd.Uint32())
		part := strings.Repeat(line, min(200, n/len(line)+1))
		s.show(part)
		n -= len(part)
	}
}

// size is a usual number of bytes: a few KiB, seldom much more.
func (g *generator) size() int { return int(math.Exp(g.rnd.NormFloat64()*0.8 + 7.2)) }

// record makes the recording of a work.
func (g *generator) record(tb testing.TB, w generated, j job, table string, files bool) recordings.Digest {
	tb.Helper()
	from := g.h.Now()
	rec, err := recordings.Create(filepath.Join(g.dir, w.id+".skr"), recordings.Header{Session: w.id, Started: from}, recordings.Options{
		OutputTo: []age.Recipient{g.h.Keys.ViewingRecipient()}, InputTo: []age.Recipient{g.h.Keys.ViewingRecipient()}, Elapsed: func() time.Duration { return g.h.Now().Sub(from) }})
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(rec.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}), rec.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 200, Rows: 50}),
		rec.Event(0, recordings.EventShell, nil)); err != nil {
		tb.Fatal(err)
	}
	s := &screen{tb, g, rec, from}
	for range 3 + g.rnd.IntN(6) {
		s.shell(pick(g, j.commands)+" -l /var/log", g.size())
	}
	if g.one(0.07) {
		s.shell("sudo "+pick(g, seldom), g.size())
	}
	if g.one(0.05) { // a meal
		s.pass(45 * time.Minute)
	}
	if g.one(0.8) || w.table != "" {
		s.shell("psql payroll", 0)
		s.sql("select * from "+table+" where nen = 8;", g.size())
		if g.one(0.5) {
			s.sql("update "+table+" set biko = '' where id = 3;", 0)
		}
		if g.one(0.03) { // a neighbouring table that belongs to the work, but not to the request's words
			s.sql("select count(*) from "+pick(g, j.tables)+";", 20)
		}
		s.show("payroll=> \\q\r\n")
	}
	if g.one(0.04) { // a copy that is part of the work
		s.shell("cp -p /etc/app.conf /tmp/app.conf", 0)
	}
	if files {
		if err := errors.Join(rec.Event(1, recordings.EventOpen, recordings.Opened{Type: "session"}), rec.Event(1, recordings.EventSubsystem, recordings.Command{Command: "sftp"}),
			rec.Event(1, recordings.EventFile, recordings.FileOp{ID: 1, Op: recordings.FileOpen, Path: "/srv/patch.tar", Flags: []string{"write"}})); err != nil {
			tb.Fatal(err)
		}
	}
	plant[w.odd](s, w.careful)
	s.shell("exit", 0)
	d, err := rec.Close(recordings.End{Cause: string(policy.EndedByEngineer), At: g.h.Now()})
	if err != nil {
		tb.Fatal(err)
	}
	d.File = w.id + ".skr"
	return d
}

// plant does what an oddity is.
var plant = map[oddity]func(s *screen, careful bool){
	ordinary: func(*screen, bool) {}, nightWork: func(*screen, bool) {}, numberSeen: func(*screen, bool) {},
	offScope: func(s *screen, careful bool) {
		if careful { // the statement is in a file
			s.shell("psql payroll -f q.sql", 4000)
			return
		}
		s.shell("psql payroll -c 'select shimei, kozabango from shokuin_kihon'", 4000)
	},
	massRead: func(s *screen, careful bool) {
		if careful { // less than is noticed
			s.shell("cat /var/log/messages", 40_000)
			return
		}
		s.shell("psql payroll", 0)
		s.sql("select * from meisai;", 350_000)
	},
	newTool: func(s *screen, careful bool) {
		if careful { // under the name of a usual one
			s.shell("./ls 10.0.0.0/24", 2000)
			return
		}
		s.shell("nmap -sS 10.0.0.0/24", 2000)
	},
	copiedFile: func(s *screen, careful bool) {
		if careful { // by the shell itself
			s.shell("cat meisai.csv > /tmp/.x", 0)
			return
		}
		s.shell("scp meisai.csv backup@10.0.0.9:", 200)
	},
	idleBurst: func(s *screen, careful bool) {
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
