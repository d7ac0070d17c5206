package attendance_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/store"
	"sekimori/policy"
)

func (o *office) beat(by string) error {
	return o.post.Present(o.t.Context(), o.window, townhall.By(by))
}

// A heartbeat is the attendant's own. Another person's is refused, and told once.
func TestAttackHeartbeatOfAnotherPerson(t *testing.T) {
	o := newOffice(t, false)
	want(t, "before the post is taken", o.beat("ito"), "forbidden")
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	at := o.row().Present
	o.Pass(20 * time.Second)
	for range 3 {
		for _, by := range []string{"abe", "head", "E-0031"} {
			want(t, "by "+by, o.beat(by), "forbidden")
		}
	}
	if got := o.row().Present; !got.Equal(at) || o.heard != 0 {
		t.Errorf("present since %v, was %v; heard %d times", got, at, o.heard)
	}
	refused := slices.DeleteFunc(o.Kinds(t, o.window), func(k string) bool { return k != "window.presence-refused" })
	if len(refused) != 4 { // ito once too soon, and three others
		t.Errorf("%d refusals in the ledger", len(refused))
	}
	want(t, "the attendant", o.beat("ito"), "")
	if got := o.row().Present; !got.Equal(o.Now()) || o.heard != 1 {
		t.Errorf("present at %v, it is %v; heard %d times", got, o.Now(), o.heard)
	}
	want(t, "no such window", o.post.Present(t.Context(), "R8-9999-1", townhall.By("ito")), `window "R8-9999-1": not found`)
	o.Pass(time.Hour - 20*time.Second - time.Millisecond)
	want(t, "1 ms before the end", o.beat("ito"), "")
	o.Pass(time.Millisecond)
	want(t, "at the end", o.beat("ito"), "window-over")
}

// Every act of the attendant on the window counts as presence; other people's acts do not.
func TestActsOfTheAttendantCountAsPresence(t *testing.T) {
	o := newOffice(t, false)
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	o.Pass(25 * time.Second)
	want(t, "an act", o.tick("note", "ito"), "")
	at := o.Now()
	if got := o.row().Present; !got.Equal(at) {
		t.Errorf("present at %v, it is %v", got, at)
	}
	o.Pass(time.Second)
	want(t, "an act of the head", o.post.Override(t.Context(), o.window, "backup", "x", townhall.Caller("head")), "")
	if got := o.row().Present; !got.Equal(at) {
		t.Errorf("the head's act moved it to %v", got)
	}
}

// Two named acts, and presence without a gap.
func TestHandover(t *testing.T) {
	o := newOffice(t, false)
	hand := func(to, by string) error { return o.post.Handover(t.Context(), o.window, to, townhall.Caller(by)) }
	take := func(by string) error { return o.post.Take(t.Context(), o.window, townhall.Caller(by)) }
	want(t, "before the post is taken", hand("abe", "head"), "stale-page")
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	has(t, "taken without an offer", take("abe"), "nothing-offered")
	for _, by := range []string{"abe", "kato", "deputy", "mori"} {
		want(t, "offered by "+by, hand("abe", by), "forbidden")
	}
	for _, to := range []string{"kato", "head", "mori", "sato"} { // no attendant, the approver, another section, an engineer
		has(t, "offered to "+to, hand(to, "ito"), "attendant-not-eligible")
	}
	has(t, "offered to oneself", hand("ito", "ito"), "same-person")
	want(t, "offered", hand("abe", "ito"), "")
	has(t, "taken by another", take("ito"), "nothing-offered")
	want(t, "beats go on until it is taken", o.beat("ito"), "")
	want(t, "the next one's do not count yet", o.beat("abe"), "forbidden")
	o.Pass(29 * time.Second)
	want(t, "taken", take("abe"), "")
	if w := o.row(); w.Attendant != "abe" || !w.Present.Equal(o.Now()) || w.State != policy.WindowPermitted {
		t.Errorf("%+v", w)
	}
	has(t, "taken twice", take("abe"), "nothing-offered")
	want(t, "the former's beat", o.beat("ito"), "forbidden")
	want(t, "the new one's", o.beat("abe"), "")
	want(t, "the new one acts", o.post.Unpermit(t.Context(), o.window, "", townhall.Caller("abe")), "")
	want(t, "and has the post still, though the request names ito", o.tick("note", "abe"), "")
	if got := o.Kinds(t, "abe"); !slices.Equal(got[len(got)-3:], []string{"window.handover-offered", "window.presence-refused", "window.handed-over"}) &&
		!slices.Equal(got[len(got)-2:], []string{"window.handover-offered", "window.handed-over"}) {
		t.Errorf("the ledger tells of abe %v", got)
	}
}

// Where the attendant is gone, an approver of the section assigns the post.
func TestTheHeadAssignsAPostThatIsEmpty(t *testing.T) {
	o := newOffice(t, false)
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	o.Pass(90 * time.Second)
	want(t, "assigned", o.post.Handover(t.Context(), o.window, "abe", townhall.Caller("head")), "")
	if got := o.row().Present; got.Equal(o.Now()) {
		t.Error("the head's act counts as presence")
	}
	want(t, "taken", o.post.Take(t.Context(), o.window, townhall.Caller("abe")), "")
	var handed []store.Handover
	err := o.DB.Read(t.Context(), func(s *store.Snap) (err error) { handed, err = s.Handovers(o.window); return err })
	if err != nil || len(handed) != 1 || handed[0].From != "ito" || handed[0].To != "abe" || handed[0].By != "head" || handed[0].Taken.IsZero() {
		t.Errorf("%+v, %v", handed, err)
	}
}

// A heartbeat counts by the clock of its time. One from before the clock ran back would otherwise count for an absent attendant.
func TestHeartbeatsOverAClockStep(t *testing.T) {
	o := newOffice(t, false)
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	o.Pass(20 * time.Minute)
	want(t, "a beat on a clock that is ahead", o.beat("ito"), "")
	want(t, "a word, which the ledger has", o.tick("note", "ito"), "")
	ahead := o.row().Present
	if !ahead.Equal(o.Now()) {
		t.Fatalf("heard of at %v", ahead)
	}
	o.Pass(-20 * time.Minute)
	if row := o.row(); !row.Present.Equal(ahead) {
		t.Errorf("moved by nobody: %v", row.Present)
	}
	want(t, "a beat after the step back", o.beat("ito"), "")
	if row := o.row(); !row.Present.Equal(o.Now()) {
		t.Errorf("heard of at %v, now is %v", row.Present, o.Now())
	}
	o.Pass(24 * time.Hour)
	want(t, "a beat after a step over the end", o.beat("ito"), "window-over")
	if row := o.row(); row.Present.After(row.End) {
		t.Errorf("heard of at %v", row.Present)
	}
}

// A stranger's repeated heartbeats do not wait for the writer, nor hold it up.
func TestAStrangersHeartbeatTakesNoWriter(t *testing.T) {
	o := newOffice(t, false)
	o.prepare()
	o.Pass(time.Hour)
	want(t, "open", o.open(), "")
	want(t, "the first, which is told", o.beat("abe"), "forbidden")
	var got error
	undo := errors.New("undo")
	err := o.DB.Write(t.Context(), func(*store.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // one that needs the writer waits all of it
		defer cancel()
		got = o.post.Present(ctx, o.window, townhall.By("abe"))
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	want(t, "while the writer is taken", got, "forbidden")
}
