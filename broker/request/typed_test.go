package request_test

import (
	"reflect"
	"testing"
	"time"

	"sekimori/broker/request"
)

// A form that a page shows is read back as the same form.
func TestTypedIsTheInverseOfValues(t *testing.T) {
	zone := time.FixedZone("JST", 9*60*60)
	f := request.Asked(new(full()))
	f.StartIn, f.Length = 0, 0
	for _, at := range []*time.Time{&f.Start, &f.End, &f.StaffDowntime} {
		*at = at.In(zone).Truncate(time.Minute)
	}
	values, err := request.Values(f, zone)
	if err != nil {
		t.Fatal(err)
	}
	back, err := request.Typed(values, zone)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range request.Fields.Inputs() {
		if !reflect.DeepEqual(row.Value(&f), row.Value(&back)) {
			t.Errorf("%s: %q became %q", row.Key, row.Value(&f), row.Value(&back))
		}
	}
}

func TestInstantsTypedInParts(t *testing.T) {
	zone := time.FixedZone("JST", 9*60*60)
	parts := func(key string, list ...string) map[string][]string {
		values := map[string][]string{"start.year": {"8"}, "start.month": {"11"}, "start.day": {"24"}, "start.hour": {"10"}, "start.minute": {"0"}}
		for i, part := range []string{".hour", ".minute", ".year", ".month", ".day"} {
			if i < len(list) {
				values[key+part] = []string{list[i]}
			}
		}
		return values
	}
	start := time.Date(2026, 11, 24, 10, 0, 0, 0, zone)
	for name, c := range map[string]struct {
		values map[string][]string
		want   time.Time
	}{
		"the end is on the start's day":       {parts("end", "11", "30"), start.Add(90 * time.Minute)},
		"an hour without minutes":             {parts("end", "11"), start.Add(time.Hour)},
		"a year of the calendar":              {parts("end", "1", "0", "2026", "11", "25"), start.Add(15 * time.Hour)},
		"no such month":                       {parts("end", "1", "0", "8", "13", "25"), time.Time{}},
		"a text that is no number":            {parts("end", "1", "0", "8", "x", "25"), time.Time{}},
		"the whole instant goes before parts": {map[string][]string{"end": {"2026-11-24T12:00"}, "end.hour": {"15"}}, start.Add(2 * time.Hour)},
	} {
		f, err := request.Typed(c.values, zone)
		if (err != nil) != c.want.IsZero() || !f.End.Equal(c.want) {
			t.Errorf("%s: %v, %v", name, f.End, err)
		}
	}
}
