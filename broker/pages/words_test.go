package pages

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pages have the addresses, names and levels that were agreed with the institutions.
func TestThePagesHaveTheirNamesAndLevels(t *testing.T) {
	all := rows()
	for _, want := range []struct {
		path, ja, en string
		level        level
	}{
		{"/today", "今日の予定", "Today", l0},
		{"/requests", "申請一覧", "Requests", l0},
		{"/requests/new", "申請の作成", "New request", l0},
		{"/requests/{no}/edit", "申請の作成", "New request", l0},
		{"/requests/{no}/check", "入力内容の確認", "Check your answers", l0},
		{"/requests/{no}", "申請の内容", "Request", l1},
		{"/requests/{no}/decide", "申請の承認", "Decide", l1},
		{"/requests/{no}/emergency", "緊急利用", "Emergency window", l1},
		{"/windows", "作業時間枠一覧", "Windows", l0},
		{"/calendar", "予定表", "Calendar", l0},
		{"/sessions", "接続一覧", "Sessions", l0},
		{"/sessions/{id}", "接続の記録", "Session", l1},
		{"/sessions/{id}/live", "立会いコンソール", "Attendant console", l1},
		{"/sessions/{id}/attest", "立会確認書", "Attendance record", l1},
		{"/sessions/{id}/report", "作業報告書", "Work report", l1},
		{"/recordings/{id}", "操作記録の再生", "Playback", l2},
		{"/recordings/{id}/text", "操作記録を文字で読む", "Read as text", l2},
		{"/ledger", "接続台帳", "Ledger", l1},
		{"/reviews", "点検", "Reviews", l1},
		{"/vendors", "保守事業者台帳", "Vendors", l1},
		{"/vendors/{id}/engineers/{engineer}", "保守要員", "Engineer", l1},
		{"/vendors/{id}/files/{paper}", "提出書類", "Evidence file", l2},
		{"/systems", "対象システム・接続先", "Systems & targets", l1},
		{"/incidents", "緊急凍結", "Freeze", l1},
		{"/incidents/freeze", "緊急凍結", "Freeze", l1},
		{"/notice", "監視の範囲と保存期間", "What is monitored", l0},
		{"/notice/access-log", "閲覧の記録", "Who viewed recordings", l0},
		{"/me", "自分の設定", "My settings", l0},
		{"/settings", "運用の決まり", "Rules in force", l0},
		{"/v/{$}", "保守事業者ポータル", "Vendor portal", l0},
	} {
		at := slices.IndexFunc(all, func(r row) bool { return r.method == http.MethodGet && r.path == want.path })
		if at < 0 {
			t.Errorf("no page %s", want.path)
			continue
		}
		if r := all[at]; r.title.JA != want.ja || r.title.EN != want.en || r.level != want.level {
			t.Errorf("%s is %q, %q, level %d; want %q, %q, %d", want.path, r.title.JA, r.title.EN, r.level, want.ja, want.en, want.level)
		}
	}
}

// The words that were agreed stand in the pages, or where the pages take them from, in both languages together.
func TestThePagesHaveTheirWords(t *testing.T) {
	var said strings.Builder
	for _, pattern := range []string{"*.go", "templates/*/*.html", "../*/*.go", "../../policy/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			said.Write(b)
		}
	}
	list, err := os.ReadFile("testdata/words.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n, all := 0, said.String()
	for line := range strings.Lines(string(list)) {
		ja, en, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("no tab in %q", line)
		}
		n++
		if !together(all, ja, strings.TrimSuffix(en, ".")) {
			t.Errorf("no page says %q with %q", ja, en)
		}
	}
	if n < 100 {
		t.Errorf("%d words: the list is not whole", n)
	}
}

// between is what stands between the two languages of a text: in a template, in a call, in a literal.
var between = regexp.MustCompile(`^。?"(?:,|,?\s*EN:)? *"`)

// together tells whether some text has both.
func together(all, ja, en string) bool {
	for quoted := `"` + ja; ; {
		_, after, ok := strings.Cut(all, quoted)
		if !ok {
			return false
		}
		all = after
		if m := between.FindString(after); m != "" {
			said, _, _ := strings.Cut(after[len(m):], `"`)
			if strings.EqualFold(strings.TrimSuffix(said, "."), en) {
				return true
			}
		}
	}
}
