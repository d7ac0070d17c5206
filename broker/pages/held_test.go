package pages

import (
	"testing"

	"sekimori/broker/store"
)

// TestAHeldCommandInABrowser: a command that a live rule holds is told once in the alert, with its line, its rule and the time left. A request for
// more time at the same moment is told too. Nothing is told where nothing waits. Two presses answer, and the card breaks no rule of pages. The
// window's console tells it too, and leads there.
func TestAHeldCommandInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	for _, l := range some(drawn{lang: "ja", width: 320}, drawn{lang: "en", width: 1280, forced: true}) {
		t.Run(l.lang, func(t *testing.T) {
			w := found(t)
			e := w.withEntrance(t)
			w.holdsDrops()
			w.granted(t)
			_, s, session := w.connected(t, e)
			b := w.tab("ito", l)
			b.open("/sessions/" + session + "/live")
			eval[bool](b, `(() => {
				window.said = []; window.read = 0; window.before = null;
				for (const id of ["status", "alert"]) new MutationObserver(() => said.push(id + ": " + document.getElementById(id).textContent)).observe(document.getElementById(id), { childList: true });
				const was = window.fetch;
				window.fetch = async (...all) => { window.read++; await window.before; return was(...all); };
				return true;
			})()`)
			b.until(`window.read > 2`) // two readings of the page are over
			if said := eval[[]string](b, `window.said`); len(said) > 0 {
				t.Fatalf("the page says %q and nothing happened", said)
			}
			b.tells("p.hint", a(l.lang, "命令の決まり:", "Live rules:"))

			// The next reading begins when both things have happened.
			eval[bool](b, `(() => { window.before = new Promise(done => { window.goOn = done; }); return true; })()`)
			if got := e.ssh("en", "sato@"+e.host, "extend", "15m", "--reason", "check").ended(); got != 0 {
				t.Fatalf("the request for more time: %d", got)
			}
			s.types("drop table 給与\r")
			s.await("waiting for the attendant")
			eval[bool](b, `(() => { window.goOn(); return true; })()`)
			b.hears("alert", a(l.lang, "確認待ちの命令があります。30秒以内に答えてください。", "A command waits for you: answer within 30 s."))
			b.hears("alert", "drop table 給与")
			b.tells("#held", "hold drop *")
			b.until(`/\d/.test(document.querySelector(".heldleft").textContent)`)
			b.checked("a held command", l)
			b.hears("status", a(l.lang, "延長の申請があります。", "An extension was asked for."))
			if said := eval[[]string](b, `window.said`); len(said) != 2 {
				t.Errorf("one held command and one request for more time: %q", said)
			}
			b.tabTo("#refuse-1")
			b.submit()
			s.await("the attendant refused it")
			b.until(`!document.querySelector("#held section")`)
			beside := w.tab("ito", l) // the console of the window, where the start is permitted
			beside.open("/windows/R8-0001-1/console")
			beside.until(`!!document.querySelector("#others a")`)
			s.types("drop table 職員\r")
			beside.hears("alert", session+" 2 drop table")
			if href := eval[string](beside, `document.querySelector("#held a").getAttribute("href")`); href != "/sessions/"+session+"/live" || eval[bool](beside, `!!document.querySelector("#held button")`) {
				t.Errorf("the card of another session leads to %q, or has buttons", href)
			}
			beside.follows("a held command beside", l)
			b.until(`!!document.querySelector("#allow-2")`)
			b.tabTo("#allow-2")
			b.submit()
			s.await("the attendant allowed it")
			b.until(`!document.querySelector("#held section")`)
			b.wellBehaved("held commands")
		})
	}
}

// holdsDrops lets the attendant decide on lines that begin with drop.
func (w *world) holdsDrops() {
	w.t.Helper()
	w.changed("test.ruled", func(tx *store.Tx) error {
		sys, err := tx.System("hr")
		if err != nil {
			return err
		}
		sys.LiveRules = []string{"hold drop *"}
		return tx.PutSystem(sys)
	})
}
