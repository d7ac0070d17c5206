package main

import (
	"testing"
	"time"

	"sekimori/broker/api"
)

// A pledge ends with a day; its instant is the midnight behind it. Every page names the last day on which it holds.
func TestThePageOfAPersonNamesTheLastDayOfThePledge(t *testing.T) {
	p := &program{lang: "en"}
	for _, f := range p.personFields() {
		if f.en != "PLEDGE UNTIL" {
			continue
		}
		until := time.Date(2036, 4, 1, 0, 0, 0, 0, time.FixedZone("JST", 9*60*60))
		if got := f.value(api.Person{PledgeUntil: until}); got != "2036-03-31" {
			t.Errorf("%q", got)
		}
		if got := f.value(api.Person{}); got != "" {
			t.Errorf("without a pledge: %q", got)
		}
		return
	}
	t.Error("the page does not say until when the pledge holds")
}
