package pages

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"sekimori/broker/store"
	"sekimori/recordings"
)

// TestAnOfflinePageInABrowser: the file opens from a disk without a network. It plays, jumps to marks, speaks both languages, asks for nothing, and runs
// nothing of a hostile recording.
func TestAnOfflinePageInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	const id = "S-20261124-01"
	w.recordedAs(id, func(r *recordings.Writer, pass func(time.Duration)) error {
		pass(time.Minute)
		return r.Data(0, recordings.Stdout, []byte("</script><script>document.title='attacked'</script><img src=x onerror=\"document.title='attacked'\">\u202e障害\r\n"))
	})
	held, err := w.o.Evidence.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	page, err := w.o.Views.OfflinePage(t.Context(), held, "ja", recordings.UTF8, Player())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "page.html")
	f, err := os.Create(path)
	if err == nil {
		err = page.Write(t.Context(), f)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	tab := w.tab("", drawn{lang: "ja", width: 1280})
	command(tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{Offline: true}}})
	command(tab, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: true})
	tab.base = "file://"
	tab.open(path)
	tab.until(`document.querySelectorAll("#screen .ap-line").length > 0 && Number(document.getElementById("seek").max) > 2`)
	tab.do(chromedp.Click(`.marks li:last-child button`))
	tab.until(`document.querySelector("#screen .ap-term").textContent.includes("over")`)
	if said := eval[string](tab, `document.title`); !strings.HasPrefix(said, id) {
		t.Errorf("the title is %q: a script of the recording ran", said)
	}
	if n := eval[int](tab, `performance.getEntriesByType("resource").length`); n != 0 {
		t.Errorf("%d requests left the page", n)
	}
	body := tab.text()
	for _, want := range []string{"証明", held.Digest.SHA256.String(), "sekimori-verify", "シェル開始", "〓障害"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	tab.accessible("offline, ja")
	tab.do(chromedp.Click(`#to-en`))
	eval[bool](tab, `(() => { const s = document.getElementById("seek"); s.value = "1"; s.dispatchEvent(new Event("change")); return true })()`)
	tab.until(`document.querySelector("#screen .ap-term").textContent.includes("shell started")`)
	if body := tab.text(); !strings.Contains(body, "How to verify") || strings.Contains(body, "確かめ方") {
		t.Error("the page does not speak English")
	}
	tab.accessible("offline, en")
	tab.wellBehaved("offline")
}

// An auditor exports a recording as one HTML file from its page, with a purpose and an entry; without a purpose, and for other people, nothing is sent.
func TestARecordingIsExportedAsHTMLFromItsPage(t *testing.T) {
	t.Parallel()
	w := found(t)
	const id = "S-20261124-01"
	w.recorded(id)
	exported := func() (n int) {
		for _, k := range w.Kinds(t, id) {
			if k == "recording.exported" {
				n++
			}
		}
		return n
	}
	b := w.as("mori")
	b.get("/recordings/"+id+"/offline").has(t, "一つのHTMLファイル", "閲覧目的")
	for _, purpose := range []string{"", "curious"} {
		if a := b.post("/recordings/"+id+"/offline", url.Values{"purpose": {purpose}}); a.status != http.StatusUnprocessableEntity || strings.Contains(a.body, "UPDATE 3") {
			t.Errorf("for %q: %d", purpose, a.status)
		}
	}
	if a := w.as("head").get("/recordings/" + id + "/offline"); a.status != http.StatusForbidden {
		t.Errorf("a head: %d", a.status)
	}
	if n := exported(); n != 0 {
		t.Errorf("%d exports", n)
	}
	a := b.post("/recordings/"+id+"/offline", url.Values{"purpose": {"periodic-review"}})
	if a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Disposition"), id+".html") || !strings.HasPrefix(a.body, "<!") || exported() != 1 {
		t.Errorf("%d %s, %d entries: %.80q", a.status, a.header.Get("Content-Disposition"), exported(), a.body)
	}
	a = b.post("/recordings/"+id, url.Values{"purpose": {"periodic-review"}})
	b.get(a.header.Get("Location")).has(t, "/recordings/"+id+"/offline", "/recordings/"+id+"/summary?v=")
}

// TestADamagedRecordingIsExportedAsItCanBeRead: the page refuses a recording that does not hold, offers what can be read of it, and the file and the entry say
// that it is no evidence. The timeline names the length of the gap.
func TestADamagedRecordingIsExportedAsItCanBeRead(t *testing.T) {
	t.Parallel()
	w := found(t)
	const id = "S-20261124-01"
	w.recordedAs(id, func(r *recordings.Writer, pass func(time.Duration)) error {
		for range 40 {
			if err := r.Data(0, recordings.Stdout, []byte("UPDATE 3\r\n")); err != nil {
				return err
			}
			if err := r.Sync(); err != nil {
				return err
			}
			pass(30 * time.Second)
		}
		return nil
	})
	path := w.dir + "/" + id + ".skr"
	whole, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, whole[:len(whole)*3/4], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := w.as("mori")
	b.get("/recordings/"+id+"/offline?lang=ja").lacks(t, "読めるところまで")
	form := url.Values{"purpose": {"periodic-review"}}
	a := b.post("/recordings/"+id+"/offline", form)
	if a.status == http.StatusOK || a.header.Get("Content-Disposition") != "" {
		t.Fatalf("%d %.200s", a.status, a.body)
	}
	a.has(t, "読めるところまで", `name="damaged"`, `value="periodic-review" checked`)
	form.Set("damaged", "true")
	a = b.post("/recordings/"+id+"/offline", form)
	if a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Disposition"), id+".html") || !strings.Contains(a.body, "証拠として使えません") || !strings.Contains(a.body, "UPDATE 3") || strings.Contains(a.body, " over ") {
		t.Errorf("%d %s: %.200s", a.status, a.header.Get("Content-Disposition"), a.body)
	}
	if a := w.as("head").post("/recordings/"+id+"/offline", form); a.status != http.StatusForbidden {
		t.Errorf("a head: %d", a.status)
	}
	said := ""
	err = w.DB.Read(t.Context(), func(s *store.Snap) error {
		for e, err := range s.Entries(store.EntryFilter{Kind: "recording.exported", Subject: id}) {
			if err != nil {
				return err
			}
			said += string(e.Payload)
		}
		return nil
	})
	if err != nil || strings.Count(said, `"damaged":"cut-short"`) != 1 || strings.Count(said, `"format"`) != 1 {
		t.Errorf("%v %s", err, said)
	}
	a = b.post("/recordings/"+id, form)
	page := b.get(a.header.Get("Location") + "&lang=ja")
	gap := regexp.MustCompile(`記録に欠け\((\d+)秒\)`).FindStringSubmatch(page.body)
	if gap == nil {
		t.Fatalf("no gap on the timeline: %d %.300s", page.status, page.body)
	}
	if n, err := strconv.Atoi(gap[1]); err != nil || n < 60 || n > 1200 {
		t.Errorf("a gap of %s seconds", gap[1])
	}
	b.get(a.header.Get("Location")+"&lang=en").has(t, "Gap of "+gap[1]+" s")
}
