package api

import (
	"fmt"
	"strings"
	"time"

	"sekimori/policy/text"
)

// SearchPath searches the text of recordings.
const SearchPath Path[SearchResult] = "/v1/recordings/search"

// SearchIndexPath tells how far the index for searches is, and by a post has it built anew.
const SearchIndexPath Path[SearchIndex] = "/v1/recordings/index"

// SearchResult is a page of what a search found: sessions with hits, newest first.
type SearchResult struct {
	Items     []SearchedSession `json:"items"`
	Total     int               `json:"total"`     // sessions with a sealed recording that the search is about
	Examined  int               `json:"examined"`  // of those so far, on this page and the pages before
	Unindexed int               `json:"unindexed"` // of those on this page that could not be searched, for they are not indexed (yet)
	Next      string            `json:"next,omitempty"`
}

// SearchedSession is a session with hits.
type SearchedSession struct {
	Session  string      `json:"session_id"`
	Engineer string      `json:"engineer"`
	System   string      `json:"system"`
	Target   string      `json:"target"`
	Started  time.Time   `json:"started_at"`              // when the recording began
	Hits     int         `json:"hits"`                    // lines
	AtLeast  bool        `json:"at_least,omitempty"`      // there are that many hits, or more
	Lines    []TextLine  `json:"lines"`                   // the first hits
	Until    *SearchedTo `json:"indexed_until,omitempty"` // the session has more text than the index takes
}

// SearchedTo is the last time of a session that a search covers.
type SearchedTo struct {
	At   time.Time `json:"at"`
	AtMS int64     `json:"at_ms"`
}

// SearchIndex tells how many sealed recordings are indexed.
type SearchIndex struct {
	Recordings int `json:"recordings"` // sealed, of all sections
	Indexed    int `json:"indexed"`
	Failed     int `json:"failed"` // of the others: could not be indexed when that was last tried
}

// SayHits tells how many lines of the session match.
func (s SearchedSession) SayHits() text.Text {
	if s.AtLeast {
		return text.Of(fmt.Sprintf("%d行以上が一致", s.Hits), fmt.Sprintf("%d lines or more match", s.Hits))
	}
	return text.Of(fmt.Sprintf("%d行が一致", s.Hits), fmt.Sprintf("%d lines match", s.Hits))
}

// SayMore tells what of the session is not shown, or was not searched; zero: nothing.
func (s SearchedSession) SayMore() text.Text {
	var ja, en []string
	if n := s.Hits - len(s.Lines); n > 0 {
		ja, en = append(ja, fmt.Sprintf("ほか %d行", n)), append(en, fmt.Sprintf("%d more lines", n))
	}
	if s.Until != nil {
		at := s.Until.At.Format("15:04:05")
		ja, en = append(ja, "出力が多いため、索引は "+at+" まで"), append(en, "there is so much output that the index ends at "+at)
	}
	return text.Of(strings.Join(ja, "。"), strings.Join(en, "; "))
}

// SayExamined tells how far the search went.
func (r SearchResult) SayExamined() text.Text {
	if r.Next != "" {
		return text.Of(fmt.Sprintf("%d件の接続のうち、新しいものから%d件までを調べました。", r.Total, r.Examined), fmt.Sprintf("Searched the newest %d of %d sessions so far.", r.Examined, r.Total))
	}
	if r.Unindexed > 0 {
		return text.Of(fmt.Sprintf("%d件の接続の終わりまで来ました。", r.Total), fmt.Sprintf("This is the end of %d sessions.", r.Total))
	}
	return text.Of(fmt.Sprintf("%d件の接続をすべて調べました。", r.Total), fmt.Sprintf("Searched all of %d sessions.", r.Total))
}

// SayUnindexed tells how many sessions could not be searched; zero: all could.
func (r SearchResult) SayUnindexed() text.Text {
	if r.Unindexed == 0 {
		return text.Text{}
	}
	return text.Of(fmt.Sprintf("このうち%d件は索引がまだないため、調べていません(接続の終わりから数分で索引に載ります)。", r.Unindexed),
		fmt.Sprintf("%d of them are not indexed yet and were not searched (a session is indexed some minutes after its end).", r.Unindexed))
}

// Say tells how far the index is.
func (x SearchIndex) Say() text.Text {
	if x.Failed > 0 {
		return text.Of(fmt.Sprintf("封印済みの操作記録 %d件のうち%d件が索引にあります。%d件は台帳と合わないなどのため索引に載せられません。", x.Recordings, x.Indexed, x.Failed),
			fmt.Sprintf("%d of %d sealed recordings are indexed; %d could not be, as when a recording does not hold against the ledger.", x.Indexed, x.Recordings, x.Failed))
	}
	return text.Of(fmt.Sprintf("封印済みの操作記録 %d件のうち%d件が索引にあります。", x.Recordings, x.Indexed), fmt.Sprintf("%d of %d sealed recordings are indexed.", x.Indexed, x.Recordings))
}
