package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sekimori/broker/forms"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/registry"
)

// A list of whom to tell that says something wrong is refused, with the place.
func TestAWrongListOfWhomToTell(t *testing.T) {
	many := ""
	for n := range 31 {
		many += fmt.Sprintf("    - {key: k%d, ja: 甲, en: a, within: 1h}\n", n)
	}
	for name, c := range map[string]struct{ rows, code string }{
		"no key":          {"    - {ja: 甲, en: a, within: 1h}\n", "missing"},
		"no Japanese":     {"    - {key: a, en: a, within: 1h}\n", "missing"},
		"no time":         {"    - {key: a, ja: 甲, en: a}\n", "missing"},
		"a wrong key":     {"    - {key: 'A b', ja: 甲, en: a, within: 1h}\n", "bad-id"},
		"twice":           {"    - {key: a, ja: 甲, en: a, within: 1h}\n    - {key: a, ja: 乙, en: b, within: 1h}\n", "duplicate-id"},
		"no length":       {"    - {key: a, ja: 甲, en: a, within: soon}\n", "bad-duration"},
		"no days":         {"    - {key: a, ja: 甲, en: a, within: 0d}\n", "bad-duration"},
		"minus":           {"    - {key: a, ja: 甲, en: a, within: -1h}\n", "bad-duration"},
		"years":           {"    - {key: a, ja: 甲, en: a, within: 400d}\n", "bad-duration"},
		"an unknown word": {"    - {key: a, ja: 甲, en: a, within: 1h, by: fax}\n", "unknown-key"},
		"long words":      {"    - {key: a, ja: 甲, en: " + strings.Repeat("a", 201) + ", within: 1h}\n", "text-too-long"},
		"too many":        {many, "too-many"},
	} {
		_, err := registry.Parse("registry.yaml", []byte("institution:\n  tell:\n"+c.rows+townhall.Registry(t)))
		var bad *forms.Invalid
		if !errors.As(err, &bad) || bad.Problems[0].Code != c.code || bad.Problems[0].Line < 3 {
			t.Errorf("%s: %+v", name, err)
		}
	}
}
