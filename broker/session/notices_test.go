package session

import (
	"testing"
	"time"

	"golang.org/x/text/width"
)

// TestNoticesFitTheTerminal: 78 columns, in either language, at the widest that can be.
func TestNoticesFitTheTerminal(t *testing.T) {
	all := []notice{
		startNotice("10:06", "11:30", 999*time.Minute, 0), startNotice("10:06", "11:30", 84*time.Minute, 1),
		watchersNotice(999*time.Minute, 99), idleNotice(5 * time.Minute),
	}
	for _, w := range warnings {
		all = append(all, w.text("11:30"))
	}
	for _, n := range all {
		for _, lang := range []string{"ja", "en"} {
			cells := 0
			for _, r := range n.in(lang) {
				cells++
				if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
					cells++
				}
			}
			if cells > 78 {
				t.Errorf("%d columns: %s", cells, n.in(lang))
			}
		}
	}
	if n := startNotice("10:06", "11:30", 84*time.Minute+59*time.Second, 1); n.ja != "開始を許可しました 10:06。接続中 残り84分(11:30まで)。閲覧中 1人。" ||
		n.en != "Started 10:06. Connected, 84 min left (until 11:30). Watched by 1." {
		t.Errorf("%+v", n)
	}
}
