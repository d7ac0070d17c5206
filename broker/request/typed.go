package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/forms"
)

// The parts in which a page asks for an instant, after the key of the field: "start.year". A year below 100 is one of 令和.
const (
	partYear, partMonth, partDay, partHour, partMinute = ".year", ".month", ".day", ".hour", ".minute"
)

// Typed reads a form from what a person typed, by field. An instant may come in parts ("start.year" and so on); an end without a date is
// on the start's. The error is a *forms.Invalid with every problem of reading; what could be read is in the form all the same.
func Typed(values map[string][]string, zone *time.Location) (Form, error) {
	whole := map[string][]string{}
	for key, list := range values {
		for _, v := range list {
			if v = strings.ReplaceAll(v, "\r\n", "\n"); strings.TrimSpace(v) != "" {
				whole[key] = append(whole[key], v)
			}
		}
	}
	for _, key := range []string{"start", "end", "staff_downtime"} {
		if said := together(whole, key); said != "" && len(whole[key]) == 0 {
			whole[key] = []string{said}
		}
	}
	for _, row := range Fields.Inputs() { // a box that was ticked and then unticked says so
		if list := whole[row.Key]; len(list) == 1 && (list[0] == "no" || list[0] == "false") && row.Kind == field.Switch {
			delete(whole, row.Key)
		}
	}
	f, err := Fields.Given(whole, zone)
	var bad *forms.Invalid
	if err != nil && !errors.As(err, &bad) {
		return f, fmt.Errorf("read what was typed: %w", err)
	}
	return f, err
}

// InParts gives an instant that was typed in parts, as it was typed; empty: no part of it was.
func InParts(values map[string][]string, key string) string { return together(values, key) }

// together writes an instant that was typed in parts; empty: no part of it was typed.
func together(values map[string][]string, key string) string {
	part := func(name string) string {
		if list := values[key+name]; len(list) > 0 {
			return strings.TrimSpace(list[0])
		}
		return ""
	}
	year, month, day, hour, minute := part(partYear), part(partMonth), part(partDay), part(partHour), part(partMinute)
	if year+month+day+hour+minute == "" {
		return ""
	}
	if key == "end" && year+month+day == "" {
		for name, into := range map[string]*string{partYear: &year, partMonth: &month, partDay: &day} {
			if list := values["start"+name]; len(list) > 0 {
				*into = strings.TrimSpace(list[0])
			}
		}
	}
	if minute == "" && hour != "" {
		minute = "00"
	}
	return fmt.Sprintf("%s-%s-%sT%s:%s", gregorian(year), two(month), two(day), two(hour), two(minute))
}

// gregorian turns a year of 令和 into one of the calendar.
func gregorian(year string) string {
	n := 0
	if _, err := fmt.Sscanf(year, "%d", &n); err == nil && fmt.Sprint(n) == strings.TrimLeft(year, "0") && n > 0 && n < 100 {
		return fmt.Sprint(2018 + n)
	}
	return year
}

func two(part string) string {
	if len(part) == 1 {
		return "0" + part
	}
	return part
}

// Values are the fields of a form as a page shows them for typing: the inverse of Typed. Instants come in parts, in the zone.
func Values(f Form, zone *time.Location) (map[string][]string, error) {
	f = Asked(&f)
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write the form: %w", err)
	}
	var members map[string]any
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, fmt.Errorf("read the form: %w", err)
	}
	values := map[string][]string{}
	for _, row := range Fields.Inputs() {
		switch v := members[row.Key].(type) {
		case string:
			if v != "" {
				values[row.Key] = []string{v}
			}
		case bool:
			if v {
				values[row.Key] = []string{"yes"}
			}
		case float64:
			if v != 0 {
				values[row.Key] = []string{fmt.Sprint(int64(v))}
			}
		case []any:
			for _, one := range v {
				if s, ok := one.(string); ok {
					values[row.Key] = append(values[row.Key], s)
				}
			}
		}
	}
	for key, at := range map[string]time.Time{"start": f.Start, "end": f.End, "staff_downtime": f.StaffDowntime} {
		delete(values, key)
		inParts(values, key, at, zone)
	}
	return values, nil
}

// inParts puts an instant into its parts; a zero one has none.
func inParts(values map[string][]string, key string, at time.Time, zone *time.Location) {
	if at.IsZero() {
		return
	}
	at = at.In(zone)
	put := func(part, form string) { values[key+part] = []string{at.Format(form)} }
	values[key+partYear] = []string{fmt.Sprint(at.Year() - 2018)}
	put(partMonth, "1")
	put(partDay, "2")
	put(partHour, "15")
	put(partMinute, "04")
}

// Begun reads what a request file says so far, by field, as Typed takes it. The file may be unfinished: only its writing is judged. The
// declarations are left out, because they are made when the application is handed in. Errors: *forms.Invalid.
func Begun(name string, text []byte, zone *time.Location) (map[string][]string, error) {
	read, top := forms.Read(name, text)
	values := Fields.Begun(top)
	for _, key := range []string{"start", "end", "staff_downtime"} {
		if said := values[key]; len(said) == 1 {
			if at, err := forms.ParseInstant(said[0], zone); err == nil {
				delete(values, key)
				inParts(values, key, at, zone)
			}
		}
	}
	for _, key := range []string{"clauses_told", "recording_told"} {
		delete(values, key)
	}
	return values, read.Err()
}
