package pages

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// PlayTextPage is a part of a recording as lines of text, or what a search found.
type PlayTextPage struct {
	Frame
	ID      string
	Damage  text.Text
	V       string
	Action  string
	Words   string
	Lines   []LineRow
	Total   int
	From    int
	To      int
	Prev    string
	Next    string
	Play    string
	All     string
	Search  bool
	Running bool
}

// LineRow is one line.
type LineRow struct {
	No       int
	At, ISO  string
	Text     text.Text
	Op       bool
	Found    bool
	InText   string // of a hit: where it stands in the text
	Language string // of output: not known
}

func (p *Pages) playbackText(v *visit) error {
	play, err := v.playing()
	if play == nil {
		return err
	}
	defer play.Close()
	q := v.r.URL.Query()
	base := recordingPath(play.Session) + "/text"
	page := &PlayTextPage{Frame: v.frame(), ID: play.Session, Damage: play.DamageText(), V: q.Get("v"), Action: base, Words: q.Get("q"), Running: play.Live,
		Play: recordingPath(play.Session) + "?v=" + url.QueryEscape(q.Get("v")), All: base + "?v=" + url.QueryEscape(q.Get("v"))}
	page.Crumbs = []Link{{text2("接続の記録 "+play.Session, "Session "+play.Session), sessionPath(play.Session)}}
	from, _ := strconv.Atoi(q.Get("from")) // what is no number begins at the start
	from = max(from, 0)
	found := -1
	var part api.TextPage
	size := view.TextLines
	switch {
	case page.Words != "":
		page.Search, size = true, view.TextHits
		part, err = play.Search(v.r.Context(), page.Words, from)
	case q.Get("at") != "":
		at, _ := strconv.ParseInt(q.Get("at"), 10, 64)
		part, found, err = play.TextAt(v.r.Context(), at)
	default:
		part, err = play.TextFrom(v.r.Context(), from)
	}
	if err != nil {
		return err
	}
	page.Total, page.From, page.To = part.Total, min(part.From+1, part.Total), part.From+len(part.Items)
	for _, l := range part.Items {
		row := LineRow{No: l.No + 1, At: l.At.Format("15:04:05"), ISO: l.At.Format("2006-01-02T15:04:05-07:00"), Text: text2(l.JA, l.EN), Op: l.Group != "", Found: l.No == found}
		if page.Search {
			row.InText = fmt.Sprintf("%s?v=%s&from=%d#l%d", base, url.QueryEscape(page.V), l.No/view.TextLines*view.TextLines, l.No+1)
		}
		page.Lines = append(page.Lines, row)
	}
	other := func(from int) string {
		next := url.Values{"v": {page.V}, "from": {strconv.Itoa(from)}}
		if page.Search {
			next.Set("q", page.Words)
		}
		return base + "?" + next.Encode()
	}
	if part.From > 0 {
		page.Prev = other(max(part.From-size, 0))
	}
	if part.From+len(part.Items) < part.Total && len(part.Items) > 0 {
		page.Next = other(part.From + size)
	}
	if err := v.show(page); err != nil {
		return err
	}
	sentText(play, part.Items, page.Search)
	return nil
}

// sentText notes which lines of a recording were sent. A part of the text shows all that happened from its first line to its last.
func sentText(play *view.Playback, lines []api.TextLine, hits bool) {
	at := func(l api.TextLine) time.Duration { return time.Duration(l.AtMS) * time.Millisecond }
	if len(lines) > 0 && !hits {
		play.Sent(view.AsText, at(lines[0]), at(lines[len(lines)-1])+1)
		return
	}
	for _, l := range lines {
		play.Sent(view.AsHit, at(l), at(l)+1)
	}
}
