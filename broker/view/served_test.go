package view_test

import (
	"slices"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
)

func (a *archive) covered() (c ledger.Coverage) {
	a.t.Helper()
	if err := a.DB.Read(a.t.Context(), func(s *store.Snap) (err error) {
		c, err = s.Covered(a.id)
		return err
	}); err != nil {
		a.t.Fatal(err)
	}
	return c
}

func (a *archive) note(all bool) {
	a.t.Helper()
	if err := a.views.NoteServed(a.t.Context(), all); err != nil {
		a.t.Fatal(err)
	}
}

// TestTheLedgerHasWhatALookWasSent: the merged intervals of a look are entered when it rests, during it within three minutes, and at its end; the
// coverage of the session follows from the entries.
func TestTheLedgerHasWhatALookWasSent(t *testing.T) {
	a := work(t)
	p := a.play("mori", "ja")
	p.Sent(view.AsPicture, 0, 90*time.Second)
	p.Sent(view.AsPicture, 60*time.Second, 2*time.Minute)
	p.Sent(view.AsHit, 10*time.Minute, 10*time.Minute)
	a.note(false)
	if a.entries("recording.served") != 0 {
		t.Error("an entry for each part")
	}
	for range 3 { // a busy look
		a.Pass(55 * time.Second)
		p.Sent(view.AsText, 0, time.Minute)
		a.note(false)
	}
	if n := a.entries("recording.served"); n != 1 {
		t.Fatalf("%d entries after less than three minutes", n)
	}
	mori := a.reader("mori").ID
	c := a.covered()
	one := c.Of(mori)
	if !slices.Equal(one.Picture, ledger.Intervals{{0, 120}}) || !slices.Equal(one.Text, ledger.Intervals{{0, 60}}) || !slices.Equal(one.Search, ledger.Intervals{{600, 601}}) || one.All.Seconds() != 121 {
		t.Errorf("%+v", one)
	}
	if one.Looks != 1 || one.Open != 1 {
		t.Errorf("%d looks, %d of them open", one.Looks, one.Open)
	}
	if c.Length < 1800 || c.Length > 1801 {
		t.Errorf("the recording has %d s", c.Length)
	}
	p.Sent(view.AsPicture, 1790*time.Second, 4000*time.Second)
	a.Pass(time.Minute)
	a.note(false)
	a.Pass(time.Hour)
	a.note(false)
	a.note(false)
	if n := a.entries("recording.served"); n != 3 {
		t.Errorf("%d entries", n)
	}
	if one = a.covered().Of(mori); one.Open != 0 || one.All.Seconds() < 131 {
		t.Errorf("%+v", one)
	}
}

// TestAStopEndsLooks: the last entry of each look is written at the stop, and the look opens nothing more.
func TestAStopEndsLooks(t *testing.T) {
	a := work(t)
	by := a.reader("mori")
	name, err := a.views.BeginPlayback(t.Context(), by, "t1", a.id, view.Why{Purpose: string(policy.PeriodicReview)}, false)
	if err != nil {
		t.Fatal(err)
	}
	a.note(true)
	if one := a.covered().Of(by.ID); one.Looks != 1 || one.Open != 0 || one.All.Seconds() != 0 {
		t.Errorf("%+v", one)
	}
	if _, err := a.views.Playback(t.Context(), by, "t1", a.id, name, "ja"); err == nil {
		t.Error("a look that is over opens the recording")
	}
}

// TestACrashDuringALookIsSaid: after a crash the look has no end in the ledger, which the coverage says.
func TestACrashDuringALookIsSaid(t *testing.T) {
	a := work(t)
	a.play("mori", "ja").Sent(view.AsPicture, 0, time.Minute)
	if one := a.covered().Of(a.reader("mori").ID); one.Open != 1 || one.All.Seconds() != 0 {
		t.Errorf("%+v", one)
	}
}

// TestACommandsLookIsOneStream: a stream has its entry before the first byte, and its interval after the last.
func TestACommandsLookIsOneStream(t *testing.T) {
	a := work(t)
	by := a.reader("mori")
	look, err := a.views.BeginStream(t.Context(), by, a.id, map[string]string{"purpose": string(policy.PeriodicReview), "scope": "output"})
	if err != nil || a.entries("recording.viewed") != 1 {
		t.Fatal(err, a.entries("recording.viewed"))
	}
	if err := look.End(t.Context(), 90*time.Second, 30*time.Minute); err != nil {
		t.Fatal(err)
	}
	if one := a.covered().Of(by.ID); one.All.Seconds() != 90 || one.Open != 0 {
		t.Errorf("%+v", one)
	}
}
