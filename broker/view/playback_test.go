package view_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/go-hclog"

	"sekimori/broker/dial"
	"sekimori/broker/evidence"
	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/search"
)

// archive is a hall with one recorded session of system hr.
type archive struct {
	*townhall.Hall
	t     *testing.T
	views *view.Views
	dir   string
	id    string

	viewsWith func(*search.Index) *view.Views
}

func newArchive(t *testing.T, record func(w *recordings.Writer, pass func(time.Duration))) *archive {
	t.Helper()
	a := &archive{Hall: townhall.Found(t), t: t, dir: t.TempDir(), id: "S-20261124-01"}
	offline, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	log := hclog.NewNullLogger()
	sup, err := session.New(session.Options{DB: a.DB, Ring: a.Keys, Dialer: &dial.Dialer{Log: log}, Dir: a.dir, Clock: a.Now, Zone: townhall.Zone, Log: log,
		OutputTo: []age.Recipient{a.Keys.ViewingRecipient()}, InputTo: []age.Recipient{offline.Recipient()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sup.Close(t.Context()) })
	a.viewsWith = func(x *search.Index) *view.Views {
		return view.New(view.Options{DB: a.DB, Registry: a.Registry, Sessions: sup, Ring: a.Keys, Zone: townhall.Zone, Clock: a.Now, Index: x, Freezer: freeze.New(freeze.Options{DB: a.DB, Acts: a.Runner()}),
			Evidence: evidence.New(evidence.Options{DB: a.DB, Dir: a.dir, Clock: a.Now})})
	}
	a.views = a.viewsWith(nil)
	started, elapsed := a.Now(), time.Duration(0)
	w, err := recordings.Create(a.dir+"/"+a.id+".skr", recordings.Header{Session: a.id, Started: started}, recordings.Options{
		OutputTo: []age.Recipient{a.Keys.ViewingRecipient()}, InputTo: []age.Recipient{offline.Recipient()},
		Elapsed: func() time.Duration { elapsed += time.Millisecond; return elapsed },
	})
	if err != nil {
		t.Fatal(err)
	}
	record(w, func(d time.Duration) { elapsed += d; a.Pass(d) })
	d, err := w.Close(recordings.End{Cause: string(policy.EndedByEngineer), At: a.Now()})
	if err != nil {
		t.Fatal(err)
	}
	d.File = a.id + ".skr"
	a.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{a.id}, Payload: map[string]any{"session_id": a.id, "recording": d}})
		return errors.Join(tx.AddSession(store.Session{ID: a.id, State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: started, Started: started, Ended: a.Now(),
			Person: "E-0031", Vendor: "V-012", System: "hr", Target: "hr-db", Account: "hr-db/hrmnt01", Recording: d.File, RecordingSum: d.SHA256.String(), RecordingSize: d.Size}), err)
	})
	return a
}

func (a *archive) write(do func(tx *store.Tx) error) {
	a.t.Helper()
	if err := a.DB.Write(a.t.Context(), do); err != nil {
		a.t.Fatal(err)
	}
}

// reader is a person of the hall as a door knows them.
func (a *archive) reader(login string) view.Reader {
	a.t.Helper()
	var p store.Person
	if err := a.DB.Read(a.t.Context(), func(s *store.Snap) (err error) {
		p, err = s.Person(login)
		return err
	}); err != nil {
		a.t.Fatal(err)
	}
	return view.Reader{Person: p.Person, Via: "web"}
}

func (a *archive) entries(kind string) (n int) {
	for _, k := range a.Kinds(a.t, a.id) {
		if k == kind {
			n++
		}
	}
	return n
}

// play begins a playback and opens it.
func (a *archive) play(login, lang string) *view.Playback {
	a.t.Helper()
	by := a.reader(login)
	name, err := a.views.BeginPlayback(a.t.Context(), by, "t1", a.id, view.Why{Purpose: string(policy.PeriodicReview)}, false)
	if err != nil {
		a.t.Fatal(err)
	}
	p, err := a.views.Playback(a.t.Context(), by, "t1", a.id, name, lang)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { p.Close() })
	return p
}

// work is an ordinary session: an hour with a long pause, and a bookmark in it.
func work(t *testing.T) *archive {
	a := newArchive(t, func(w *recordings.Writer, pass func(time.Duration)) {
		ok := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(w.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
		ok(w.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 80, Rows: 24}))
		ok(w.Event(0, recordings.EventShell, nil))
		ok(w.Data(0, recordings.Stdout, []byte("$ psql -U hrmnt01 payroll\r\n")))
		pass(30 * time.Minute)
		ok(w.Data(0, recordings.Stdout, []byte("障害復旧 UPDATE 3\r\n")))
		ok(w.Data(0, recordings.Stdin, []byte("secret\r")))
		ok(w.Event(recordings.SessionChannel, recordings.EventRefused, recordings.Refused{Side: "client", What: "tcpip-forward", Number: 117}))
	})
	a.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: store.KindBookmarked, Actor: townhall.By("ito"), Subjects: []string{a.id}, Payload: map[string]any{"session_id": a.id, "window": "W", "note": "更新文の実行"}})
		return err
	})
	return a
}

// A playback on a page is one look with one entry, however often the page reads; picture, marks, text and search agree.
func TestPlaybackOfAPage(t *testing.T) {
	a := work(t)
	p := a.play("mori", "ja")
	if a.entries("recording.viewed") != 1 {
		t.Error("no entry before the first byte")
	}
	line, err := p.Timeline(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	var groups []string
	for _, m := range line.Marks {
		groups = append(groups, string(m.Group))
		if m.At.Location() != townhall.Zone || m.AtMS > line.LengthMS || m.PlayMS > line.PlayMS {
			t.Errorf("%+v", m)
		}
	}
	if got := strings.Join(groups, " "); got != "command bookmark quiet refused other end" {
		t.Errorf("marks %s", got)
	}
	if line.LengthMS < (30*time.Minute).Milliseconds() || line.PlayMS > 5000 {
		t.Errorf("%d ms, shortened to %d ms", line.LengthMS, line.PlayMS)
	}
	var cast bytes.Buffer
	if err := p.Cast(t.Context(), &cast, true); err != nil {
		t.Fatal(err)
	}
	if int64(cast.Len()) != line.Bytes || !strings.Contains(cast.String(), "障害復旧 UPDATE 3") || strings.Contains(cast.String(), "secret") {
		t.Errorf("%d bytes of %d: %s", cast.Len(), line.Bytes, cast.String())
	}
	text, err := p.TextFrom(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if text.Total != len(text.Items) || text.Items[1].JA != "$ psql -U hrmnt01 payroll" || text.Items[1].Group != "" {
		t.Errorf("%+v", text)
	}
	for _, words := range []string{"障害復旧", "障害", "update 3", "UPDATE"} {
		hits, err := p.Search(t.Context(), words, 0)
		if err != nil || hits.Total != 1 || len(hits.Items) != 1 || hits.Items[0].JA != "障害復旧 UPDATE 3" || hits.Items[0].At.Sub(p.Started) < 30*time.Minute {
			t.Errorf("%s: %+v, %v", words, hits, err)
		}
	}
	if hits, err := p.Search(t.Context(), " ", 0); err != nil || hits.Total != 0 {
		t.Errorf("%+v, %v", hits, err)
	}
	if hits, err := p.Search(t.Context(), "secret", 0); err != nil || hits.Total != 0 {
		t.Errorf("typed text is found: %+v, %v", hits, err)
	}
	_, no, err := p.TextAt(t.Context(), (20 * time.Minute).Milliseconds())
	if err != nil || text.Items[no].JA != "障害復旧 UPDATE 3" {
		t.Errorf("line %d, %v", no, err)
	}
	if a.entries("recording.viewed") != 1 {
		t.Errorf("%d entries about one look", a.entries("recording.viewed"))
	}
}

// The name of a playback opens it to no other person, with no other token, for no other recording, and not for ever.
func TestAttackPlaybackOfAnotherPerson(t *testing.T) {
	a := work(t)
	mori := a.reader("mori")
	name, err := a.views.BeginPlayback(t.Context(), mori, "t1", a.id, view.Why{Purpose: string(policy.PeriodicReview)}, false)
	if err != nil {
		t.Fatal(err)
	}
	for what, open := range map[string]func() (*view.Playback, error){
		"person": func() (*view.Playback, error) {
			return a.views.Playback(t.Context(), a.reader("head"), "t1", a.id, name, "ja")
		},
		"token": func() (*view.Playback, error) { return a.views.Playback(t.Context(), mori, "t2", a.id, name, "ja") },
		"recording": func() (*view.Playback, error) {
			return a.views.Playback(t.Context(), mori, "t1", "S-20261124-02", name, "ja")
		},
		"name": func() (*view.Playback, error) { return a.views.Playback(t.Context(), mori, "t1", a.id, "", "ja") },
		"an hour later": func() (*view.Playback, error) {
			a.Pass(time.Hour + time.Second)
			return a.views.Playback(t.Context(), mori, "t1", a.id, name, "ja")
		},
	} {
		if what == "an hour later" {
			defer func() {
				if _, err := open(); !errors.Is(err, view.ErrNoPlayback) {
					t.Errorf("%s: %v", what, err)
				}
			}()
			continue
		}
		if _, err := open(); !errors.Is(err, view.ErrNoPlayback) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A person who may not play gets no name, and it is ledgered; without a purpose no person gets one.
	for login, why := range map[string]string{"admin": "periodic-review", "kato": "periodic-review", "mori": ""} {
		if _, err := a.views.BeginPlayback(t.Context(), a.reader(login), "t1", a.id, view.Why{Purpose: why}, false); err == nil {
			t.Errorf("%s with %q", login, why)
		}
	}
	if a.entries("access.refused") != 3 || a.entries("recording.viewed") != 1 {
		t.Errorf("%d refusals, %d looks", a.entries("access.refused"), a.entries("recording.viewed"))
	}
	// A person who loses the role in between sees no more of it.
	a.write(func(tx *store.Tx) error {
		p, err := tx.Person("mori")
		if err != nil {
			return err
		}
		p.Roles = []policy.Role{policy.Requester}
		_, err = tx.Append(townhall.Draft("test.act"))
		return errors.Join(tx.PutPerson(p), err)
	})
	var denied *policy.Denied
	if _, err := a.views.Playback(t.Context(), a.reader("mori"), "t1", a.id, name, "ja"); !errors.As(err, &denied) {
		t.Errorf("%v", err)
	}
}

// A recording that does not hold is not played; to an auditor who asks for it all the same, each page says so.
func TestAttackPlaybackOfAChangedRecording(t *testing.T) {
	a := work(t)
	path := a.dir + "/" + a.id + ".skr"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-150] ^= 1 // behind the header
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	why := view.Why{Purpose: string(policy.IncidentInquiry)}
	var bad *evidence.BadError
	if _, err := a.views.BeginPlayback(t.Context(), a.reader("mori"), "t1", a.id, why, false); !errors.As(err, &bad) {
		t.Errorf("%v", err)
	}
	if _, err := a.views.BeginPlayback(t.Context(), a.reader("head"), "t1", a.id, why, true); err == nil {
		t.Error("opened to one who is no auditor")
	}
	name, err := a.views.BeginPlayback(t.Context(), a.reader("mori"), "t1", a.id, why, true)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.views.Playback(t.Context(), a.reader("mori"), "t1", a.id, name, "ja")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if said := p.DamageText(); !strings.Contains(said.JA, "証拠として使えません") || !strings.Contains(said.EN, "NOT EVIDENCE") {
		t.Errorf("%v", said)
	}
	if _, err := p.TextFrom(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if _, err := p.Timeline(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// A page takes a part of a long text; every line is on one part.
func TestTextOfManyLinesIsPaged(t *testing.T) {
	a := newArchive(t, func(w *recordings.Writer, _ func(time.Duration)) {
		for i := range 1200 {
			if err := w.Data(0, recordings.Stdout, fmt.Appendf(nil, "line %d\r\n", i)); err != nil {
				t.Fatal(err)
			}
		}
	})
	p := a.play("mori", "en")
	seen, total := 0, 0
	for from := 0; ; from += view.TextLines {
		part, err := p.TextFrom(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		if len(part.Items) == 0 {
			break
		}
		for _, l := range part.Items {
			if l.No != seen {
				t.Fatalf("line %d comes as number %d", l.No, seen)
			}
			seen++
		}
		total = part.Total
	}
	if seen != total || seen < 1200 {
		t.Errorf("%d of %d lines", seen, total)
	}
	hits, err := p.Search(t.Context(), "LINE 1", view.TextHits)
	if err != nil || hits.Total != 311 || len(hits.Items) != view.TextHits || hits.Items[0].JA != "line 189" {
		t.Errorf("%d of %d, %v, first %+v", len(hits.Items), hits.Total, err, hits.Items[0])
	}
	if _, no, err := p.TextAt(t.Context(), 1<<40); err != nil || no != total-1 {
		t.Errorf("beyond the end: line %d of %d, %v", no, total, err)
	}
}
