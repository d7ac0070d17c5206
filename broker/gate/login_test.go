package gate

import (
	"strings"
	"testing"
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

func TestLoginForms(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	for _, tt := range []struct {
		typed string
		want  login
	}{
		{"sato", login{Engineer: "sato", Choose: true}},
		{"E-0031", login{Engineer: "E-0031", Choose: true}},
		{"sato+hr-db", login{Engineer: "sato", Target: "hr-db"}},
		{"sato+maint@hr-db", login{Engineer: "sato", Target: "hr-db", Account: "maint"}},
		{"sato hr-db", login{Engineer: "sato", Target: "hr-db"}}, // as OpenSSH reads ssh://sato+hr-db@gate
		{"sato maint@hr-db", login{Engineer: "sato", Target: "hr-db", Account: "maint"}},
		{"sato a b", login{Engineer: "sato", Unknown: true}},
		{"sato+hr db", login{Engineer: "sato", Unknown: true}},
		{" hr-db", login{Unknown: true}},
		{"sato+", login{Engineer: "sato", Unknown: true}},
		{"sato+@hr-db", login{Engineer: "sato", Unknown: true}},
		{"sato+maint@", login{Engineer: "sato", Unknown: true}},
		{"sato+a@b@c", login{Engineer: "sato", Unknown: true}},
		{"sato+a+b", login{Engineer: "sato", Unknown: true}},
		{"sato+../etc", login{Engineer: "sato", Unknown: true}},
		{"sato+" + long, login{Engineer: "sato", Unknown: true}},
		{"", login{Unknown: true}},
		{"+hr-db", login{Unknown: true}},
		{"sato@hr-db", login{Unknown: true}},
		{long, login{Unknown: true}},
	} {
		got := parseLogin(tt.typed)
		tt.want.Typed = got.Typed
		if got != tt.want {
			t.Errorf("%q: got %+v, want %+v", tt.typed, got, tt.want)
		}
	}
}

// A user name with escape sequences must reach neither terminal nor ledger as it came.
func TestAttackEscapeSequencesInUserName(t *testing.T) {
	typed := "sato+\x1b]0;owned\x07\x1b[2J\u202e\u009b31m\xff"
	l := parseLogin(typed)
	if !l.Unknown || l.Target != "" || l.Account != "" {
		t.Errorf("taken for a login form: %+v", l)
	}
	if strings.ContainsAny(l.Typed, "\x1b\x07\u202e\u009b") || strings.Contains(l.Typed, "\xff") {
		t.Errorf("not neutralised: %q", l.Typed)
	}
	if !strings.HasPrefix(l.Typed, "sato+??0;owned") && !strings.HasPrefix(l.Typed, "sato+?]0;owned") {
		t.Errorf("unrecognisable: %q", l.Typed)
	}
}

func FuzzParseLogin(f *testing.F) {
	for _, s := range []string{"sato", "sato+hr-db", "sato+maint@hr-db", "+", "@", "a+b@c@d", "\x1b[0m+x", "sato hr-db", "a b+c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		l := parseLogin(typed)
		for _, part := range []string{l.Engineer, l.Target, l.Account} {
			if part != "" && !isName(part) {
				t.Fatalf("%q gave %q", typed, part)
			}
		}
		switch {
		case l.Unknown:
			if l.Target != "" || l.Account != "" || l.Choose {
				t.Fatalf("%q: unknown, yet %+v", typed, l)
			}
			return
		case l.Choose:
			if typed != l.Engineer {
				t.Fatalf("%q: lost something: %+v", typed, l)
			}
		case l.Account != "":
			if strings.Replace(typed, " ", "+", 1) != l.Engineer+"+"+l.Account+"@"+l.Target {
				t.Fatalf("%q: lost something: %+v", typed, l)
			}
		default:
			if strings.Replace(typed, " ", "+", 1) != l.Engineer+"+"+l.Target {
				t.Fatalf("%q: lost something: %+v", typed, l)
			}
		}
	})
}

func TestCardFitsItsColumns(t *testing.T) {
	zone := time.FixedZone("JST", 9*3600)
	from := time.Date(2026, 11, 24, 10, 0, 0, 0, zone)
	full := cardFacts{
		number: "S-20261124-03", request: "R8-0124", system: "人事給与 本番", target: "hr-db01", account: "hrmnt01",
		note: "個人番号は閲覧不可", from: from, to: from.Add(90 * time.Minute), attendant: "職員B", section: "人事課", attendantPhone: "内線1234",
		line: policy.LineDriven.Said(),
	}
	n := Notice{Version: "3", URL: "/v/notice", Contact: "0000-00-0000"}.withDefaults()
	ja, en := cardJA(full, n), cardEN(full, n)
	for _, want := range []string{
		"関守 S-20261124-03   申請 令和8年度第124号\n",
		"許可   人事給与 本番 / hr-db01 / hrmnt01(個人番号は閲覧不可)\n",
		"時間枠 令和8年11月24日(火)10:00〜11:30 JST  2026-11-24T10:00+09:00\n",
		"立会者 人事課 職員B 内線1234   使えないもの ファイル授受・転送・他の接続先\n",
		"目的   承認された範囲の作業であることの確認。評価など他の目的に使いません。\n",
		"回線   連動(切替器と検査器)。切替器の設定を読み返し", "切替器を通らない経路は分かりません。\n",
		"保存 1年\n", "全文 /v/notice\n", "問合せ 0000-00-0000\n",
	} {
		if !strings.Contains(ja, want) {
			t.Errorf("ja card lacks %q:\n%s", want, ja)
		}
	}
	for _, want := range []string{
		"Sekimori S-20261124-03   Request R8-0124\n",
		"Window    Tue 24 Nov 2026 (Reiwa 8) 10:00-11:30 JST  2026-11-24T10:00+09:00\n",
		"Line      driven (switch and probes). The switch's setting is read back", "around the switch stay unseen.\n",
		"Not allowed: files, forwarding\n", "Kept 1 year\n",
	} {
		if !strings.Contains(en, want) {
			t.Errorf("en card lacks %q:\n%s", want, en)
		}
	}
	long := full
	long.system, long.note, long.section = strings.Repeat("長", 60), strings.Repeat("備", 60), strings.Repeat("課", 60)
	long.attendant = "\x1b[31m" + strings.Repeat("x", 100)
	if !strings.Contains(cardJA(long, n), "使えないもの ファイル授受・転送・他の接続先\n") || !strings.Contains(cardEN(long, n), "Not allowed: files, forwarding\n") {
		t.Errorf("a long name hides what may not be used:\n%s%s", cardJA(long, n), cardEN(long, n))
	}
	n.URL = "https://gate.city.example.jp/a/very/long/address/of/the/notice/in/full"
	for name, shown := range map[string]string{"ja": ja, "en": en, "ja long": cardJA(long, n), "en long": cardEN(long, n),
		"banner": bannerText("https://gate.example.jp/notice"),
		"help":   helpLine(login{}, FactorWindow, "gate", ""), "help never": helpLine(login{}, FactorNever, "gate", ""),
		"help choose": helpLine(login{Choose: true, Engineer: "sato"}, FactorWindow, "gate.example.jp", ""),
		"questions":   question("") + "\n" + questionAgain("") + "\n" + codePrompt("") + "\n" + question("en") + "\n" + questionAgain("en"),
		"used":        codeHint(codeVerdict{used: true}, ""), "slow": codeHint(codeVerdict{off: -50 * time.Minute}, ""), "fast": codeHint(codeVerdict{off: 60 * time.Second}, ""),
	} {
		for line := range strings.Lines(shown) {
			line = strings.TrimSuffix(line, "\n")
			if text.Width(line) > text.Screen {
				t.Errorf("%s: %d columns: %q", name, text.Width(line), line)
			}
			if strings.ContainsAny(line, "\x1b\r") {
				t.Errorf("%s: control character in %q", name, line)
			}
		}
	}
}

func TestHelpLineIsInThePersonsLanguage(t *testing.T) {
	for lang, want := range map[string][2]bool{"ja": {true, false}, "en": {false, true}, "": {true, true}} {
		text := helpLine(login{}, FactorWindow, "gate", lang)
		if got := [2]bool{strings.Contains(text, "先に一度、手でログイン"), strings.Contains(text, "log in once by hand")}; got != want {
			t.Errorf("%q: %v: %s", lang, got, text)
		}
	}
	for _, question := range []string{question(""), question("ja"), questionAgain("ja"), codePrompt("ja"), codePrompt("")} {
		if word, _, _ := strings.Cut(question, " / "); word == question || word != text.ASCII(word) {
			t.Errorf("%q does not begin in ASCII", question)
		}
	}
}

func TestBannerBeginsInASCII(t *testing.T) {
	lines := strings.Split(bannerText("https://例.jp/通知"), "\n")
	for i, line := range lines[:2] {
		if line != text.ASCII(line) || line == "" {
			t.Errorf("line %d: %q", i, line)
		}
	}
}

func TestOnlyYesIsConsent(t *testing.T) {
	for want, all := range map[answer][]string{
		answerYes:   {"yes", " YES ", "y", "Y", "はい", "同意", "ｙ", "ｙｅｓ"},
		answerNo:    {"no", "n", "yes please", "yy", "いいえ", "不同意", "\x1byes", "0"},
		answerAgain: {"", "  ", "\t"},
		answerCard:  {"?", "？"},
	} {
		for _, typed := range all {
			if got := readAnswer(typed); got != want {
				t.Errorf("%q: %d, want %d", typed, got, want)
			}
		}
	}
}

func TestTheQuestionIsPutOnceMore(t *testing.T) {
	for name, tt := range map[string]struct {
		typed []string
		yes   bool
		asked int
	}{
		"yes":                    {[]string{"y"}, true, 1},
		"no":                     {[]string{"n"}, false, 1},
		"nothing, then yes":      {[]string{"", "yes"}, true, 2},
		"nothing twice":          {[]string{"", ""}, false, 2},
		"the text, then yes":     {[]string{"?", "はい"}, true, 2},
		"nothing, text, nothing": {[]string{"", "?", ""}, false, 3},
		"the text for ever":      {[]string{"?", "?"}, false, 2},
	} {
		var prompts []string
		yes, err := agreed(func(prompt string) (string, error) {
			prompts = append(prompts, prompt)
			return tt.typed[len(prompts)-1], nil
		}, "CARD\n", "en")
		if err != nil || yes != tt.yes || len(prompts) != tt.asked {
			t.Errorf("%s: %v %v after %q", name, yes, err, prompts)
		}
		for i, p := range prompts {
			if shown := i > 0 && tt.typed[i-1] == "?"; strings.Contains(p, "CARD") != shown || !strings.HasSuffix(p, "yes/no: ") {
				t.Errorf("%s: prompt %d: %q", name, i, p)
			}
		}
	}
}

func TestRefusalsNeverExitAsSuccess(t *testing.T) {
	for _, r := range policy.Reasons() {
		if n := exitOf(r.Code); n < 250 || n > 255 {
			t.Errorf("%s: exit %d", r.Code, n)
		}
	}
	if n := exitOf(""); n < 250 {
		t.Errorf("unknown reason: exit %d", n)
	}
}

func TestLineEditor(t *testing.T) {
	for _, tt := range []struct {
		typed []string
		line  string
		done  bool
		err   bool
	}{
		{[]string{"2\r"}, "2", true, false},
		{[]string{"y", "e", "s\n"}, "yes", true, false},
		{[]string{"はx\x7f", "い\r"}, "はい", true, false},
		{[]string{"\xe3\x81", "\xaf\xe3\x81\x84\r"}, "はい", true, false},
		{[]string{"\x1b[A1\r"}, "[A1", true, false},
		{[]string{"ab\x03"}, "ab", false, true},
		{[]string{"\x04"}, "", false, true},
		{[]string{strings.Repeat("a", 1000) + "\r"}, strings.Repeat("a", maxLine), true, false},
	} {
		var line, partial []byte
		var done bool
		var err error
		for _, s := range tt.typed {
			var echo string
			echo, done, err = edit(&line, &partial, []byte(s))
			if strings.ContainsAny(echo, "\x1b") {
				t.Errorf("%q echoes an escape: %q", tt.typed, echo)
			}
		}
		if string(line) != tt.line || done != tt.done || (err != nil) != tt.err {
			t.Errorf("%q: %q %v %v", tt.typed, line, done, err)
		}
	}
}
