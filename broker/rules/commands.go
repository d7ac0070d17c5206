package rules

import (
	"sekimori/broker/field"
	"sekimori/policy"
)

// commandFields say which commands requests may ask for. An empty list permits a full shell.
var commandFields = field.Table[System]{
	field.List("commands", "許可する命令(空なら端末も可)", "Commands permitted", func(s *System) *[]string { return &s.Commands }).
		Bound(func(s *System) bool { return policy.BadCommands(s.Commands) }, "bad-command", policy.CommandRule.JA, policy.CommandRule.EN).Late(),
}
