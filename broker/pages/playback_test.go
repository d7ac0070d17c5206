package pages

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// recorded puts a recording of system hr on file: two screens of output, forty seconds apart.
func (w *world) recorded(id string) { w.t.Helper(); w.recordedLines(id, 20) }

// recordedLines is recorded with a number of lines, two seconds apart.
func (w *world) recordedLines(id string, lines int) {
	w.t.Helper()
	w.recordedAs(id, func(r *recordings.Writer, pass func(time.Duration)) error {
		for range lines {
			pass(2 * time.Second)
			if err := r.Data(0, recordings.Stdout, []byte("UPDATE 3\r\n")); err != nil {
				return err
			}
		}
		return nil
	})
}

// recordedAs puts a recording on file that begins and ends like recorded. pass lets time pass in it.
func (w *world) recordedAs(id string, work func(r *recordings.Writer, pass func(time.Duration)) error) {
	w.t.Helper()
	ok := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	offline, err := age.GenerateX25519Identity()
	ok(err)
	started, elapsed := w.Now(), time.Duration(0)
	r, err := recordings.Create(w.dir+"/"+id+".skr", recordings.Header{Session: id, Started: started}, recordings.Options{
		OutputTo: []age.Recipient{w.Keys.ViewingRecipient()}, InputTo: []age.Recipient{offline.Recipient()},
		Elapsed: func() time.Duration { elapsed += time.Millisecond; return elapsed },
	})
	ok(err)
	ok(r.Event(0, recordings.EventOpen, recordings.Opened{Type: "session"}))
	ok(r.Event(0, recordings.EventPTY, recordings.PTY{Term: "xterm", Cols: 80, Rows: 24}))
	ok(r.Event(0, recordings.EventShell, nil))
	ok(r.Data(0, recordings.Stdout, []byte("$ psql -U hrmnt01 payroll\r\n\x1b[7m障害復旧\x1b[0m\r\n")))
	ok(work(r, func(d time.Duration) { elapsed += d }))
	ok(r.Data(0, recordings.Stdout, []byte("\x1b[41m\x1b[2J\x1b[H over \r\n")))
	ok(r.Event(recordings.SessionChannel, recordings.EventRefused, recordings.Refused{Side: "client", What: "tcpip-forward", Number: 117}))
	w.Pass(elapsed)
	d, err := r.Close(recordings.End{Cause: string(policy.EndedByEngineer), At: w.Now()})
	ok(err)
	d.File = id + ".skr"
	ok(w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: "session.ended", Actor: ledger.Actor{Kind: "broker", Via: "timer"}, Subjects: []string{id}, Payload: map[string]any{"session_id": id, "recording": d}})
		return errors.Join(tx.AddSession(store.Session{ID: id, State: store.SessionEnded, Reason: policy.EndedByEngineer, Created: started, Started: started, Ended: w.Now(),
			Person: "E-0031", Vendor: "V-012", System: "hr", Target: "hr-db", Account: "hr-db/hrmnt01", Recording: d.File, RecordingSum: d.SHA256.String(), RecordingSize: d.Size}), err)
	}))
}

// picture is what a part of the page looks like.
func (b *tab) picture(selector string) image.Image {
	b.t.Helper()
	raw, err := chromedp.Run(b.ctx, chromedp.Screenshot(selector))
	if err != nil {
		b.t.Fatal(err)
	}
	one, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		b.t.Fatal(err)
	}
	return one
}

// share is how much of the picture the colours take that ok admits.
func share(one image.Image, ok func(r, g, b uint32) bool) float64 {
	n, all := 0, 0
	for y := one.Bounds().Min.Y; y < one.Bounds().Max.Y; y++ {
		for x := one.Bounds().Min.X; x < one.Bounds().Max.X; x++ {
			r, g, b, _ := one.At(x, y).RGBA()
			all++
			if ok(r>>8, g>>8, b>>8) {
				n++
			}
		}
	}
	return float64(n) / float64(max(all, 1))
}

// A recording plays in the browser: its first screen is drawn at once, the position moves, buttons and marks seek, and Tab leaves the player.
func TestPlaybackInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	w.recorded("S-20261124-01")
	for _, l := range some(inBoth...) { // on the narrow page the player stands below the window
		t.Run(l.lang, func(t *testing.T) { w.plays(w.tab("mori", l), l) })
	}
}

func (w *world) plays(mori *tab, l drawn) {
	mori.open("/recordings/S-20261124-01")
	mori.fill(url.Values{"purpose": {"periodic-review"}}, "main form button[type=submit]")
	mori.submit()
	const at = `Number(document.getElementById("seek").value)`
	mori.until(`Number(document.getElementById("seek").max) >= 40`)
	mori.untilDrawn("the first screen", func(r, g, b uint32) bool { return r > 180 && g > 180 && b > 180 }, 0.001)
	onto := func(button string) {
		mori.do(chromedp.Focus(button))
		mori.press(kb.Enter)
	}
	// The page shows the new place at once, and once more when the player is there: from where it is then, the next button counts.
	eval[bool](mori, `(() => { window.told = []; window.addEventListener("message", e => { if (e.data.kind === "state") window.told.push(e.data.at) }); return true })()`)
	leads := func(button, to string) {
		mori.t.Helper()
		eval[bool](mori, `(() => { window.told = []; return true })()`)
		onto(button)
		mori.until(`Math.floor(window.told.at(-1)) === ` + to + ` && ` + at + ` === ` + to)
	}
	leads("#on10", "10")
	leads("#on10", "20")
	leads("#back10", "10")
	onto("#play-pause")
	mori.until(at + ` > 10`)
	onto("#play-pause")
	mori.until(`document.getElementById("play-pause").textContent === document.getElementById("play-pause").dataset.play`)
	// The last mark is at the end: the last screen is drawn and stays. Nothing plays from the beginning.
	eval[bool](mori, `(() => { window.told = []; return true })()`)
	onto(".marks li:last-child button")
	mori.until(at + ` >= 39`)
	mori.untilDrawn("the last screen", func(r, g, b uint32) bool { return r > 120 && g < 110 && b < 110 }, 0.1)
	if told := eval[[]float64](mori, `window.told`); len(told) == 0 || slices.Min(told) < 39 {
		mori.t.Errorf("from the mark at the end the player was at %v", told)
	}

	// Tab goes into the frame and out again.
	eval[bool](mori, `(() => { const m = document.querySelector("main"); m.tabIndex = -1; m.focus(); return true })()`)
	mori.tabTo("#player")
	mori.tabTo("#play-pause")
	mori.wellBehaved("playback")
	mori.checked("playback", l)
}

// untilDrawn waits until the colours that are admitted take more than a share of the player's frame.
func (b *tab) untilDrawn(what string, admitted func(r, g, b uint32) bool, least float64) {
	b.t.Helper()
	for end := time.Now().Add(stuck); share(b.picture("#player"), admitted) <= least; {
		if time.Now().After(end) {
			b.t.Fatalf("%s was never drawn", what)
		}
	}
}

// TestADamagedRecordingSaysWhyNothingIsShown: an auditor opens a damaged recording up to its damage; where the header is damaged the page says so, and
// does not fail.
func TestADamagedRecordingSaysWhyNothingIsShown(t *testing.T) {
	t.Parallel()
	w := found(t)
	for id, at := range map[string]func(size int) int{"S-20261124-01": func(int) int { return 40 }, "S-20261124-02": func(size int) int { return size - size/10 }} {
		w.recordedLines(id, 400)
		path := filepath.Join(w.dir, id+".skr")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[at(len(b))] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		mori := w.as("mori")
		mori.post("/recordings/"+id, url.Values{"purpose": {"periodic-review"}}).has(t, "証拠として使えない記録を")
		a := mori.post("/recordings/"+id, url.Values{"purpose": {"periodic-review"}, "damaged": {"true"}})
		page := mori.get(a.header.Get("Location"))
		if id == "S-20261124-02" {
			page.has(t, "点検の判定へ")
			continue
		}
		if page.status != http.StatusConflict || page.holds("処理できませんでした") {
			t.Errorf("%d\n%s", page.status, page.body)
		}
	}
}
