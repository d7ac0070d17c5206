package pages

import (
	"net/http"
	"time"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

// consoleGallery adds /dev/console: the attendant's console with each of its parts in each state at once, as no one session has them.
func (w *world) consoleGallery() {
	w.t.Helper()
	r := get("/dev/console", staff, text2("コンソールの状態の一覧", "Gallery of the console"), open(), l0, func(_ *Pages, v *visit) error {
		return v.show(w.everyConsole(v))
	})
	w.pages.muxes[staff].HandleFunc("GET /dev/console", func(rw http.ResponseWriter, req *http.Request) { w.pages.serve(rw, req, staff, r) })
}

func (w *world) everyConsole(v *visit) *ConsolePage {
	at := func(d time.Duration) Moment { return moment(w.Now().Add(d), w.o.Zone) }
	long := `psql -c "DROP TABLE 給与; DROP TABLE aVeryLongNameWithoutAnySpaceInIt_aVeryLongNameWithoutAnySpaceInIt_aVeryLongName" <b>&'`
	page := &ConsolePage{
		Frame: v.frame(), Window: "R8-0001-1", Session: "S-20261124-01", Self: "/dev/console", System: "人事給与", SystemID: "hr", Engineer: "例示システム(株) 佐藤", Chip: windowChip(string(policy.WindowAttended)),
		Request: Link{text.Request("R8-0001"), "/requests/R8-0001"}, Cut: "/x/cut", CutBack: "/dev/console#cut-title", Pause: "/x/pause", Resume: "/x/resume", Mark: "/x/bookmark", Message: "/x/message",
		Until: at(time.Hour), EndsAt: "11:00", Left: timeLeft(time.Hour), Watchers: 2, Attends: true, ListTitle: "立会い手順書", Version: 4, Phone: "0000-00-0000", Now: at(0).ISO,
		Rules: policy.SayLiveRules(3), Paused: text2("一時停止中。保守要員の入力は届きません。", "Paused: the engineer's keys are not delivered."),
		Behind:   []text.Text{api.Session{Behind: w.Now()}.SayBehind(), text.Same("S-20261124-03: " + long)},
		LineLost: text2("庁内網との分離を失いました(10:00:00)。", "Separation from the office network was lost (10:00:00)."),
		Masked:   []text.Text{text2("個人番号らしい番号を12件伏せました(接続先 hr-db)", "12 number(s) masked on hr-db"), text.Same("S-20261124-03: 1")},
		Held: []HeldRow{
			{Number: 1, Line: text.Same("drop table 給与"), Rule: policy.LiveVerdict{Rule: "hold drop *"}.Say(), Until: at(29 * time.Second), Seconds: 29, Allow: "/x/allow", Refuse: "/x/refuse"},
			{Number: 2, Line: text.Same(long), Rule: policy.LiveVerdict{Unjudged: true}.Say(), Until: at(0), Allow: "/x/allow", Refuse: "/x/refuse"},
			{Number: 3, Line: text2("(画面に出ない入力)", "(typed without an echo)"), Rule: policy.LiveVerdict{Rule: "hold re:^rm"}.Say(), Until: at(5 * time.Second), Seconds: 5}, // another person looks on
			{Number: 1, Line: text.Same("reboot"), Rule: policy.LiveVerdict{Rule: "hold reboot"}.Say(), Until: at(5 * time.Second), Seconds: 5, Session: "S-20261124-03", Href: "/sessions/S-20261124-03/live"},
		},
		Asked: []AskedRow{
			{ID: "X-0001", Input: "why-not-X-0001", Reason: "check", At: at(0), Minutes: 15, End: "11:00", NewEnd: "11:15", Left: 30, Grant: "/x/grant", Deny: "/x/deny"},
			{ID: "X-0002", Input: "why-not-X-0002", Reason: "check", At: at(0), Minutes: 60, End: "11:00", NewEnd: "12:00", Left: 30, Deny: "/x/deny", Why: policy.OverLimit(30 * time.Minute)},
		},
		Waiting:  []WaitingRow{{Session: "S-20261124-02", Name: "鈴木", Source: "203.0.113.7", Since: at(0), State: waitState("identity-check")}},
		Others:   []Link{{text.Same("S-20261124-03"), "/sessions/S-20261124-03/live"}},
		Happened: []HappenedRow{{At: "10:00:00", ISO: "2026-11-24T10:00:00+09:00", Text: text2("開始", "Started")}},
	}
	page.CutDone = &CutDone{At: "10:00:00", Action: "/x/explain", Again: "/windows/R8-0001-1/console", Choices: []Choice{{Word: "a", Text: text.Same("a")}, {Word: "b", Text: text.Same("b")}}}
	page.Over, page.EndText, page.Attest = true, text2("[203] 切断", "[203] Cut"), "/sessions/S-20261124-01/attest"
	page.Line = &LinePart{State: chip(policy.LineJoined.Label(), lineLooks[policy.LineJoined]), Internal: text2("接続", "connected"), Maintenance: text2("不明", "unknown"), How: text2("連動", "driven"),
		Limit: text2("検査は線を抜いた証明ではありません", "A probe is no proof of a pulled cable"), Why: "dial tcp 192.0.2.1:9: i/o timeout",
		Probes: []LineProbeRow{{Words: "internal tcp 192.0.2.1:9", Saw: text2("届く", "reached"), Proven: true}, {Words: "maintenance ping 2001:db8:1111:2222:3333:4444:5555:6666", Saw: text2("不明", "unknown"), Why: "no route"}}}
	done, now, not := chip(text2("済み", "Done"), look{"check", "ok"}), chip(text2("いま行う", "Now"), look{"clock", "attention"}), chip(text2("まだ", "Not yet"), look{"dash", "waiting"})
	for i, act := range []string{"line-cut", "line-on", "line-off", "line-back"} {
		page.Steps = append(page.Steps, []Step{
			{Chip: done, Told: text2("連動 10:00:00 関守", "driven 10:00:00 the broker")}, {Chip: now, Action: "/x/" + act}, {Chip: not, Locked: text2("終了後に押せます", "Opens after the end")}, {Chip: now, Action: "/x/" + act, Proof: true, Undo: "/x/unpermit"},
		}[i])
		page.Steps[i].No, page.Steps[i].Label, page.Steps[i].Button = i+1, actName(act), actName(act)
	}
	page.Steps = append(page.Steps, Step{No: 5, Label: text2("本人確認", "Identity check"), Chip: now, Action: "/x/identity", Calls: []CallRow{
		{ID: "digits-1", Session: "S-20261124-02", Name: "鈴木", Phone: "0000-11-1111", Person: "E-0032", Source: "203.0.113.7", Beside: 2}, {ID: "digits-2", Session: "S-20261124-01", Name: "佐藤", Phone: "0000-11-1111", Done: text2("照合番号 一致", "the number matched")},
	}})
	page.Frame.State = page.Chip.Text
	page.Frame.Scripts = append(page.Frame.Scripts, "live.js")
	return page
}
