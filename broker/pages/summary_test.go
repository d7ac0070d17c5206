package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/recordings"
)

// typed puts a recording on file in which ten lines are typed on a terminal.
func (w *world) typed(id string) {
	w.t.Helper()
	w.recordedAs(id, func(r *recordings.Writer, pass func(time.Duration)) error {
		for range 10 {
			for _, piece := range []string{"db$ ", "cat <b>障害</b>", "\r\nno such file\r\n"} {
				pass(time.Second)
				if err := r.Data(0, recordings.Stdout, []byte(piece)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// The summary asks for a purpose before anything of the session is shown, writes the look into the ledger, and says that it is no proof.
func TestASessionsSummaryOnAPage(t *testing.T) {
	t.Parallel()
	w := found(t)
	const id = "S-20261124-01"
	w.typed(id)
	b := w.as("mori")
	a := b.get("/recordings/" + id + "/summary?lang=ja")
	a.has(t, "閲覧目的", "この閲覧は記録され")
	if strings.Contains(a.body, "障害") {
		t.Error("something is shown before there is a purpose")
	}
	before := w.lookCount(id)
	if a := b.post("/recordings/"+id+"/summary", url.Values{"purpose": {"curious"}}); a.status != http.StatusForbidden || strings.Contains(a.body, "障害") {
		t.Errorf("a purpose that is none: %d", a.status)
	}
	a = b.post("/recordings/"+id+"/summary", url.Values{"purpose": {"periodic-review"}})
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if n := w.lookCount(id) - before; n != 1 {
		t.Errorf("%d entries for one look", n)
	}
	at := a.header.Get("Location")
	b.get(at).has(t, "定期の点検", "証明ではありません", "打ち込んだ行(端末の表示) 10件", "cat &lt;b&gt;障害&lt;/b&gt;", "シェル開始", "<details>", "/text?v=", "操作記録の再生")
	b.get(at+"&lang=en").has(t, "It is an aid, not proof", "Line typed, as shown: 10", "What passed, in order of time")
	if a := w.as("kato").get("/recordings/" + id + "/summary"); a.status != http.StatusForbidden {
		t.Errorf("a requester: %d", a.status)
	}
	if a := w.as("head").get(at); strings.Contains(a.body, "障害") {
		t.Error("another person reads under the auditor's purpose")
	}
	b.get("/sessions/"+id).has(t, "/recordings/"+id+"/summary")
}

// lookCount is how many looks at a recording the ledger has.
func (w *world) lookCount(id string) (n int) {
	for _, k := range w.Kinds(w.t, id) {
		if k == ledger.KindViewed {
			n++
		}
	}
	return n
}

// The summary breaks no rule of pages, with its lines folded and unfolded.
func TestASessionsSummaryInABrowser(t *testing.T) {
	t.Parallel()
	wholeRun(t)
	startChromium(t)
	w := found(t)
	w.typed("S-20261124-01")
	for _, l := range some(inBoth...) {
		b := w.tab("mori", l)
		b.open("/recordings/S-20261124-01/summary")
		b.fill(url.Values{"purpose": {"periodic-review"}}, "main form button[type=submit]")
		b.submit()
		b.checked("summary, folded", l)
		b.do(chromedp.Click("main details summary"))
		b.until(`document.querySelectorAll("details[open] li").length === 10`)
		b.checked("summary, unfolded", l)
	}
}

// The day's confirmation and the review begin with what the ledger counts, and lead to the summary of the contents and to the search.
func TestDaysAndReviewsBeginWithASummary(t *testing.T) {
	t.Parallel()
	w := found(t)
	s := w.worked()
	b := w.as("mori")
	a := b.get("/reviews/R8-0001-1?lang=ja")
	a.has(t, "中身の要約を開く", "/recordings/"+s.ID+"/summary", "[203] ", "ほかに数えた記載はありません", "操作の中身を含みません", "/recordings/search?system=hr")
	if strings.Index(a.body, `id="summary"`) > strings.Index(a.body, `id="picks"`) {
		t.Error("the review does not begin with the summary")
	}
	b.get("/recordings/search?system=hr").has(t, `value="hr"`)
	days := b.get("/days").body
	_, rest, ok := strings.Cut(days, `href="/days/`)
	if !ok {
		t.Fatal(days)
	}
	day, _, _ := strings.Cut(rest, `"`)
	a = b.get("/days/" + day + "?lang=en")
	a.has(t, "Open the summary of its contents", "end: [203]", "nothing else is counted")
	if strings.Index(a.body, `id="summary"`) > strings.Index(a.body, `id="work"`) {
		t.Error("the day does not begin with the summary")
	}
}

// A session that is over without a sealed recording has a gap in it; one that is under way is being recorded.
func TestARecordingWithoutItsEndHasAGap(t *testing.T) {
	t.Parallel()
	for state, want := range map[store.SessionState]api.RecordingState{store.SessionEnded: api.RecordingGap, store.SessionActive: api.RecordingRunning} {
		r := view.Recording(store.Session{ID: "S-20261124-01", State: state, Recording: "S-20261124-01.skr"}, time.UTC)
		chips := recordingChips(r, time.UTC)
		if r.State != string(want) || len(chips) == 0 || chips[0].Text != want.Label() {
			t.Errorf("%s: %s %+v", state, r.State, chips)
		}
	}
	if gap := chip(api.RecordingGap.Label(), recordingLooks[api.RecordingGap]); gap.Text.JA != "記録に欠け" || gap.Shape != "triangle" {
		t.Errorf("%+v", gap)
	}
}
