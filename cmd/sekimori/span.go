package main

import (
	"time"

	"sekimori/policy/text"
)

// span turns the broker's form of a length of time, "1h30m0s", into one for people: 1時間30分, 1 h 30 min. Other text stays.
func (p *program) span(written string) string {
	d, err := time.ParseDuration(written)
	if err != nil {
		return written
	}
	return text.Length(d).In(p.lang)
}
