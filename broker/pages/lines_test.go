package pages

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// lined gives hr a line that people move, without a probe, and a window under way. The watch over the line runs.
func (w *world) lined() {
	w.t.Helper()
	w.planned(policy.RequestApproved, policy.WindowScheduled)
	w.changed("test.lined", func(tx *store.Tx) error {
		sys, err := tx.System("hr")
		if err != nil {
			return err
		}
		sys.Line = policy.LineByHand
		return tx.PutSystem(sys)
	})
	w.Pass(time.Hour)
	w.o.Lines.Start()
	w.t.Cleanup(func() {
		if err := w.o.Lines.Close(context.Background()); err != nil { // the test's context has ended
			w.t.Error(err)
		}
	})
}

// changed writes into the store, with an entry of the kind.
func (w *world) changed(kind string, do func(*store.Tx) error) (no int64) {
	w.t.Helper()
	err := w.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		e, err := tx.Append(townhall.Draft(kind))
		no = e.Index
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return no
}

const byEyeLimit = "人の目と申告だけによります"

// TestTheLineOnTheConsole: the attendant's console shows the line in words, with its limit, and has its steps in their compulsory order. A
// step out of order says what comes first. A separation that was lost is told, and asks for the first step anew.
func TestTheLineOnTheConsole(t *testing.T) {
	w := found(t)
	w.lined()
	ito := w.as("ito")
	const console = "/windows/R8-0001-1/console"
	do := func(act string) answer {
		t.Helper()
		return ito.post("/windows/R8-0001-1/"+act, url.Values{"back": {console}})
	}
	ito.get(console+"?lang=ja").has(t, "庁内網: 接続", "保守回線: 切断", "目視(立会者の申告)", byEyeLimit, `action="/windows/R8-0001-1/line-cut"`, "<strong>回線接続</strong>", "<strong>庁内網復旧</strong>", "終了後に押せます")
	ito.get(console+"?lang=en").has(t, "Office network: connected", "Maintenance line: cut", "by eye (the attendant&#39;s word)", "It rests on a person&#39;s eye and word alone", "<strong>Confirm office network is cut</strong>")
	ito.get(console + "?lang=ja")
	do("line-on").has(t, "先に庁内網の切断を確かめてください")
	for _, act := range []string{"line-cut", "line-on"} {
		if a := do(act); a.status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", act, a.status, a.body)
		}
	}
	page := ito.get(console)
	page.has(t, "庁内網: 切断", "保守回線: 接続", "目視(立会者の申告) ", "分離済み")
	if page.holds(`action="/windows/R8-0001-1/line-cut"`) || page.holds("分離を失いました") {
		t.Error("a step that is done is offered, or a loss is told")
	}
	ito.get("/windows/R8-0001-1").has(t, "目視(立会者の申告)。"+byEyeLimit, "<dt>庁内網切断</dt>", "<dt>保守回線接続</dt>", `href="/windows/R8-0001-1/line-off"`)

	// The separation is lost, as the watch would write it.
	w.changed("test.lost", func(tx *store.Tx) error {
		row, err := tx.WindowLine("R8-0001-1")
		if err != nil {
			return err
		}
		row.LostAt = tx.Now
		return tx.UpdateWindowLine(row)
	})
	page = ito.get(console)
	page.has(t, "庁内網との分離を失いました", `data-cut="庁内網との分離を失いました`, `action="/windows/R8-0001-1/line-cut"`)
	ito.get(console+"?lang=en").has(t, "Separation from the office network was lost")
	ito.get(console + "?lang=ja")

	do("line-back").has(t, "先に保守回線を外してください")
	for _, act := range []string{"line-off", "line-back"} {
		if a := do(act); a.status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", act, a.status, a.body)
		}
	}
	ito.get("/windows/R8-0001-1").has(t, "<dt>分離を失った</dt>", "<dt>庁内網復旧</dt>")
}

// TestTheLineOnItsSystemsPage: the page of a system has its line's state, the limit, the last test, and the test itself.
func TestTheLineOnItsSystemsPage(t *testing.T) {
	w := found(t)
	w.lined()
	admin := w.as("admin")
	admin.get("/systems/hr").has(t, "目視(立会者の申告)", byEyeLimit, "最近の試験:", "なし", "検査器がないので試験できません")
	admin.get("/systems/hr?lang=en").has(t, "by eye (the attendant&#39;s word)", "Last test:", "there is no sensor to test (by eye only)")
	w.changed("test.tested", func(tx *store.Tx) error {
		sys, err := tx.System("hr")
		if err != nil {
			return err
		}
		sys.LineProbes = []string{"internal tcp 192.0.2.1:9"}
		if err := tx.PutSystem(sys); err != nil {
			return err
		}
		return tx.AddLineTest(store.LineTest{System: "hr", By: "ito", OK: true})
	})
	eventually(t, "the watch has the new rule", func() bool { shown, ok := w.o.Lines.Show("hr"); return ok && len(shown.Probes) > 0 })
	page := admin.get("/systems/hr?lang=ja")
	page.has(t, "成功", `href="/lines/hr/test"`, "internal tcp 192.0.2.1:9", "30日以内に成功と失敗の両方を見ていない", "検査は線を抜いた証明ではありません")
	if none := w.as("admin").get("/systems/map"); none.holds("最近の試験:") {
		t.Error("a system without a line shows one")
	}
}

// TestTheLinesColumnsOfAConnection: the columns 13, 14, 20 and 21 are those of the ledger, and a line that was lost and cut anew after the
// session does not change them. What stood behind them is said with its limit. Without a line they say so.
func TestTheLinesColumnsOfAConnection(t *testing.T) {
	w := found(t)
	s := w.worked()
	entry := func(kind string, payload map[string]any, about ...string) int64 {
		t.Helper()
		w.Pass(time.Minute)
		var no int64
		err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
			e, err := tx.Append(ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "person", ID: "ito", Via: "web"}, Subjects: about, Payload: payload})
			no = e.Index
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return no
	}
	step := func(kind string) string {
		entry(kind, map[string]any{"window": s.Window}, s.Window, s.Request, s.System)
		return w.Now().In(townhall.Zone).Format("15:04")
	}
	step("line.cut") // of an attempt before
	step("line.restored")
	cut, on := step("line.cut"), step("line.on")
	entry("session.opening", map[string]any{"session_id": s.ID, "line": "driven"}, s.ID, s.Person, s.Request, s.System)
	no := entry("session.ended", map[string]any{"session_id": s.ID}, s.ID, s.Person, s.Request, s.System)
	lost := step("line.lost")
	step("line.cut")
	step("line.on")
	step("line.off")
	back := step("line.restored")

	head := w.as("head")
	page := head.get("/ledger/" + strconv.FormatInt(no, 10) + "?lang=ja")
	for n, want := range map[string]string{"13 庁内網切断": cut, "14 保守回線接続": on, "20 保守回線切断": lost, "21 庁内網復旧": back} {
		_, rest, _ := strings.Cut(page.body, "<dt>"+n+"</dt><dd>")
		value, _, _ := strings.Cut(rest, "</dd>")
		if !strings.Contains(value, want) || !strings.Contains(value, "ito") {
			t.Errorf("%s: %q, want %s", n, value, want)
		}
	}
	page.has(t, "連動(切替器と検査器)", "検査は線を抜いた証明ではなく")
	head.get("/sessions/"+s.ID+"?lang=en").has(t, "driven (switch and probes)", "A probe is no proof of a pulled cable")
	if emptyColumn.MatchString(page.body) {
		t.Error("an empty column does not say why")
	}
	entry("session.opening", map[string]any{"session_id": "S-20261124-01", "line": "none"}, "S-20261124-01", s.Person, s.Request, s.System)
	no = entry("session.ended", map[string]any{"session_id": "S-20261124-01"}, "S-20261124-01", s.Person, s.Request, s.System)
	head.get("/ledger/"+strconv.FormatInt(no, 10)+"?lang=ja").has(t, "このシステムに回線の連動はない(決まり)")
}
