package reports

import (
	"fmt"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/policy/text"
)

// Result is the outcome of the work.
type Result string

// The results.
const (
	ResultDone    Result = "done"
	ResultPart    Result = "part"
	ResultStopped Result = "stopped"
)

var results = map[Result]text.Text{
	ResultDone:    text.Of("完了", "done"),
	ResultPart:    text.Of("一部", "part"),
	ResultStopped: text.Of("中止", "stopped"),
}

// Label is the result as people read it.
func (r Result) Label() text.Text { return text.Label(results, r) }

// WorkReport is a work report (作業報告書, screens §5.3) as an engineer writes it.
type WorkReport struct {
	Sessions        []string  `json:"sessions"` // of one window
	From            time.Time `json:"performed_from"`
	Until           time.Time `json:"performed_until"`
	Engineers       []string  `json:"engineers"` // ids or logins as written, ids as stored; empty: the sessions' engineers
	Done            string    `json:"done"`
	Changes         string    `json:"changes"`   // empty: nothing was changed
	Deviation       string    `json:"deviation"` // departure from the request; empty: none
	DeviationReason string    `json:"deviation_reason"`
	Result          Result    `json:"result"`
	RolledBack      bool      `json:"rolled_back"`
	PIIViewed       bool      `json:"pii_viewed"`
	PIICopied       bool      `json:"pii_copied"`
	Files           []File    `json:"files"`
	Remaining       string    `json:"remaining"` // remaining work; empty: none

	places map[string]forms.Value
	name   string
}

// File is a handed-over file, as the report names it.
type File struct {
	Name      string `json:"name"`
	Size      int64  `json:"size"` // bytes
	SHA256    string `json:"sha256"`
	Direction string `json:"direction"` // in, out
}

// the keys of a report file
var reportKeys = []string{"session", "sessions", "performed_from", "performed_until", "engineers", "done", "changes", "deviation",
	"deviation_reason", "result", "rolled_back", "pii_viewed", "pii_copied", "files", "remaining"}

// most sessions and files in one report
const (
	maxSessions  = 100
	maxEngineers = 50
	maxFiles     = 200
	maxSize      = 1 << 40
)

// ParseReport reads report.yaml. Times without a zone are in the zone given. Two statements must be written even if the answer is no:
// whether personal information was seen or copied, and whether anything was rolled back. The error is a *forms.Invalid with every
// problem of reading.
func ParseReport(name string, text []byte, zone *time.Location) (WorkReport, error) {
	read, top := forms.Read(name, text)
	m := top.Map(reportKeys...)
	r := WorkReport{
		From:            m.Get("performed_from").Instant(zone),
		Until:           m.Get("performed_until").Instant(zone),
		Engineers:       m.Get("engineers").Texts(),
		Done:            m.Need("done").Text(),
		Changes:         m.Get("changes").Text(),
		Deviation:       m.Get("deviation").Text(),
		DeviationReason: m.Get("deviation_reason").Text(),
		Result:          Result(m.Need("result").Choice(string(ResultDone), string(ResultPart), string(ResultStopped))),
		RolledBack:      m.Need("rolled_back").Bool(),
		PIIViewed:       m.Need("pii_viewed").Bool(),
		PIICopied:       m.Need("pii_copied").Bool(),
		Remaining:       m.Get("remaining").Text(),
		places:          map[string]forms.Value{},
		name:            name,
	}
	one, many := m.Get("session"), m.Get("sessions")
	switch {
	case one.Present() && many.Present():
		many.Problem("session-twice", "session と sessions はどちらか一つにしてください。", "write either session or sessions")
	case many.Present():
		r.Sessions = many.Texts()
	default:
		if session := m.Need("session").Text(); session != "" {
			r.Sessions = []string{session}
		}
	}
	if len(r.Sessions) > maxSessions {
		many.Problem("too-many", fmt.Sprintf("%d件までです。", maxSessions), fmt.Sprintf("at most %d", maxSessions))
	}
	if len(r.Engineers) > maxEngineers {
		m.Get("engineers").Problem("too-many", fmt.Sprintf("%d件までです。", maxEngineers), fmt.Sprintf("at most %d", maxEngineers))
	}
	r.Files = readFiles(m.Get("files"))
	for _, key := range reportKeys {
		r.places[key] = m.Get(key)
	}
	if m.Present() {
		r.places["sessions"] = many
		if one.Present() {
			r.places["sessions"] = one
		}
	}
	return r, read.Err()
}

func readFiles(v forms.Value) []File {
	files := []File{}
	for _, member := range v.List() {
		if len(files) == maxFiles {
			v.Problem("too-many", fmt.Sprintf("%d件までです。", maxFiles), fmt.Sprintf("at most %d", maxFiles))
			return files
		}
		m := member.Map("name", "size", "sha256", "direction")
		f := File{
			Name: m.Need("name").Text(), Size: int64(m.Need("size").Int(0, maxSize)), SHA256: strings.ToLower(m.Need("sha256").Text()),
			Direction: m.Need("direction").Choice("in", "out"),
		}
		if sum := m.Get("sha256"); sum.Present() && !isSHA256(f.SHA256) {
			sum.Problem("bad-sha256", "検証値(SHA-256)は16進の64文字です。", "a SHA-256 is 64 hexadecimal digits")
		}
		files = append(files, f)
	}
	return files
}

func isSHA256(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// problem is a problem at the field's place.
func (r WorkReport) problem(field, code, ja, en string) forms.Problem {
	if v, ok := r.places[field]; ok && v.Present() {
		return v.Describe(code, ja, en)
	}
	return forms.Problem{Field: field, Code: code, JA: ja, EN: en}
}
