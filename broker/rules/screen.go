package rules

import (
	"sekimori/broker/field"
	"sekimori/policy"
)

// screenFields are the rules for what engineers see (R7).
var screenFields = field.Table[System]{
	field.Bool("mask_numbers", "個人番号らしい番号を伏せる(閲覧制限ではない)", "Mask individual numbers (no access control)", func(s *System) *bool { return &s.MaskNumbers }).YesNo().Late(),
}

// liveFields are the rules for single commands while work goes on (R29).
var liveFields = field.Table[System]{
	field.List("live_rules", "命令の決まり(補助であり境界ではない)", "Live rules (an aid, no boundary)", func(s *System) *[]string { return &s.LiveRules }).
		Bound(func(s *System) bool { return policy.BadLiveRules(s.LiveRules) }, "bad-live-rule", policy.LiveRuleForm.JA, policy.LiveRuleForm.EN).Late(),
}
