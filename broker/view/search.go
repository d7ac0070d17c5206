package view

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings/search"
)

// Bounds of one page of a search. The next page goes on where a bound was reached.
const (
	SearchSessions = 20       // sessions with hits
	SearchLines    = 5        // hits of a session that are shown
	mostSearched   = 5000     // sessions
	mostCompared   = 64 << 20 // bytes of text
)

// ErrSearchWords means that words cannot be searched for: there are none, or they are too long, or have characters that cannot be shown.
var ErrSearchWords = errors.New("such words cannot be searched for")

// SearchAsked is a search. Zero fields do not narrow.
type SearchAsked struct {
	Words    string
	System   string
	From, To time.Time // of the sessions' beginnings, To excluded
	Next     string    // where a page before ended
}

// SearchDays reads the first and the last day of a search, each "2026-11-24" or empty.
func SearchDays(from, until string, zone *time.Location) (a, b time.Time, ok bool) {
	var err error
	if from != "" {
		if a, err = time.ParseInLocation(time.DateOnly, from, zone); err != nil {
			return a, b, false
		}
	}
	if until != "" {
		if b, err = time.ParseInLocation(time.DateOnly, until, zone); err != nil {
			return a, b, false
		}
		b = b.AddDate(0, 0, 1)
	}
	return a, b, true
}

// searchPlace is where a search goes on.
type searchPlace struct {
	Created int64  `json:"c"` // milliseconds
	ID      string `json:"i"`
	Before  int    `json:"n"` // sessions examined so far
}

func (p searchPlace) String() string {
	text, _ := json.Marshal(p) // a struct of these types cannot fail
	return base64.RawURLEncoding.EncodeToString(text)
}

func searchPlaceOf(next string) (p searchPlace, err error) {
	if next == "" {
		return p, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(next)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.ID == "" || p.Before < 0 {
		return p, store.ErrBadPage
	}
	return p, nil
}

// Search finds words in the text of sealed recordings: output, commands, names of files, operations; never typed input. It looks
// at the sessions that the person may play for that purpose, newest first. The entry about the look is committed before anything is shown; it has
// the words and the sessions. Errors: *policy.Denied, ledgered, SearchOff among them; ErrSearchWords; store.ErrBadPage.
func (v *Views) Search(ctx context.Context, by Reader, f SearchAsked, why Why) (api.SearchResult, error) {
	out := api.SearchResult{Items: []api.SearchedSession{}}
	facts, err := v.May(ctx, by, policy.Attempt{Act: policy.ActSearch, Purpose: why.Purpose}, "recordings")
	if err != nil {
		return out, err
	}
	if v.o.Index == nil {
		return out, v.Refused(ctx, by, policy.ActSearch, "recordings", facts, policy.Decision{Reason: policy.SearchOff})
	}
	q, err := search.NewQuery(f.Words)
	if err != nil || !utf8.ValidString(f.Words) || forms.Printable(f.Words) != f.Words {
		return out, errors.Join(ErrSearchWords, err)
	}
	at, err := searchPlaceOf(f.Next)
	if err != nil {
		return out, err
	}
	s := searching{v: v, by: by, facts: facts, why: why, q: q, out: &out}
	sight := policy.SeeRecords(by.Person)
	s.filter = store.SessionFilter{Sight: &sight, System: f.System, From: f.From, To: f.To, Limit: 200}
	if err := s.run(ctx, at); err != nil {
		return api.SearchResult{}, err
	}
	if err := v.searched(ctx, by, f, why, out, at.Before); err != nil {
		return api.SearchResult{}, err
	}
	return out, nil
}

// MaySearch asks policy whether the person may search at all, once there is a purpose. Errors: those of Search.
func (v *Views) MaySearch(ctx context.Context, by Reader) error {
	facts, err := v.May(ctx, by, policy.Attempt{Act: policy.ActSearch, Purpose: string(policy.Purposes(policy.ActSearch)[0])}, "recordings")
	if err == nil && v.o.Index == nil {
		err = v.Refused(ctx, by, policy.ActSearch, "recordings", facts, policy.Decision{Reason: policy.SearchOff})
	}
	return err
}

// Searches tells whether recordings can be searched at all. Pages offer no search where it is switched off.
func (v *Views) Searches() bool { return v.o.Index != nil }

// searched writes the entry about a search.
func (v *Views) searched(ctx context.Context, by Reader, f SearchAsked, why Why, out api.SearchResult, before int) error {
	subjects, sessions := []string{by.ID}, []string{}
	for _, one := range out.Items {
		sessions = append(sessions, one.Session)
	}
	payload := map[string]any{"purpose": why.Purpose, "words": withoutNumbers(f.Words), "system": f.System, "from": stamp(f.From), "to": stamp(f.To), "next": f.Next,
		"sessions": sessions, "examined": out.Examined - before, "unindexed": out.Unindexed}
	if why.Explanation != "" {
		payload["explanation"] = why.Explanation
	}
	err := v.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "recording.searched", Actor: by.actor(), Subjects: append(subjects, sessions...), Payload: payload})
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger recording.searched: %w", err)
	}
	return nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// withoutNumbers masks the digits of long numbers, such as individual numbers, of which an entry must not keep a copy. Spaces and hyphens do
// not interrupt a number.
func withoutNumbers(words string) string {
	all := []rune(words)
	for i := 0; i < len(all); {
		digits, end := 0, i
		for j := i; j < len(all) && (unicode.IsDigit(all[j]) || digits > 0 && strings.ContainsRune(" -‐-　", all[j])); j++ {
			if unicode.IsDigit(all[j]) {
				digits, end = digits+1, j+1
			}
		}
		for j := i; j < end && digits >= 12; j++ {
			if unicode.IsDigit(all[j]) {
				all[j] = '●'
			}
		}
		i = max(end, i+1)
	}
	return string(all)
}

// searching is one page of a search under way.
type searching struct {
	v      *Views
	by     Reader
	facts  policy.Facts
	why    Why
	q      search.Query
	filter store.SessionFilter

	compared int64
	n        int // sessions examined on this page
	out      *api.SearchResult
}

func (s *searching) run(ctx context.Context, at searchPlace) error {
	behind := store.SealedPlace{ID: at.ID, Created: time.UnixMilli(at.Created)}
	s.out.Examined = at.Before
	for {
		var list []store.Session
		err := s.v.o.DB.Read(ctx, func(snap *store.Snap) (err error) {
			if s.out.Total, err = snap.CountSealed(s.filter); err == nil {
				list, err = snap.Sealed(s.filter, behind)
			}
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for i, one := range list {
			if err := s.session(ctx, one); err != nil {
				return err
			}
			s.n++
			s.out.Examined++
			behind = store.SealedPlace{ID: one.ID, Created: one.Created}
			if full := len(s.out.Items) == SearchSessions || s.n == mostSearched || s.compared >= mostCompared; full {
				if i+1 < len(list) || len(list) == s.filter.Limit {
					s.out.Next = searchPlace{one.Created.UnixMilli(), one.ID, s.out.Examined}.String()
				}
				return nil
			}
		}
		if len(list) < s.filter.Limit {
			return nil
		}
	}
}

// session searches one session.
func (s *searching) session(ctx context.Context, one store.Session) error {
	found, err := s.v.o.Index.Find(ctx, one.ID, s.q, SearchLines, func() (bool, error) { return s.may(ctx, one.ID) })
	switch {
	case errors.Is(err, search.ErrDamaged):
		err = s.v.o.Index.Forget(one.ID) // it is built anew from the recording
		fallthrough
	case errors.Is(err, search.ErrNotIndexed):
		if errors.Is(err, search.ErrNotIndexed) {
			err = nil
		}
		gone := false
		failed := s.v.o.DB.Read(ctx, func(snap *store.Snap) (err error) { gone, err = ordered(snap, one.ID); return err })
		if !gone { // a recording that was disposed of has nothing to be searched
			s.out.Unindexed++
		}
		return errors.Join(err, failed)
	case err != nil:
		return err
	}
	if s.compared += found.Read; found.Hits == 0 {
		return nil
	}
	z := s.v.o.Zone // a recording counts its times from the admission, which is the row's creation
	hit := api.SearchedSession{Session: one.ID, Engineer: one.Person, System: one.System, Target: one.Target, Started: At(one.Created, z), Hits: found.Hits, AtLeast: found.Hits == search.MostCounted, Lines: []api.TextLine{}}
	for _, l := range found.Lines {
		line := api.TextLine{No: l.No, At: hit.Started.Add(l.Elapsed), AtMS: l.Elapsed.Milliseconds(), JA: l.JA, EN: l.EN}
		if l.Kind != "" {
			line.Group = groupOf(l.Kind)
		}
		hit.Lines = append(hit.Lines, line)
	}
	if found.Cut {
		hit.Until = &api.SearchedTo{At: hit.Started.Add(found.Until), AtMS: found.Until.Milliseconds()}
	}
	s.out.Items = append(s.out.Items, hit)
	return nil
}

// may asks policy whether the person may play the session's recording. Once its disposal is ordered no one may, although the disk or the index may
// still hold its text.
func (s *searching) may(ctx context.Context, id string) (bool, error) {
	f, gone := s.facts, false
	err := s.v.o.DB.Read(ctx, func(snap *store.Snap) error {
		subject, err := snap.Subject(id)
		f.Subject = &subject
		if err == nil {
			gone, err = ordered(snap, id)
		}
		return err
	})
	if err != nil || gone {
		return false, err
	}
	return policy.Decide(f, policy.Attempt{Act: policy.ActPlay, Person: s.by.ID, Key: true, Factor: true, Purpose: s.why.Purpose}, s.v.o.Clock()).Allow, nil
}

// ordered tells whether the disposal of a session's recording was ordered.
func ordered(s *store.Snap, session string) (bool, error) {
	_, err := s.Disposal(session)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// SearchIndex tells how far the index is. Error: *policy.Denied with SearchOff.
func (v *Views) SearchIndex(ctx context.Context) (out api.SearchIndex, err error) {
	if v.o.Index == nil {
		return out, &policy.Denied{Reason: policy.SearchOff}
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		out.Recordings, err = s.CountSealed(store.SessionFilter{})
		return err
	})
	out.Indexed, out.Failed = len(v.o.Index.Sessions()), v.o.Evidence.Unindexable()
	return out, err
}

// RebuildIndex removes the index, so that it is built anew, and enters that. The door has admitted the caller.
func (v *Views) RebuildIndex(ctx context.Context, by Reader) (api.SearchIndex, error) {
	if v.o.Index == nil {
		return api.SearchIndex{}, &policy.Denied{Reason: policy.SearchOff}
	}
	n := len(v.o.Index.Sessions())
	if err := v.Looked(ctx, by, "recording.index-cleared", []string{by.ID}, map[string]int{"sessions": n}); err != nil {
		return api.SearchIndex{}, err
	}
	if err := v.o.Index.Clear(); err != nil {
		return api.SearchIndex{}, err
	}
	return v.SearchIndex(ctx)
}
