package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// spoken is what the live regions say now: the status, and the alert.
func (b *tab) spoken() (status, alert string) {
	b.t.Helper()
	both := eval[[]string](b, `[document.getElementById("status").innerText.trim(), document.getElementById("alert").innerText.trim()]`)
	return both[0], both[1]
}

// hears waits until a live region says the words.
func (b *tab) hears(region, words string) {
	b.t.Helper()
	b.until(`document.getElementById(` + quoted(region) + `).innerText.includes(` + quoted(words) + `)`)
}

// The console's live regions are one status and one alert, empty at load. Each warning, each change of the state and each stop is said once,
// in the place for it; the time left itself is never said.
func TestTheConsoleSpeaksInABrowser(t *testing.T) {
	t.Parallel()
	startChromium(t)
	for _, l := range some(drawn{lang: "ja", width: 320}, drawn{lang: "en", width: 1280}) {
		t.Run(l.lang, func(t *testing.T) {
			w := found(t)
			e := w.withEntrance(t)
			w.granted(t)
			_, s, session := w.connected(t, e)
			b := w.tab("ito", l)
			b.open("/sessions/" + session + "/live")
			for _, role := range []string{"status", "alert"} {
				if n := eval[float64](b, `document.querySelectorAll("[role=`+role+`]").length`); n != 1 {
					t.Errorf("%v regions with the role %s", n, role)
				}
			}
			if status, alert := b.spoken(); status != "" || alert != "" {
				t.Errorf("at load: %q, %q", status, alert)
			}
			if live := eval[string](b, `document.querySelector("[role=timer]").getAttribute("aria-live") || "off"`); live != "off" {
				t.Errorf("the time left is said: %s", live)
			}
			if live := eval[string](b, `document.getElementById("aloud").getAttribute("aria-live")`); live != "off" {
				t.Errorf("the terminal is said: %s", live)
			}
			// The machine's clock goes to just before each warning; the page comes to it by itself.
			for _, warning := range []struct {
				left   time.Duration
				region string
				words  string
			}{
				{10 * time.Minute, "status", a(l.lang, "残り10分です。", "10 minutes left.")},
				{5 * time.Minute, "status", a(l.lang, "残り5分です。", "5 minutes left.")},
				{time.Minute, "alert", a(l.lang, "残り1分です。", "1 minute left.")},
			} {
				eval[bool](b, `(() => {
					window.machine = window.machine || Date.now.bind(Date);
					const told = document.getElementById("live").dataset.now, until = Date.parse(document.querySelector("[role=timer]").dataset.until);
					window.opened = window.opened || window.machine();
					const goal = until - Date.parse(told) - `+ms(warning.left)+` - 2000; // since the page was opened
					const shift = goal - (window.machine() - window.opened);
					Date.now = () => window.machine() + shift;
					return true;
				})()`)
				b.hears(warning.region, warning.words)
			}
			if status, _ := b.spoken(); status != a(l.lang, "残り5分です。", "5 minutes left.") {
				t.Errorf("the status says %q where the alert speaks", status)
			}
			// The head freezes everything: the work stops, and the alert says so with the telephone; the banner is on the page.
			a1 := w.as("head").post("/incidents/freeze", url.Values{"scope": {"all"}, "reason": {"x"}})
			if a1.status != http.StatusSeeOther {
				t.Fatalf("freeze: %d\n%s", a1.status, a1.body)
			}
			s.ended()
			b.hears("alert", a(l.lang, "緊急凍結中", "freeze"))
			b.hears("alert", a(l.lang, "切断しました(", "Cut ("))
			b.until(`!!document.querySelector(".freeze")`)
			b.wellBehaved("the live regions")
			if got := eval[string](b, `document.title`); !strings.Contains(got, a(l.lang, "途中で切断", "Cut")) {
				t.Errorf("the title is %q", got)
			}
		})
	}
}

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
