package view

import (
	"time"

	"sekimori/broker/api"
)

// At puts a time into the institution's zone and leaves the zero time alone.
func At(t time.Time, z *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(z)
}

// Each turns rows into views; the result is never nil, so that JSON says [].
func Each[R, V any](rows []R, view func(R) V) []V {
	out := make([]V, 0, len(rows))
	for _, r := range rows {
		out = append(out, view(r))
	}
	return out
}

// Length writes a duration; zero is empty.
func Length(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// Whole is a list on one page.
func Whole[T any](items []T) api.List[T] { return api.List[T]{Items: items, Total: len(items)} }
