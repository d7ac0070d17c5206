package reconcile

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/forms"
	"sekimori/policy/text"
)

// Bounds of a file.
const (
	MostFile   = 16 << 20
	mostLine   = 8 << 10
	mostLogins = 100_000
)

// Read reads a record of logins from a file: wtmp, the text of last, or lines of sshd from a journal or auth.log. Times without a zone are of
// the given zone, those without a year of the last twelve months. Errors: *forms.Invalid, with the line.
func Read(r io.Reader, zone *time.Location, now time.Time) (accounts.Record, error) {
	whole, err := io.ReadAll(io.LimitReader(r, MostFile+1))
	out := accounts.Record{Begins: map[string]time.Time{}, Now: now}
	switch {
	case err != nil:
		return out, fmt.Errorf("read the record of logins: %w", err)
	case len(whole) > MostFile:
		return out, forms.Wrong("file", "too-large", "ファイルが大きすぎます(16MBまで)。期間を分けてください。", "the file is too large (at most 16 MB); give it in parts")
	case len(whole) == 0:
		return out, forms.Wrong("file", "empty", "ファイルが空です。", "the file is empty")
	case bytes.IndexByte(whole[:min(len(whole), 400)], 0) >= 0:
		return out, readWtmp(whole, &out)
	}
	return out, readText(string(whole), zone, now, &out)
}

// wrongLine says that a line is no line of a record.
func wrongLine(n int, said, ja, en string) error {
	said = text.OneLine(said, 60)
	return &forms.Invalid{Problems: []forms.Problem{{Field: "file", Code: "not-a-record",
		JA: fmt.Sprintf("%d行目: %s: %q", n, ja, said), EN: fmt.Sprintf("line %d: %s: %q", n, en, said)}}}
}

// The lines of each kind of text.
var (
	// lastLine is the time of a line of last, in full (-F) or as ISO 8601.
	lastLine = regexp.MustCompile(`^(\S+)\s+(.*?)\s+((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \d{4}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?[+-]\d\d:?\d\d)(?:\s|$)`)
	lastEnd  = regexp.MustCompile(`^\S+ begins (.+)$`)
	// logLine is a line of a log: when, in which zone, the host, and what a program said. A program's name ends with a colon.
	logLine = regexp.MustCompile(`^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?([A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)(?: ([A-Z]{2,5}))?( \S*[^\s:])? (\S.*)$`)
	// accepted is what sshd says of a login. It begins the program's words: a stranger's text can stand only further on.
	accepted = regexp.MustCompile(`^sshd(?:-session)?\[\d+\]: Accepted \S+ for (\S+) from (\S+) port (\d+) ssh2(?:: .*)?$`)
)

func readText(whole string, zone *time.Location, now time.Time, out *accounts.Record) error {
	lines := strings.Split(strings.TrimSuffix(whole, "\n"), "\n")
	log := slices.ContainsFunc(lines[:min(len(lines), 50)], func(l string) bool { return logLine.MatchString(l) })
	kind := accounts.Terminal
	if log {
		kind = accounts.Accepted
	}
	out.Begins[kind] = time.Time{}
	for i, l := range lines {
		l = strings.TrimSuffix(l, "\r")
		if len(l) > mostLine {
			return wrongLine(i+1, l, "行が長すぎます", "the line is too long")
		}
		// Blank lines, continued lines and the journal's own remarks say nothing.
		if strings.TrimSpace(l) == "" || log && (l[0] == ' ' || l[0] == '\t' || strings.HasPrefix(l, "-- ")) {
			continue
		}
		one, at, found, err := lineOf(l, log, zone, now)
		if err != nil {
			return wrongLine(i+1, l, "ログインの記録の行ではありません(wtmp、last -F、sshd のログを読みます)", "this is no line of a record of logins (wtmp, last -F and logs of sshd are read)")
		}
		if first := out.Begins[kind]; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			out.Begins[kind] = at
		}
		if !found {
			continue
		}
		if len(out.Logins) == mostLogins {
			return wrongLine(i+1, l, "ログインが多すぎます(10万件まで)", "there are too many logins (at most 100,000)")
		}
		out.Logins = append(out.Logins, one)
	}
	return nil
}

// lineOf reads a line. found: it is a login. at is its time; zero: it has none.
func lineOf(l string, log bool, zone *time.Location, now time.Time) (one accounts.Login, at time.Time, found bool, err error) {
	if log {
		m := logLine.FindStringSubmatch(l)
		if m == nil {
			return one, at, false, errNoLine
		}
		if m[2] != "" && m[3] != "" { // a single word of capitals is the host
			if zone, err = named(m[2], zone, now); err != nil {
				return one, at, false, err
			}
		}
		if at, err = stamp(m[1], zone, now); err != nil {
			return one, at, false, err
		}
		said := accepted.FindStringSubmatch(m[4])
		if said == nil {
			return one, at, false, nil
		}
		one = accounts.Login{At: at, Login: text.OneLine(said[1], 256), Record: accounts.Accepted}
		one.From(text.OneLine(said[2], 256), said[3])
		return one, at, true, nil
	}
	if m := lastEnd.FindStringSubmatch(l); m != nil {
		at, err = stamp(m[1], zone, now)
		return one, at, false, err
	}
	m := lastLine.FindStringSubmatch(l)
	if m == nil {
		return one, at, false, errNoLine
	}
	if at, err = stamp(m[3], zone, now); err != nil {
		return one, at, false, err
	}
	switch m[1] {
	case "reboot", "shutdown", "runlevel":
		return one, at, false, nil
	}
	one = accounts.Login{At: at, Login: text.OneLine(m[1], 256), Record: accounts.Terminal}
	if fields := strings.Fields(m[2]); len(fields) > 1 {
		source := text.OneLine(fields[len(fields)-1], 256)
		if source == "0.0.0.0" {
			source = ""
		}
		one.From(source, "")
	}
	return one, at, true, nil
}

var errNoLine = fmt.Errorf("no line of a record")

// named is the zone that a log names by its letters. Letters mean different zones in different places, so only UTC and those of the given
// zone are read.
func named(letters string, zone *time.Location, now time.Time) (*time.Location, error) {
	if letters == "UTC" || letters == "GMT" {
		return time.UTC, nil
	}
	for _, month := range []int{0, -3, -6, -9} { // with and without summer time
		if name, _ := now.In(zone).AddDate(0, month, 0).Zone(); name == letters {
			return zone, nil
		}
	}
	return nil, errNoLine
}

// stamp reads a time as records write it.
func stamp(s string, zone *time.Location, now time.Time) (time.Time, error) {
	s = strings.Replace(s, ",", ".", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "Mon Jan _2 15:04:05 2006"} {
		if at, err := time.ParseInLocation(layout, s, zone); err == nil {
			return inRange(at.UTC())
		}
	}
	at, err := time.ParseInLocation("2006 Jan _2 15:04:05", fmt.Sprintf("%d %s", now.In(zone).Year(), s), zone)
	if err != nil { // 29 February of a year that has none
		at, err = time.ParseInLocation("2006 Jan _2 15:04:05", fmt.Sprintf("%d %s", now.In(zone).Year()-1, s), zone)
	} else if at.After(now.Add(24 * time.Hour)) {
		at = at.AddDate(-1, 0, 0)
	}
	if err != nil {
		return at, err
	}
	return inRange(at.UTC())
}

// inRange refuses times that no record of today has.
func inRange(at time.Time) (time.Time, error) {
	if at.Year() < 1990 || at.Year() > 2200 {
		return at, errNoLine
	}
	return at, nil
}
