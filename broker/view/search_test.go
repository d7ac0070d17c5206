package view_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/recordings"
	"sekimori/recordings/search"
)

// library is a hall with recorded sessions of which the text is indexed.
type library struct {
	*archive
	index *search.Index
	where string // of the index
}

func newLibrary(t *testing.T) *library {
	t.Helper()
	l := &library{archive: newArchive(t, func(w *recordings.Writer, pass func(time.Duration)) {
		if err := w.Data(0, recordings.Stdout, []byte("x\n")); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
	})}
	l.where = filepath.Join(t.TempDir(), "search")
	var err error
	if l.index, err = search.Open(search.Options{Dir: l.where, Seal: l.Keys.Seal, Unseal: l.Keys.Unseal}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.index.Close() })
	l.views = l.viewsWith(l.index)
	return l
}

// session adds an ended session of a system, and indexes its lines.
func (l *library) session(no int, system string, lines ...string) string {
	l.t.Helper()
	id := fmt.Sprintf("S-20261125-%02d", no)
	l.Pass(time.Minute)
	l.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
		return errors.Join(err, tx.AddSession(store.Session{ID: id, State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: l.Now(), Started: l.Now(), Ended: l.Now(),
			Person: "E-0031", Vendor: "V-012", System: system, Recording: id + ".skr", RecordingSum: "00"}))
	})
	if len(lines) > 0 {
		l.fill(id, lines...)
	}
	return id
}

func (l *library) fill(id string, lines ...string) {
	l.t.Helper()
	_, err := l.index.Build(l.t.Context(), id, func(yield func(recordings.TextLine, error) bool) {
		for i, s := range lines {
			if !yield(recordings.TextLine{Elapsed: time.Duration(i) * time.Second, JA: s, EN: s}, nil) {
				return
			}
		}
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

var review = view.Why{Purpose: string(policy.PeriodicReview)}

func TestSearchPagesAndSaysHowFar(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	var all []string
	for i := range 2*view.SearchSessions + 3 {
		all = append(all, l.session(i, "hr", "障害 "+strings.Repeat("あ", i), "other", "障害"))
	}
	slices.Reverse(all) // the newest first
	bare := l.session(99, "hr")
	by := l.reader("mori")
	var got []string
	next, pages := "", 0
	for {
		r, err := l.views.Search(t.Context(), by, view.SearchAsked{Words: "障害", Next: next}, review)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, s := range r.Items {
			got = append(got, s.Session)
			if s.Hits != 2 || len(s.Lines) != 2 || s.Lines[1].AtMS != 2000 {
				t.Errorf("%+v", s)
			}
		}
		if pages == 1 && (r.Unindexed != 1 || r.Examined != view.SearchSessions+1) {
			t.Errorf("page 1: %+v", r)
		}
		if r.Total != len(all)+2 { // with the archive's own and the one without an index
			t.Errorf("total %d", r.Total)
		}
		if next = r.Next; next == "" {
			if r.Examined != r.Total {
				t.Errorf("examined %d of %d", r.Examined, r.Total)
			}
			break
		}
	}
	if !slices.Equal(got, all) || pages != 3 {
		t.Errorf("%d pages: %v", pages, got)
	}
	if slices.Contains(got, bare) {
		t.Error("a session without an index is a hit")
	}
	if n := l.counted("recording.searched"); n != pages {
		t.Errorf("%d entries for %d pages", n, pages)
	}
}

// counted counts entries of a kind.
func (l *library) counted(kind string) (n int) {
	l.t.Helper()
	err := l.DB.Read(l.t.Context(), func(s *store.Snap) error {
		for _, err := range s.Entries(store.EntryFilter{Kind: kind}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

func TestSearchWrongInputs(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.session(1, "hr", "障害")
	by := l.reader("mori")
	for _, words := range []string{"", "  ", "a\x1b[2J", "a\xff", strings.Repeat("あ", search.MostWords+1)} {
		if _, err := l.views.Search(t.Context(), by, view.SearchAsked{Words: words}, review); !errors.Is(err, view.ErrSearchWords) {
			t.Errorf("%q: %v", words, err)
		}
	}
	for _, next := range []string{"x", "e30", "bnVsbA", "eyJpIjoiUyIsIm4iOi0xfQ"} {
		if _, err := l.views.Search(t.Context(), by, view.SearchAsked{Words: "障害", Next: next}, review); !errors.Is(err, store.ErrBadPage) {
			t.Errorf("%q: %v", next, err)
		}
	}
	for _, day := range []string{"yesterday", "2026-13-01", "2026-11-24T00:00"} {
		if _, _, ok := view.SearchDays(day, "", townhall.Zone); ok {
			t.Errorf("%q is a day", day)
		}
	}
	var denied *policy.Denied
	if _, err := l.views.Search(t.Context(), by, view.SearchAsked{Words: "障害"}, view.Why{}); !errors.As(err, &denied) || denied.Reason != policy.ViewPurposeRequired {
		t.Errorf("without a purpose: %v", err)
	}
	if _, err := l.viewsWith(nil).Search(t.Context(), by, view.SearchAsked{Words: "障害"}, review); !errors.As(err, &denied) || denied.Reason != policy.SearchOff || !denied.Ledgered {
		t.Errorf("without an index: %v", err)
	}
	if n := l.counted("recording.searched"); n != 0 {
		t.Errorf("%d entries about searches that showed nothing", n)
	}
}

// TestAttackSearchWhatOneMayNotPlay has people search who do not see a session, or see it and may not play it. They learn nothing of its text.
func TestAttackSearchWhatOneMayNotPlay(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	id := l.session(1, "hr", "給与の障害")
	for login, sees := range map[string]bool{"mori": true, "head": true, "ito": false, "deputy": false, "admin": false} {
		r, err := l.views.Search(t.Context(), l.reader(login), view.SearchAsked{Words: "障害"}, review)
		if err != nil {
			t.Errorf("%s: %v", login, err)
			continue
		}
		if found := len(r.Items) == 1 && r.Items[0].Session == id; found != sees {
			t.Errorf("%s: %+v", login, r.Items)
		}
	}
	var denied *policy.Denied
	for _, login := range []string{"kato", "sato"} {
		if _, err := l.views.Search(t.Context(), l.reader(login), view.SearchAsked{Words: "障害"}, review); !errors.As(err, &denied) || denied.Reason != policy.Forbidden {
			t.Errorf("%s: %v", login, err)
		}
	}
}

// A damaged file of the index is removed, so that it is built again, and the answer says that the session was not searched.
func TestSearchOverADamagedIndex(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	id := l.session(1, "hr", "障害")
	other, err := search.Open(search.Options{Dir: l.where, Seal: func(_ string, b []byte) ([]byte, error) { return b, nil }, Unseal: func(_ string, b []byte) ([]byte, error) { return b, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Build(t.Context(), id, func(func(recordings.TextLine, error) bool) {}); err != nil {
		t.Fatal(err)
	}
	r, err := l.views.Search(t.Context(), l.reader("mori"), view.SearchAsked{Words: "障害"}, review)
	if err != nil || r.Unindexed != 2 || len(r.Items) != 0 || l.index.Holds(id) {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestAttackSearchWhatIsBeingDisposedOf searches after a disposal was ordered whose removal the disk refuses: file and index are still there, and no one is
// shown a word of them.
func TestAttackSearchWhatIsBeingDisposedOf(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	id := l.session(1, "hr", "給与の障害")
	search := func() (found, unindexed int) {
		t.Helper()
		r, err := l.views.Search(t.Context(), l.reader("mori"), view.SearchAsked{Words: "障害"}, review)
		if err != nil {
			t.Fatal(err)
		}
		return len(r.Items), r.Unindexed
	}
	n, before := search()
	if n != 1 {
		t.Fatalf("%d sessions before the order", n)
	}
	l.write(func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "recording.disposing", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{id}, Payload: map[string]any{"session_id": id}})
		return errors.Join(err, tx.OrderDisposal(store.Disposal{Session: id, Days: 365}))
	})
	if n, _ := search(); n != 0 || !l.index.Holds(id) {
		t.Errorf("%d sessions after the order", n)
	}
	if err := l.index.Forget(id); err != nil {
		t.Fatal(err)
	}
	if n, after := search(); n != 0 || after != before {
		t.Errorf("%d sessions once it is gone; %d are said to be not indexed, and there were %d", n, after, before)
	}
}
