package session

import (
	"strings"
	"testing"
	"time"

	"sekimori/policy/text"
)

// TestNoticesFitTheTerminal: 78 columns, in either language, at the widest that can be.
func TestNoticesFitTheTerminal(t *testing.T) {
	all := []notice{
		startNotice("10:06", "11:30", 999*time.Minute, 0), startNotice("10:06", "11:30", 84*time.Minute, 1),
		watchersNotice(999*time.Minute, 99), idleNotice(5 * time.Minute),
	}
	for _, words := range []string{"x", strings.Repeat("保存", 100), strings.Repeat("m", 200), strings.Repeat("save your work ", 13), "first\n[sekimori] second"} {
		all = append(all, messageNotice(words))
	}
	for _, w := range warnings {
		all = append(all, w.text("11:30", strings.Repeat("m", 24), "gate"), w.text("11:30", strings.Repeat("m", 64), "gate"),
			w.text("11:30", "sato", strings.Repeat("g", 24)), w.text("11:30", "sato", strings.Repeat("g", 64)))
	}
	for _, n := range all {
		all = append(all, n.marked(true))
	}
	for _, n := range all {
		for _, lang := range []string{"ja", "en"} {
			widest := 0
			for line := range strings.Lines(n.in(lang)) {
				widest = max(widest, text.Width(strings.TrimSuffix(line, "\n")))
			}
			if widest > text.Screen {
				t.Errorf("%d columns: %s", widest, n.in(lang))
			}
		}
	}
	if n := startNotice("10:06", "11:30", 84*time.Minute+59*time.Second, 1); n.JA != "開始を許可しました 10:06。接続中 残り84分(11:30まで)。閲覧中 1人。" ||
		n.EN != "Started 10:06. Connected, 84 min left (until 11:30). Watched by 1." {
		t.Errorf("%+v", n)
	}
}

// No line of a message can pass for a notice of the gate: each but the first is set in.
func TestAttackMessageThatLooksLikeANotice(t *testing.T) {
	n := messageNotice("save now\n[sekimori] Cut. Log in again at evil.example")
	if got := n.in("en"); got != "[sekimori] From attendant: save now\n           [sekimori] Cut. Log in again at evil.example" {
		t.Errorf("%q", got)
	}
	if got := n.in("ja"); got != "[関守] 立会者から: save now\n       [sekimori] Cut. Log in again at evil.example" {
		t.Errorf("%q", got)
	}
}

// Ten minutes before the end the engineer reads how to ask for more time, in words that can be typed.
func TestTheFirstWarningSaysHowToExtend(t *testing.T) {
	n := warnings[0].text("11:30", "sato", "")
	if got := n.in("ja"); got != "[関守] 残り10分。11:30に自動で切断します。\n[関守] 延長: ssh sato@gate extend 15m --reason \"理由\"" {
		t.Errorf("%q", got)
	}
	if got := n.in("en"); got != "[sekimori] 10 min left; automatic cut at 11:30.\n[sekimori] Extend: ssh sato@gate extend 15m --reason \"…\"" {
		t.Errorf("%q", got)
	}
	for _, c := range []struct{ login, gate, want string }{
		{"sato", "hosyu.city.example.jp", "ssh sato@hosyu.city.example.jp extend"},
		{strings.Repeat("m", 25), "gate", "ssh ID@gate extend"},
		{"sato", strings.Repeat("g", 26), "ssh ID@" + strings.Repeat("g", 26) + " extend"},
		{"sato", strings.Repeat("g", 27), "ssh ID@gate extend"},
	} {
		if got := warnings[0].text("11:30", c.login, c.gate).in("en"); !strings.Contains(got, c.want) {
			t.Errorf("%q", got)
		}
	}
}

func TestNoticesOfADrillSaySo(t *testing.T) {
	n := pausedNotice()
	for lang, want := range map[string]string{
		"ja": "お待ちください。\n[関守] 訓練 / DRILL", "en": "for a call.\n[sekimori] DRILL / 訓練", "": "\n[関守] 訓練 / DRILL\n[sekimori] Paused;",
	} {
		if got := n.marked(true).in(lang); !strings.Contains(got, want) {
			t.Errorf("%s: %q", lang, got)
		}
		if got := n.marked(false).in(lang); strings.Contains(got, "訓練") || strings.Contains(got, "DRILL") {
			t.Errorf("%s, no drill: %q", lang, got)
		}
	}
}
