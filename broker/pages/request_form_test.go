package pages

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/request"
	"sekimori/broker/store"
	"sekimori/policy"
)

// application is what kato types for a maintenance three hours ahead.
func (w *world) application(t *testing.T) url.Values {
	t.Helper()
	start := w.Now().Add(3 * time.Hour).Truncate(time.Minute)
	values, err := request.Values(request.Form{System: "hr", Start: start, End: start.Add(90 * time.Minute), Body: request.Body{
		Accounts: []string{"hr-db/hrmnt01"}, Engineers: []string{"E-0031"}, Purpose: "端数誤りの調査", WorkType: "survey", ResponsibleParty: "V-012", Phone: "0000-11-1111", Attendant: "ito",
	}}, townhall.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func with(values url.Values, pairs ...string) url.Values {
	out := cloned(values)
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

func (a answer) at(t *testing.T, want string) string {
	t.Helper()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), want) {
		t.Fatalf("%d to %q, want %q:\n%s", a.status, a.header.Get("Location"), want, a.body)
	}
	return a.header.Get("Location")
}

var draftVersion = regexp.MustCompile(`name="version" value="(\d+)"`)

func (a answer) version(t *testing.T) string {
	t.Helper()
	m := draftVersion.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no version on the page:\n%s", a.body)
	}
	return m[1]
}

// From an empty form to a decided request, each step on its page.
func TestARequestFromTheFormToTheGrant(t *testing.T) {
	w := found(t)
	kato := w.as("kato")
	kato.get("/requests").has(t, "申請はまだありません。", `href="/requests/new"`)
	kato.get("/requests/new").has(t, "1 作業", "障害対応", "人事給与", "下書き保存", "入力内容の確認へ進む")
	check := kato.post("/requests/new", with(w.application(t), "go", "check")).at(t, "/requests/D-")
	page := kato.get(check)
	page.has(t, "入力内容の確認", "目的を変更", "要点", "E-0031", "申請する", "特記事項(複写・複製・持出しの禁止など)を作業者に周知しました")
	if strings.Contains(page.body, " checked") {
		t.Error("a declaration is ticked beforehand")
	}
	kato.get(strings.TrimSuffix(check, "/check")+"/edit").has(t, `value="端数誤りの調査"`, `value="hr-db/hrmnt01" checked`, `value="E-0031" checked`, `value="ito" selected`)
	kato.get("/requests").has(t, "下書き", "端数誤りの調査")
	told := url.Values{"version": {page.version(t)}, "clauses_told": {"yes"}, "recording_told": {"yes"}}
	first, again := kato.post(check, told), kato.post(check, told)
	at := first.at(t, "/requests/R8-0001?done=submitted")
	again.at(t, at) // a double press is one application
	kato.get(at).has(t, "申請を受け付けました。番号は 令和8年度第1号 です。", "承認待ちです。", "決まらないと失効します。")

	head := w.as("head")
	head.get("/requests/R8-0001").has(t, `href="/requests/R8-0001/decide"`)
	decide := head.get("/requests/R8-0001/decide")
	decide.has(t, "要点", "前回の利用許可はありません(初回)。すべての項目を確認してください。", "確認事項", "判断", "承認する", "条件を付けて承認する", "差し戻す", "却下する", "認証して決定する", "保存して後で決める", "この承認は")
	if order := regexp.MustCompile(`(?s)要点.*前回との違い.*確認事項.*判断`); !order.MatchString(decide.body) {
		t.Error("not in the order 要点, 違い, 確認事項, 判断")
	}
	form := url.Values{"version": {decide.version(t)}, "verdict": {"approve"}, "password": {"right"}, "code": {"000000"}}
	missing := head.post("/requests/R8-0001/decide", form)
	if missing.status != http.StatusUnprocessableEntity && missing.status != http.StatusForbidden && missing.status != http.StatusConflict {
		t.Errorf("an approval without its reasons: %d", missing.status)
	}
	missing.has(t, "確認した理由を入力してください", `value="approve" checked`, "エラー:")
	for code, reason := range townhall.Because() {
		form.Set("because."+code, reason)
	}
	head.post("/requests/R8-0001/decide", with(form, "go", "later")).at(t, "/requests/R8-0001/decide?done=note")
	head.get("/requests/R8-0001/decide?done=note").has(t, "保存しました。", townhall.Because()["attendant"])
	head.post("/requests/R8-0001/decide", with(form, "password", "")).has(t, "パスワードと認証コードを入力してください。", townhall.Because()["attendant"])
	done := head.post("/requests/R8-0001/decide", form).at(t, "/requests/R8-0001?done=approved")
	head.get(done).has(t, "承認")
	if kinds := w.Kinds(t, "R8-0001"); !slices.Contains(kinds, "request.approved") || !slices.Contains(kinds, "request.viewed") {
		t.Errorf("entries %v", kinds)
	}
	head.get("/requests/R8-0001/print").has(t, "1 作業", "6 確認事項", "判断・条件・理由")
	head.get("/requests/R8-0001?lang=en").has(t, "At a glance", `lang="en"`, "Request R8-0001")
}

// Every code of screens §3.2 shows on the form, at its field, with what was typed kept.
func TestEveryMistakeOfTheFormIsTold(t *testing.T) {
	w := found(t)
	kato := w.as("kato")
	start := w.Now().Add(3 * time.Hour).In(townhall.Zone)
	if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Append(townhall.Draft("test.planned"))
		return errors.Join(err, tx.PutNoWork([]policy.NoWork{{From: time.Date(2026, 12, 29, 0, 0, 0, 0, townhall.Zone), Until: time.Date(2026, 12, 30, 0, 0, 0, 0, townhall.Zone), Reason: "年末の停止"}}))
	}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change []string
		field  string
		told   string
	}{
		"purpose-required":       {[]string{"purpose", ""}, "purpose", "目的を入力してください。例: 10月分給与計算の誤りの調査"},
		"end-before-start":       {[]string{"end.hour", "0", "end.day", start.Format("2"), "end.minute", "1"}, "end", "終了は開始より後にしてください。"},
		"too-soon":               {[]string{"start.day", start.Format("2"), "start.hour", w.Now().In(townhall.Zone).Add(-time.Hour).Format("15")}, "start", "開始"},
		"engineer-not-eligible":  {[]string{"engineers", "nobody"}, "engineers", "nobodyは選べません"},
		"account-not-for-target": {[]string{"accounts", "hr-db/none"}, "accounts", "noneはhr-dbで使えません。情報システム課へ。"},
		"bad-path":               {[]string{"file_direction", "in", "files_detail", "patch.txt", "file_paths_in", "/srv/in\r\nsrv/../x"}, "file_paths_in", "場所は / で始まる"},
		"file-detail-required":   {[]string{"file_direction", "in"}, "files_detail", "授受するファイルの名前と目的を入力してください。"},
		"triage-required":        {[]string{"work_type", "fault"}, "phone_triage", "障害対応では、想定される原因と電話での切り分け結果を入力してください。"},
		"responsible-required":   {[]string{"responsible_party", ""}, "responsible_party", "責任を負う事業者を選んでください。"},
		"phone-required":         {[]string{"phone", ""}, "phone", "作業中に出られる電話番号を入力してください。本人確認に使います。"},
		"too-long":               {[]string{"end.year", "9"}, "end", "1回の時間枠は"},
		"overlap":                {nil, "start", "同じ接続先に"},
		"blackout-day":           {[]string{"start.month", "12", "start.day", "29", "end.month", "12", "end.day", "29"}, "start", "2026-12-29は作業禁止日です(年末の停止)。別の日を選んでください。"},
		"not a month":            {[]string{"start.month", "13"}, "start", "開始"},
	} {
		if name == "overlap" { // another maintenance at the same time, on a system for one at a time
			filed := kato.post("/requests/new", with(w.application(t), "go", "check")).at(t, "/requests/D-")
			kato.post(filed, url.Values{"clauses_told": {"yes"}, "recording_told": {"yes"}}).at(t, "/requests/R8-0001")
		}
		typed := with(w.application(t), append([]string{"go", "check", "procedure", "手順<b>&"}, c.change...)...)
		check := kato.post("/requests/new", typed).at(t, "/requests/D-")
		edit := kato.get(check).at(t, strings.TrimSuffix(check, "/check")+"/edit?check=1")
		page := kato.get(edit)
		page.has(t, c.told, `href="#`+c.field+`"`, "エラー:", "手順&lt;b&gt;&amp;", `id="`+c.field+`"`)
		if t.Failed() {
			t.Fatalf("%s", name)
		}
		kato.post(strings.TrimSuffix(strings.Replace(check, "/requests/", "/drafts/", 1), "/check")+"/discard", url.Values{"back": {"/requests"}}).at(t, "/requests?")
		if name == "overlap" {
			kato.post("/requests/R8-0001/withdraw", url.Values{"reason": {"取りやめ"}}).at(t, "/requests/R8-0001")
		}
	}
}

// Two tabs: the page that shows an older draft is told so (306), and keeps what was typed in it.
func TestAStaleFormKeepsWhatWasTyped(t *testing.T) {
	w := found(t)
	kato := w.as("kato")
	edit := kato.post("/requests/new", with(w.application(t), "go", "save")).at(t, "/requests/D-")
	edit, _, _ = strings.Cut(edit, "?")
	one, two := kato.get(edit), kato.get(edit)
	kato.post(edit, with(w.application(t), "go", "save", "version", one.version(t), "purpose", "一つ目")).at(t, edit)
	late := kato.post(edit, with(w.application(t), "go", "save", "version", two.version(t), "purpose", "二つ目"))
	if late.status != http.StatusConflict {
		t.Errorf("the second tab: %d", late.status)
	}
	late.has(t, "[306]", `value="二つ目"`)
	kato.get(edit).has(t, `value="一つ目"`)
}

// A draft does not exist for anyone but its owner, and the attempt is in the ledger.
func TestAttackDraftOfAnotherOnPages(t *testing.T) {
	w := found(t)
	edit := w.as("kato").post("/requests/new", with(w.application(t), "go", "save", "purpose", "秘密の目的")).at(t, "/requests/D-")
	base := strings.TrimSuffix(strings.TrimSuffix(edit, "?done=saved"), "/edit")
	id := strings.TrimPrefix(base, "/requests/")
	if err := w.DB.Write(t.Context(), func(tx *store.Tx) error { // a colleague with the same role
		p, err := tx.Person("ito")
		if err != nil {
			return err
		}
		p.Roles = append(p.Roles, policy.Requester)
		if err := tx.PutPerson(p); err != nil {
			return err
		}
		_, err = tx.Append(townhall.Draft("test.planned"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ito := w.as("ito")
	for _, path := range []string{base + "/edit", base + "/check"} {
		if a := ito.get(path); a.status != http.StatusNotFound || strings.Contains(a.body, "秘密") {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for _, path := range []string{base + "/edit", base + "/check", "/drafts/" + id + "/discard"} {
		if a := ito.post(path, url.Values{"purpose": {"x"}}); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, a.status)
		}
	}
	if !slices.Contains(w.Kinds(t, id), "access.refused") {
		t.Errorf("entries %v", w.Kinds(t, id))
	}
}

// A deputy's decision awaits the head's look; the head may object, which takes an unused grant back.
func TestAHeadReadsADeputysDecision(t *testing.T) {
	w := found(t)
	head := w.as("head")
	from, until := w.Now().Add(time.Minute), w.Now().Add(24*time.Hour)
	if _, err := w.o.Desk.SetDeputy(t.Context(), policy.Deputation{For: "head", Deputy: "ito", From: from, Until: until, Reason: "出張", SetBy: "head"}, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	w.Pass(2 * time.Minute)
	values := w.application(t)
	values.Set("system", "map")
	values["accounts"], values["attendant"] = []string{"map-web/web"}, []string{""}
	values.Set("end.hour", "")
	values.Set("end.minute", "")
	start := w.Now().Add(3 * time.Hour).In(townhall.Zone)
	values.Set("end.hour", start.Add(time.Hour).Format("15"))
	values.Set("end.minute", start.Add(time.Hour).Format("04"))
	kato := w.as("kato")
	check := kato.post("/requests/new", with(values, "go", "check")).at(t, "/requests/D-")
	kato.post(check, url.Values{"clauses_told": {"yes"}, "recording_told": {"yes"}}).at(t, "/requests/R8-0001")
	ito := w.as("ito")
	page := ito.get("/requests/R8-0001/decide")
	page.has(t, "代決 — ", "出張", "課長には後閲として届きます。")
	form := url.Values{"version": {page.version(t)}, "verdict": {"approve"}, "password": {"right"}, "code": {"000000"}}
	for code, reason := range townhall.Because() {
		form.Set("because."+code, reason)
	}
	ito.post("/requests/R8-0001/decide", form).at(t, "/requests/R8-0001?done=approved")
	ito.get("/requests/R8-0001?done=approved").has(t, "承認が完了し、利用許可 R8-0001-1 を発行しました。")
	head.get("/today").has(t, "後閲 1件", `href="/requests?seen=1"`)
	head.get("/requests?seen=1").has(t, "令和8年度第1号")
	head.get("/requests/R8-0001").has(t, `href="/requests/R8-0001/seen"`, "の代決")
	head.post("/requests/R8-0001/seen", url.Values{"object": {"true"}, "reason": {"範囲が広い"}}).at(t, "/requests/R8-0001")
	head.get("/requests/R8-0001").has(t, "取消し", "範囲が広い")
}

// Two people open an emergency window, each on the page; the first cannot be the second.
func TestTwoPeopleOpenAnEmergency(t *testing.T) {
	w := found(t)
	kato := w.as("kato")
	check := kato.post("/requests/new", with(w.application(t), "go", "check")).at(t, "/requests/D-")
	kato.post(check, url.Values{"clauses_told": {"yes"}, "recording_told": {"yes"}}).at(t, "/requests/R8-0001")
	head := w.as("head")
	head.get("/requests/R8-0001/emergency").has(t, "一人目が開く", "緊急の理由", "電話の相手", `value="ito"`)
	said := url.Values{"emergency_reason": {"給与が払えない"}, "phoned": {"例示システム 窓口"}, "phoned_at": {w.Now().In(townhall.Zone).Add(-time.Minute).Format("2006-01-02T15:04")},
		"length": {"60"}, "attendant": {"ito"}, "told": {"yes"}, "password": {"right"}, "code": {"000000"}}
	head.post("/requests/R8-0001/emergency", with(said, "length", "500", "phoned", "")).has(t, "緊急利用は2時間までです。", "電話の相手を書いてください。", "給与が払えない", "エラー:")
	at := head.post("/requests/R8-0001/emergency", said).at(t, "/requests/R8-0002")
	head.get(at).has(t, "緊急")
	if a := head.post("/requests/R8-0002/emergency", url.Values{"second": {"yes"}, "reason": {"同意"}, "password": {"right"}, "code": {"000000"}}); a.status != http.StatusForbidden {
		t.Errorf("the first agrees: %d", a.status)
	}
	deputy := w.as("deputy")
	deputy.get("/requests/R8-0002/emergency").has(t, "二人目が同意する", "給与が払えない", "例示システム 窓口")
	deputy.post("/requests/R8-0002/emergency", url.Values{"second": {"yes"}, "reason": {"同意する"}, "password": {"right"}, "code": {"000000"}}).at(t, "/requests/R8-0002")
	deputy.get("/requests/R8-0002").has(t, "事後承認と報告が必要です")
}
