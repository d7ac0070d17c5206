package gate

import (
	"time"

	"sekimori/policy/text"
)

// langOf is the language to speak: the person's own, else that of the locale that the client sent; empty means both.
func langOf(person string, env map[string]string) string {
	if text.Known(person) {
		return person
	}
	return text.Locale(func(name string) string { return env[name] })
}

// untilThen rounds the remaining time up to the unit that text.Left shows, so that an open window shows "0 s".
func untilThen(d time.Duration) time.Duration {
	unit := time.Second
	if d >= time.Minute {
		unit = time.Minute
	}
	return (max(d, 0) + unit - 1).Truncate(unit)
}
