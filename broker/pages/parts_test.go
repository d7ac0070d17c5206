package pages

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/recordings"
)

// looksOf opens a recording in parts and as a whole, for a person of the hall.
func (w *world) looksOf(login, id string) (*view.Parts, *view.Playback) {
	w.t.Helper()
	var by view.Reader
	if err := w.DB.Read(w.t.Context(), func(s *store.Snap) error {
		p, err := s.Person(login)
		by = view.Reader{Person: p.Person, Via: "web"}
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	name, err := w.o.Views.BeginPlayback(w.t.Context(), by, "t", id, view.Why{Purpose: string(policy.PeriodicReview)}, false)
	if err != nil {
		w.t.Fatal(err)
	}
	parts, err := w.o.Views.PlaybackParts(w.t.Context(), by, "t", id, name, "ja")
	if err != nil {
		w.t.Fatal(err)
	}
	whole, err := w.o.Views.Playback(w.t.Context(), by, "t", id, name, "ja")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { parts.Close(); whole.Close() })
	return parts, whole
}

// colourful is a session of many minutes: colours, full-width characters, an editor, another size, erased and inserted lines.
func colourful(r *recordings.Writer, pass func(time.Duration)) error {
	for i := range 120 {
		pass(15 * time.Second)
		out := fmt.Sprintf("\x1b[3%dm%d\x1b[1;4%dm 給与明細 \x1b[m ｶﾅ \x1b[7m逆\x1b[27;9m消\x1b[m\x1b[38;5;%dm色\x1b[m\r\n", i%8, i, (i+3)%8, i*2)
		switch i % 12 {
		case 4:
			out = "\x1b[?1049h\x1b[2J\x1b[2;20r\x1b[44m\x1b[H編集\x1b[K\x1b[m\x1b[5;5Hx\x1b[20;1H\r\n下\x1b[3;10H\x1b[2L\x1b[10Gq\x1b[4P"
		case 5:
			out = "\x1b[1;1H\x1b[P\x1b[3@挿入\x1b[?25l\x1b[12;40H\x1b[32;7m中\x1b7\x1b[m\x1b[K"
		case 7:
			out = "\x1b8続き\x1b[?25h\x1b[r\x1b[?1049l戻る\r\n"
		case 9:
			out = "\x1b(0lqqk\r\nx  x\r\nmqqj\x1b(B\r\n\x1b[A\x1b[3C\x1b[1K\x1b[E"
		case 10:
			out = strings.Repeat("長い行", 40) + "\r\n"
		}
		if err := r.Data(0, recordings.Stdout, []byte(out)); err != nil {
			return err
		}
	}
	return nil
}

// playersPage holds two of the page's players, one with the whole recording and one with its parts, beside each other.
const playersPage = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/player.css"><script src="/player.js"></script><div id="whole"></div><div id="parts"></div><script>
const look = { controls: false, fit: false, cursorMode: "steady", preload: true };
const whole = AsciinemaPlayer.create("/cast", document.getElementById("whole"), look);
const parts = AsciinemaPlayer.create({ url: "/reel/", format: "segmented" }, document.getElementById("parts"), look);
// The colours and attributes of each character of a line.
const styled = (line) => Array.from(line.querySelectorAll("span"), (s) => Array.from(s.textContent, (c) => c + "{" + s.className + s.style.cssText.replace(/--offset: \d+;?/, "") + "}").join("")).join("").replace(/( \{\})+$/, "");
const looks = (id) => Array.from(document.querySelectorAll("#" + id + " .ap-term .ap-line"), styled);
const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
async function differ(at) {
  await Promise.all([whole.seek(at), parts.seek(at)]);
  for (let i = 0; i < 20; i++) { await frame(); if (looks("whole").join() === looks("parts").join() && looks("whole").join("") !== "") return ""; }
  const [a, b] = [looks("whole"), looks("parts")], row = a.findIndex((line, i) => line !== b[i]);
  return at + " s, row " + row + ": " + JSON.stringify(a[row]) + ", in parts " + JSON.stringify(b[row]) + " of " + a.length + ", " + b.length;
}
</script>`

// TestSnapshotsDrawWhatThePlayerDraws: after a jump, the player that reads parts shows what the player shows that has read everything before.
func TestSnapshotsDrawWhatThePlayerDraws(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	w.recordedAs("S-20261124-01", colourful)
	parts, whole := w.looksOf("mori", "S-20261124-01")
	if parts.Count() < 5 {
		t.Fatalf("%d parts", parts.Count())
	}
	send := func(body any) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			if err := json.NewEncoder(rw).Encode(body); err != nil {
				t.Error(err)
			}
		}
	}
	mux := http.NewServeMux()
	for name, of := range map[string]string{"/player.js": "vendor/asciinema/player.min.js", "/player.css": "vendor/asciinema/player.css"} {
		mux.HandleFunc(name, func(rw http.ResponseWriter, r *http.Request) { http.ServeFileFS(rw, r, staticFiles, "static/"+of) })
	}
	mux.HandleFunc("/{$}", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		if _, err := io.WriteString(rw, playersPage); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/cast", func(rw http.ResponseWriter, r *http.Request) {
		if err := whole.Cast(r.Context(), rw, false); err != nil {
			t.Error(err)
		}
	})
	reel := parts.Reel(false, func(no int) string { return "parts/" + strconv.Itoa(no) })
	mux.HandleFunc("/reel/{$}", send(reel))
	for no := range parts.Count() {
		part, err := parts.Part(no, false)
		if err != nil {
			t.Fatal(err)
		}
		mux.HandleFunc("/reel/parts/"+strconv.Itoa(no), send(part))
	}
	players := httptest.NewServer(mux)
	defer players.Close()
	mori := w.tab("mori", drawn{lang: "ja", width: 1280})
	mori.base = players.URL
	mori.open("/")
	mori.until(`document.querySelectorAll(".ap-term").length === 2`)
	for at := 20; at < 1800; at += 41 {
		if said := eval[string](mori, fmt.Sprintf("differ(%d.5)", at)); said != "" {
			t.Errorf("%.1500s", said)
		}
	}
	if all := eval[string](mori, `looks("parts").join()`); !strings.Contains(all, "給{ap-bold") || !strings.Contains(all, "rgb(215, 255, 0)") {
		t.Errorf("colours are not compared: %.600s", all)
	}
}

// TestAWholeRecordingIsSentToItsEnd: the recording's end lies behind its last frame. A person who was sent every part was sent all of it.
func TestAWholeRecordingIsSentToItsEnd(t *testing.T) {
	t.Parallel()
	w := found(t)
	const id = "S-20261124-01"
	w.recordedAs(id, func(_ *recordings.Writer, pass func(time.Duration)) error {
		pass(1500 * time.Millisecond)
		w.Pass(2 * time.Second) // the session ended two seconds after its last frame
		return nil
	})
	b := w.as("mori")
	_, look, _ := strings.Cut(b.post("/recordings/"+id, url.Values{"purpose": {"periodic-review"}}).header.Get("Location"), "?")
	sent := 0
	for ; b.get("/recordings/"+id+"/parts/"+strconv.Itoa(sent)+"?"+look).status == http.StatusOK; sent++ {
	}
	if err := w.o.Views.NoteServed(t.Context(), true); err != nil || sent == 0 {
		t.Fatal(sent, err)
	}
	var c ledger.Coverage
	if err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		c, err = s.Covered(id)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := c.Of("mori").All.Seconds(); got != c.Length || c.Length < 4 {
		t.Errorf("%d of %d seconds", got, c.Length)
	}
}
