package gate

import (
	"strings"
	"testing"
)

// The engineer reads on the card that weak algorithms are spoken with the target, and why.
func TestCardTellsOfLegacyAlgorithms(t *testing.T) {
	k := cardFacts{number: "S-20261124-03", target: "sw-1", legacy: "2027年3月の機器更新まで"}
	for lang, text := range map[string]string{"ja": cardJA(k, Notice{}), "en": cardEN(k, Notice{})} {
		if !strings.Contains(text, k.legacy) {
			t.Errorf("%s: %s", lang, text)
		}
	}
	k.legacy = ""
	if text := cardJA(k, Notice{}) + cardEN(k, Notice{}); strings.Contains(text, "古い方式") || strings.Contains(text, "outdated") {
		t.Errorf("told without need: %s", text)
	}
}
