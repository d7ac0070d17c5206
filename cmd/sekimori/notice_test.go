package main

import (
	"strings"
	"testing"

	"sekimori/broker/api"
)

// An announced change of a time of keeping says what is kept so long, and how it is agreed to while somebody must.
func TestAnAnnouncedChangeSaysHowItIsAgreedTo(t *testing.T) {
	t.Parallel()
	one := api.NoticeVersion{Version: 1, From: "2026-12-15", Change: 3, Agreed: 1, KeptBefore: 365, KeptDays: 1095}
	for lang, want := range map[string]string{
		"ja": "第1版 2026-12-15  変更 3(同意 1/2) → 二人が同意すると効きます: sekimori notice agree 3  操作記録の保存 365日から1095日に",
		"en": "version 1, 2026-12-15  change 3 (agreed 1/2) → two people agree to it: sekimori notice agree 3  recordings kept 1095 days, before 365",
	} {
		if got := (&program{lang: lang}).versions([]api.NoticeVersion{one}); got != want {
			t.Errorf("%q\n%q", got, want)
		}
	}
	one.Agreed = 2
	if got := (&program{lang: "en"}).versions([]api.NoticeVersion{one}); strings.Contains(got, "notice agree") {
		t.Errorf("what was agreed to asks for more: %s", got)
	}
}
