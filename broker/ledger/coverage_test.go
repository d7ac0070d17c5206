package ledger

import (
	"encoding/json"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestIntervalsAreASet: adding intervals in any order gives the seconds that a plain set of seconds has.
func TestIntervalsAreASet(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var all Intervals
		plain := map[int64]bool{}
		for range draw.IntN(12) {
			from := draw.Int64N(40)
			one := Interval{from, from + draw.Int64N(8) - 1}
			all = all.Add(one)
			for s := one[0]; s < one[1]; s++ {
				plain[s] = true
			}
		}
		if all.Seconds() != int64(len(plain)) {
			t.Fatalf("%v has %d seconds, not %d", all, all.Seconds(), len(plain))
		}
		for i, one := range all {
			if one[0] >= one[1] || i > 0 && all[i-1][1] >= one[0] {
				t.Fatalf("%v is no set in order", all)
			}
		}
	}
}

// looks makes entries about looks at session S.
func looks(t *testing.T, all ...Draft) iter.Seq2[Entry, error] {
	t.Helper()
	var list []Entry
	when := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	for i, d := range all {
		e, err := Seal(d, int64(i), when, when, [SaltSize]byte{})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return func(yield func(Entry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func viewedBy(person, look string) Draft {
	payload := map[string]string{"scope": "output"}
	if look != "" {
		payload["look"] = look
	}
	return Draft{Kind: KindViewed, Actor: Actor{Kind: "person", ID: person, Via: "web"}, Subjects: []string{"S", person}, Payload: payload}
}

func servedTo(s Served) Draft {
	s.Session, s.Length = "S", 100
	return Draft{Kind: KindServed, Actor: Actor{Kind: "broker", Via: "timer"}, Subjects: []string{"S", s.Person}, Payload: s}
}

func TestCoverageFromTheEntries(t *testing.T) {
	other := viewedBy("P-1", "z")
	other.Subjects = []string{"S2", "P-1"}
	got, err := Cover("S", looks(t,
		viewedBy("P-2", ""), viewedBy("P-1", "a"), viewedBy("P-2", "b"), other,
		servedTo(Served{Look: "a", Person: "P-1", Picture: Intervals{{0, 60}}, Text: Intervals{{50, 70}}}),
		servedTo(Served{Look: "b", Person: "P-2", Search: Intervals{{69, 71}, {99, 200}}, Ended: true}),
		servedTo(Served{Look: "a", Person: "P-1", Picture: Intervals{{60, 61}}}),
	))
	if err != nil {
		t.Fatal(err)
	}
	if share, ok := got.Share(); !ok || share != 0.72 || got.Length != 100 {
		t.Errorf("%v of %d", share, got.Length)
	}
	one, two := got.Of("P-1"), got.Of("P-2")
	if !slices.Equal(one.All, Intervals{{0, 70}}) || one.Picture.Seconds() != 61 || one.Text.Seconds() != 20 || one.Looks != 1 || one.Open != 1 || one.Unmeasured != 0 {
		t.Errorf("%+v", one)
	}
	if !slices.Equal(two.All, Intervals{{69, 71}, {99, 100}}) || two.Looks != 1 || two.Open != 0 || two.Unmeasured != 1 {
		t.Errorf("beyond the end counts: %+v", two)
	}
	if v := got.Of("P-3"); v.All.Seconds() != 0 || v.Looks != 0 {
		t.Errorf("%+v", v)
	}
	if none, err := Cover("S", looks(t)); err != nil || len(none.People) != 0 {
		t.Errorf("%+v, %v", none, err)
	} else if _, ok := none.Share(); ok {
		t.Error("a share of an unknown length")
	}
}

// Intervals count for the person who began the look, and for no other.
func TestAttackCoverageOfALookThatNoPersonBegan(t *testing.T) {
	for name, s := range map[string]Served{"look": {Look: "b", Person: "P-1"}, "person": {Look: "a", Person: "P-2"}} {
		s.Picture = Intervals{{0, 100}}
		if got, err := Cover("S", looks(t, viewedBy("P-1", "a"), servedTo(s))); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestServedNamesItsMembers(t *testing.T) {
	b, err := json.Marshal(Served{Look: "a", Session: "S", Person: "P", Length: 9, Picture: Intervals{{0, 9}}, Ended: true})
	if want := `{"look":"a","session_id":"S","person":"P","length":9,"picture":[[0,9]],"ended":true}`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
}
