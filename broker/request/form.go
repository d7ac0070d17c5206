package request

import (
	"io"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/policy/text"
)

// Form is an application as handed in (作業申請書). People and vendors may be named by id or login.
type Form struct {
	System  string        `json:"system"`
	Start   time.Time     `json:"start"`
	End     time.Time     `json:"end"`                // exclusive
	StartIn time.Duration `json:"start_in,omitempty"` // instead of Start: this long after submission
	Length  time.Duration `json:"length,omitempty"`   // instead of End: this long after the start
	Body

	hints  []forms.Problem        // remarks for the writer about a form without faults
	places map[string]forms.Value // field → its place in the file; nil without a file
	name   string
}

// Parse reads request.yaml. A start may be written "+20m", counted from submission, and an end "+90m", counted from the start. Times
// without a zone are in the zone given. The error is a *forms.Invalid with every problem of reading. requests.Desk checks the meaning
// of the values; its problems then have the places too.
func Parse(name string, text []byte, zone *time.Location) (Form, error) {
	read, top := forms.Read(name, text)
	f := Form{name: name, places: map[string]forms.Value{}}
	m := Fields.Read(top, zone, &f)
	for _, row := range Fields.Inputs() {
		f.places[row.Key] = m.Get(row.Key)
	}
	f.hints = read.Hints()
	return f, read.Err()
}

// WriteYAML writes a form as a request file that Parse reads. An empty field that is needed gets an empty line, with a comment on the
// wanted value.
func (f Form) WriteYAML(to io.Writer) error { return Fields.Write(to, &f) }

// Name is the name of the file; empty if there is none.
func (f Form) Name() string { return f.name }

// Hints are remarks for the writer of a file without faults.
func (f Form) Hints() []forms.Problem { return f.hints }

// Problem is a fault of a field, at its place in the file.
func (f Form) Problem(field, code string, told text.Text) forms.Problem {
	if v, ok := f.places[field]; ok {
		return v.Describe(code, told.JA, told.EN)
	}
	return forms.Problem{Field: field, Code: code, JA: told.JA, EN: told.EN}
}

// Window is the interval that the form asks for if it is handed in at now. An end that the form does not give is zero.
func (f Form) Window(now time.Time) (start, end time.Time) {
	start, end = f.Start, f.End
	if f.StartIn > 0 {
		start = now.Add(f.StartIn)
	}
	if f.Length > 0 {
		end = start.Add(f.Length)
	}
	return start, end
}

// readInstant reads an instant, or a length such as "+20m", counted from a later instant. So an example can be submitted on any day.
func readInstant(v forms.Value, zone *time.Location) (time.Time, time.Duration) {
	if written := v.Word(); strings.HasPrefix(written, "+") {
		d, err := time.ParseDuration(written[1:])
		if err != nil || d <= 0 {
			v.Problem("bad-duration", "+20m のように書いてください。", "write it like +20m")
			return time.Time{}, 0
		}
		return time.Time{}, d
	}
	return v.Instant(zone), 0
}

func writeInstant(at time.Time, in time.Duration) string {
	switch {
	case in > 0:
		return "+" + in.String()
	case at.IsZero():
		return ""
	}
	return at.Format(time.RFC3339)
}

func sayInstant(at time.Time, in time.Duration, lang string) string {
	if in > 0 || at.IsZero() {
		return writeInstant(at, in)
	}
	return text.Moment(at).In(lang)
}

func sayIntervals(list []Interval, lang string) string {
	var lines []string
	for _, i := range list {
		lines = append(lines, text.Span(i.Start, i.End).In(lang))
	}
	return strings.Join(lines, "\n")
}
