package rules

import "sekimori/broker/field"

// screenFields are the rules for what engineers see (R7).
var screenFields = field.Table[System]{
	field.Bool("mask_numbers", "個人番号らしい番号を伏せる(閲覧制限ではない)", "Mask individual numbers (no access control)", func(s *System) *bool { return &s.MaskNumbers }).YesNo().Late(),
}
