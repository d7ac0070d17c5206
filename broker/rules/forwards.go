package rules

import (
	"slices"

	"sekimori/broker/field"
	"sekimori/policy"
)

const mostForwards = 100 // destinations of a system

// forwardFields say where requests may ask to forward to.
var forwardFields = field.Table[System]{
	field.List("forwards", "ポート転送を許す先", "Forwards permitted to", func(s *System) *[]string { return &s.Forwards }).
		Bound(func(s *System) bool { return slices.ContainsFunc(s.Forwards, noDestination) }, "bad-destination",
			"転送先は db:5432 のように、小文字の名前かアドレスとポートで書いてください。", "Write a destination as a lower-case name or an address with a port: db:5432.").
		Bound(func(s *System) bool { return len(s.Forwards) > mostForwards }, "too-many", "100件までにしてください。", "at most 100").Late(),
}

// noDestination reports that a destination is not written in its one form.
func noDestination(s string) bool {
	d, err := policy.ParseDestination(s)
	return err != nil || d.String() != s
}
