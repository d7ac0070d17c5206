package main

import (
	"fmt"
	"strings"
	"time"
)

// span says a length of time as the broker writes it, "1h30m0s", for people: 1時間30分, 1 h 30 min. What is no length stays.
func (p *program) span(written string) string {
	d, err := time.ParseDuration(written)
	if err != nil {
		return written
	}
	return p.say(spanJA(d), spanEN(d))
}

// spanEN is spanJA in English.
func spanEN(d time.Duration) string {
	var said []string
	for _, part := range []struct {
		unit time.Duration
		word string
	}{{time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / part.unit; n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, part.word))
			d -= n * part.unit
		}
	}
	if len(said) == 0 {
		return "0 s"
	}
	return strings.Join(said, " ")
}
