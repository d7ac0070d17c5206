package forms

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"sekimori/policy/text"
)

// MaxText is the longest text of one value, in characters.
const MaxText = 4000

// Text reads a word or a text. Numbers and switches are taken as written, so a telephone number needs no quotes. Control characters
// are a problem, because the text is shown on other people's terminals.
func (v Value) Text() string {
	if !v.Present() {
		return ""
	}
	var s string
	if v.node.Kind != yaml.ScalarNode {
		v.wrongKind("文字", "a text")
		return ""
	}
	s = v.node.Value
	if v.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		s = strings.TrimRight(s, "\n")
	}
	if utf8.RuneCountInString(s) > MaxText {
		v.Problem("text-too-long", fmt.Sprintf("%d字までです。", MaxText), fmt.Sprintf("at most %d characters", MaxText))
		return ""
	}
	if !utf8.ValidString(s) || Printable(s) != s {
		v.Problem("control-character", "表示できない文字があります。", "contains characters that cannot be shown")
		return ""
	}
	return strings.TrimSpace(s)
}

// Bool reads true or false.
func (v Value) Bool() bool {
	if !v.Present() {
		return false
	}
	if v.node.ShortTag() != "!!bool" {
		v.wrongKind("true か false ", "true or false")
		return false
	}
	return strings.EqualFold(v.node.Value, "true")
}

// Int reads a whole number in [min, max].
func (v Value) Int(min, max int) int {
	if !v.Present() {
		return 0
	}
	n, err := strconv.Atoi(v.Word())
	if err != nil || n < min || n > max {
		v.Problem("bad-number", fmt.Sprintf("%d から %d までの数を書いてください。", min, max), fmt.Sprintf("a number from %d to %d is wanted here", min, max))
		return 0
	}
	return n
}

// Choice reads one of the words; an absent value gives the first of them.
func (v Value) Choice(words ...string) string {
	if !v.Present() {
		return words[0]
	}
	s := v.Word()
	if contains(words, s) {
		return s
	}
	ja, en := "書けるのは "+strings.Join(words, "、")+" です。", fmt.Sprintf("%q is none of %s", s, strings.Join(words, ", "))
	if near := Nearest(s, words); near != "" {
		en += fmt.Sprintf("; did you mean %q?", near)
	}
	v.Problem("unknown-word", ja, en)
	return words[0]
}

// Texts reads a list of texts.
func (v Value) Texts() []string {
	var texts []string
	for _, m := range v.List() {
		texts = append(texts, m.Text())
	}
	return texts
}

// Length reads a length of time such as 90m or 1h30m; it must be more than zero.
func (v Value) Length() time.Duration {
	if !v.Present() {
		return 0
	}
	d, err := time.ParseDuration(v.Word())
	if err != nil || d <= 0 {
		v.Problem("bad-duration", "時間の長さは 90m や 1h30m のように書いてください。", "write a length of time like 90m or 1h30m")
		return 0
	}
	return d
}

// Prefix reads an address or a range of addresses in CIDR form. An address alone is a range of one.
func (v Value) Prefix() netip.Prefix {
	if !v.Present() {
		return netip.Prefix{}
	}
	s := v.Word()
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked()
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
	}
	v.Problem("bad-address", "アドレスは 203.0.113.7 か 203.0.113.0/24 のように書いてください。", "write an address like 203.0.113.7 or 203.0.113.0/24")
	return netip.Prefix{}
}

// Day reads a day such as 2026-04-01.
func (v Value) Day() Day {
	if !v.Present() {
		return Day{}
	}
	t, err := time.Parse(time.DateOnly, v.Word())
	if err != nil {
		v.Problem("bad-date", "日付は 2026-04-01 のように、ある日を書いてください。", "write a day that exists, like 2026-04-01")
		return Day{}
	}
	return Day{Year: t.Year(), Month: t.Month(), Day: t.Day()}
}

// The forms of an instant without a zone. The institution's zone applies.
var localForms = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// errNotOnce is about a local time that the clocks of the zone do not show once: at the change to daylight saving time they leave an hour out,
// and at its end they show one twice. No one is asked to guess which of the two is meant.
var errNotOnce = errors.New("the clocks do not show this time, or show it twice, because of daylight saving time")

// wrongTime says what is wrong with a date and time, in Japanese and English. example is a form that can be read.
func wrongTime(err error, example string) (ja, en string) {
	if errors.Is(err, errNotOnce) {
		return "夏時間の切替えのため、この日時はないか、二度あります。2026-11-01T01:30:00-05:00 のように、時間帯を付けて書いてください。",
			"because of daylight saving time there is no such time, or it comes twice; write it with its offset, like 2026-11-01T01:30:00-05:00"
	}
	return "日時は " + example + " のように書いてください。", "write a date and time like " + example
}

// once tells whether the clocks of a zone show a local time once. t is that time, and wall what they show.
func once(t, wall time.Time) bool {
	shows := func(t time.Time) bool {
		_, offset := t.Zone()
		return t.Add(time.Duration(offset) * time.Second).Equal(wall)
	}
	for _, shift := range []time.Duration{-time.Hour, -30 * time.Minute, 30 * time.Minute, time.Hour} {
		if shows(t.Add(shift)) {
			return false
		}
	}
	return shows(t)
}

// ParseInstant reads RFC 3339, or a local date and time of the zone given. A local time that the clocks there do not show once is an error.
func ParseInstant(s string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, form := range localForms {
		wall, err := time.Parse(form, s)
		if err != nil {
			continue
		}
		t, err := time.ParseInLocation(form, s, zone)
		if err == nil && !once(t, wall) {
			return time.Time{}, fmt.Errorf("%q: %w", s, errNotOnce)
		}
		return t, err
	}
	return time.Time{}, fmt.Errorf("%q is no date and time like 2026-11-24T10:00 or 2026-11-24T10:00:00+09:00", s)
}

// Instant reads a time that a person wrote in a field: RFC 3339, or a local time of the zone. An empty text gives the zero time.
// Error: *Invalid.
func Instant(field, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := ParseInstant(text, zone)
	if err != nil {
		ja, en := wrongTime(err, "2026-11-24T02:10")
		if !errors.Is(err, errNotOnce) {
			ja, en = ja+"時間帯を省けば、この機関の時刻です。", en+"; without a zone it is that of the institution"
		}
		return t, &Invalid{Problems: []Problem{{Field: field, Code: "bad-time", JA: ja, EN: en}}}
	}
	return t, nil
}

// Instant reads a date and time: RFC 3339, or local time of the zone given.
func (v Value) Instant(zone *time.Location) time.Time {
	if !v.Present() {
		return time.Time{}
	}
	t, err := ParseInstant(v.Word(), zone)
	if err != nil {
		ja, en := wrongTime(err, "2026-11-24T10:00")
		v.Problem("bad-time", ja, en)
		return time.Time{}
	}
	return t
}

// Word is the text of a value that is one word. Other kinds note no problem: the empty text fails the caller's own check.
func (v Value) Word() string {
	if v.node != nil && v.node.Kind == yaml.ScalarNode {
		return strings.TrimSpace(v.node.Value)
	}
	return ""
}

// Day is a calendar day without a zone. The zero value is no day.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDay reads a day such as 2026-04-01; no text is no day. Error: *Invalid.
func ParseDay(field, text string) (Day, error) {
	if text == "" {
		return Day{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Day{}, Wrong(field, "bad-date", "日付は 2026-04-01 のように、ある日を書いてください。", "write a day that exists, like 2026-04-01")
	}
	return Day{Year: t.Year(), Month: t.Month(), Day: t.Day()}, nil
}

// IsZero reports whether it is no day.
func (d Day) IsZero() bool { return d == Day{} }

// Before reports whether d comes before e.
func (d Day) Before(e Day) bool { return d.Start(time.UTC).Before(e.Start(time.UTC)) }

// Start is the day's first instant in the zone; the zero time for no day.
func (d Day) Start(zone *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

// After is the first instant after the day in the zone: "until, inclusive" as an exclusive bound. The zero time for no day.
func (d Day) After(zone *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, zone)
}

// Reason checks the reason of an act, which people read in the ledger. needed: the act takes none without one. Error: *Invalid.
func Reason(reason string, needed bool) error {
	switch {
	case Printable(reason) != reason || utf8.RuneCountInString(reason) > MaxText:
		return Wrong("reason", "control-character", fmt.Sprintf("理由に使えない文字があるか、%d字を超えています。書き直してください。", MaxText),
			fmt.Sprintf("the reason has characters that cannot be shown, or more than %d; write it again", MaxText))
	case needed && text.Blank(reason):
		return Wrong("reason", "reason-required", "理由を書いてください。", "a reason is needed")
	}
	return nil
}

// Printable is text.Printable, for text that is kept.
func Printable(s string) string { return text.Printable(s) }

// Kept is the reason of an act that stops work, for keeping: unprintable characters are replaced and a long text is cut, because a
// stop must not fail over its reason.
func Kept(reason string) string {
	reason = Printable(strings.ToValidUTF8(strings.TrimSpace(reason), "\uFFFD"))
	n := 0
	for at := range reason {
		if n++; n > MaxText {
			return reason[:at] + "…"
		}
	}
	return reason
}

// longestWord is longer than any real word. It bounds the time of distance.
const longestWord = 64

// Nearest is the word most like s; empty if none is near.
func Nearest(s string, words []string) string {
	if len(s) > longestWord {
		return ""
	}
	best, nearest := len(s)/3+2, ""
	for _, w := range words {
		if d := distance(s, w); d < best {
			best, nearest = d, w
		}
	}
	return nearest
}

// distance counts the single-byte edits between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
