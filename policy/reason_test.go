package policy_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/width"

	. "sekimori/policy"
)

// Arguments of a real refusal, of the greatest plausible length.
var plausible = map[string]string{
	"reason":  "作業手順書にない操作が見つかったため、原因の調査が終わるまで利用を止めています。詳しくは所管課に問い合わせてください",
	"decided": "(人事課長 職員D, 2026-11-24 10:00:12)", "date": "2026-11-24", "time": "2026-11-24 10:00 JST", "n": "R8-0124", "item": "ISMS認証(2026-10-31で期限切れ)",
	"role": "second-approver", "request": "R8-0124", "session": "S-20261124-03", "granted": "hr-db01, hr-db02, hr-web01, hr-web02, payroll-ap01",
	"source": "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "feature": "forward", "limit": "2", "minutes": "15", "hours": "24",
	"scope": "vendor", "subject": "株式会社とても長い名前の情報システム保守サービス", "what": "certification", "who": "vendor",
	"rule":   "refuse re:(?i)^(drop|truncate)[[:space:]]+table[[:space:]]+(jinji|kyuyo|juki)_[a-z0-9_]+",
	"target": "hr-db01.internal.city.example.jp", "purposes": "periodic-review, incident", "until": "2027-04-01", "paper": "P-0012", "file": "給与計算_修正版_最終_確認済み_20261124.tar.gz",
}

// hostile fills every placeholder with text that attacks a terminal.
func hostile() map[string]string {
	args := map[string]string{}
	for k := range plausible {
		args[k] = "\x1b]0;owned\x07\x1b[2J\u202eabc\u2028\r\n\t{" + k + "}\x9b31m\xff" + strings.Repeat("長", 400)
	}
	return args
}

// The institution's papers promise the numbers; none may vanish or move.
func TestEveryNumberIsThere(t *testing.T) {
	var want, got []int
	for _, span := range [][2]int{{100, 142}, {144, 147}, {200, 220}, {301, 313}} {
		for n := span[0]; n <= span[1]; n++ {
			want = append(want, n)
		}
	}
	codes := map[Reason]bool{}
	for _, row := range Reasons() {
		got = append(got, row.Number)
		if codes[row.Code] {
			t.Errorf("code %s twice", row.Code)
		}
		codes[row.Code] = true
	}
	if !slices.Equal(got, want) {
		t.Errorf("numbers %v", got)
	}
}

func TestReasonRows(t *testing.T) {
	exits := []int{ExitNone, ExitNotPermitted, ExitNotNow, ExitTimeUp, ExitStopped, ExitSafeguard, ExitNotSignedIn}
	code := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, row := range Reasons() {
		if !code.MatchString(string(row.Code)) {
			t.Errorf("code %q", row.Code)
		}
		if !slices.Contains(exits, row.Exit) {
			t.Errorf("%s: exit %d", row.Code, row.Exit)
		}
		if strings.Trim(row.Told, "EVQHDSTAM") != "" {
			t.Errorf("%s: told %q", row.Code, row.Told)
		}
		if row.Code.Number() != row.Number || row.Code.Exit() != row.Exit {
			t.Errorf("%s: methods disagree with the row", row.Code)
		}
		for _, text := range []Text{row.Headline, row.Cause, row.Next} {
			if text.JA == "" || text.EN == "" {
				t.Errorf("%s: a language is missing", row.Code)
			}
			if strings.Join(placeholders(text.JA), " ") != strings.Join(placeholders(text.EN), " ") {
				t.Errorf("%s: placeholders differ: %q, %q", row.Code, text.JA, text.EN)
			}
			for _, name := range placeholders(text.JA) {
				if _, ok := plausible[name]; !ok {
					t.Errorf("%s: {%s} is never tried", row.Code, name)
				}
			}
		}
		if row.Exit != ExitNone && row.Number < 300 && len(placeholders(row.Headline.JA)) > 0 {
			t.Errorf("%s: a headline takes no argument", row.Code)
		}
	}
}

func placeholders(s string) []string {
	found := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(s, -1)
	for i := range found {
		found[i] = strings.Trim(found[i], "{}")
	}
	slices.Sort(found)
	return found
}

// No line is over 78 columns (screens), full width counted two, for any arguments.
func TestRefusalFitsAnyTerminal(t *testing.T) {
	for _, row := range Reasons() {
		for name, args := range map[string]map[string]string{"none": nil, "plausible": plausible, "hostile": hostile()} {
			for _, lang := range []string{"ja", "en", "", "fr"} {
				text := Words(row.Code, args).Block(lang, "総務部人事課給与係", "0000-00-0000 内線 1234", "S-20261124-03")
				for line := range strings.Lines(text) {
					if !strings.HasSuffix(line, "\n") {
						t.Errorf("%s/%s/%s: the last line is open", row.Code, name, lang)
					}
					line = strings.TrimSuffix(line, "\n")
					if n := columnsOf(line); n > 78 {
						t.Errorf("%s/%s/%s: %d columns: %s", row.Code, name, lang, n, line)
					}
					if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }); i >= 0 {
						t.Errorf("%s/%s/%s: unsafe at %d: %q", row.Code, name, lang, i, line)
					}
				}
				if name != "hostile" && strings.ContainsAny(text, "{}") {
					t.Errorf("%s/%s/%s: raw braces:\n%s", row.Code, name, lang, text)
				}
				if n := strings.Count(text, "["+itoa(row.Number)+"] "); n != map[string]int{"ja": 1, "en": 1, "": 2, "fr": 2}[lang] {
					t.Errorf("%s/%s/%s: headline stands %d times", row.Code, name, lang, n)
				}
			}
		}
		for _, line := range []string{Message(row.Code, hostile(), ""), NextStep(row.Code, hostile(), ""), Message(row.Code, nil, "en")} {
			if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s: unsafe or more than one line: %q", row.Code, line)
			}
		}
	}
}

func TestRefusalWords(t *testing.T) {
	args := map[string]string{"time": "2026-11-24 11:30 JST"}
	got := Words(AttendantAbsent, args).Block("ja", "人事課", "0000-00-0000", "S-20261124-03")
	want := "[118] 立会者がそろわない\n" +
		"原因: 立会者の開始許可がまだありません(2026-11-24 11:30 JSTまで待てます)\n" +
		"次に: 所管課へ電話してください\n" +
		"連絡先: 人事課 0000-00-0000(番号118とお伝えください)\n" +
		"記録: S-20261124-03\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	got = Words(Frozen, map[string]string{"scope": "all"}).Block("en", "", "", "")
	want = "[125] Frozen\nCause: scope: everything\nNext: do not retry; wait for contact\n" +
		"Call: the section in charge (quote 125)\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, want := Message(NoGrant, nil, "en"), "[106] No grant — no request for this target, or no single target named; granted: none"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// An unknown code (an older ledger, a newer peer) is still a refusal.
func TestWordsInEitherLanguage(t *testing.T) {
	for _, c := range []struct {
		reason Reason
		args   map[string]string
		ja, en string
	}{
		{WindowOver, map[string]string{"time": "closed"}, "終了: 立会者が閉じた", "ended: closed by the attendant"},
		{WindowOver, map[string]string{"time": "2026-11-24 11:30 JST"}, "終了: 2026-11-24 11:30 JST", "ended: 2026-11-24 11:30 JST"},
		{Forbidden, map[string]string{"role": "approver, second-approver"}, "承認者、第二承認者", "approver, second approver"},
		{Forbidden, map[string]string{"role": "approver, \x1b[2J"}, "承認者、", "approver, "},
	} {
		for lang, want := range map[string]string{"ja": c.ja, "en": c.en} {
			got := Message(c.reason, c.args, lang)
			if !strings.Contains(got, want) || strings.ContainsRune(got, '\x1b') {
				t.Errorf("%s %v in %s: %q, want %q in it", c.reason, c.args, lang, got, want)
			}
		}
	}
}

func TestUnknownReason(t *testing.T) {
	r := Reason("not-in-the-table")
	if _, ok := Lookup(r); ok || r.Number() != 0 || r.Exit() != ExitSafeguard {
		t.Errorf("number %d, exit %d", r.Number(), r.Exit())
	}
	if got := Words(r, nil).Block("en", "", "", ""); !strings.HasPrefix(got, "[301] Not permitted\n") {
		t.Errorf("got %s", got)
	}
}

// Every denial has words: the arguments of Decide leave no fallback for a fact that it knew.
func TestDenialNamesWhatItKnows(t *testing.T) {
	f, a := admitted()
	d := Decide(f, a, start.Add(-1))
	if got := Message(d.Reason, d.Args, "en"); got != "[110] Too early — starts at 2026-11-24 10:00 JST" {
		t.Error(got)
	}
	a.Target = "tax-db"
	d = Decide(f, a, mid)
	if got := Message(d.Reason, d.Args, "ja"); got != "[113] 許可された接続先ではない — 許可されている接続先: hr-db" {
		t.Error(got)
	}
	f.Freezes = []Freeze{{Scope: FreezeSystem, Subject: "hr", Reason: "not for the engineer"}}
	a.Target = "hr-db"
	d = Decide(f, a, mid)
	if got := Message(d.Reason, d.Args, "ja"); got != "[125] 緊急凍結中 — 範囲 対象システム 人事給与" {
		t.Error(got)
	}
}

func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}
