package registry

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/policy"
)

// The bounds of the list of those who must be told of an incident.
const (
	mostTells    = 30
	longestTell  = 366 * 24 * time.Hour
	longestWords = 200 // characters of a name or a note
)

var tellKey = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// tells reads `tell:` of the institution: who must be told of an incident, and by when.
func tells(v forms.Value) (all []policy.Tell) {
	seen := map[string]bool{}
	for _, item := range v.List() {
		m := item.Map("key", "ja", "en", "within", "note")
		t := policy.Tell{Key: m.Need("key").Text(), Who: policy.Text{JA: short(m.Need("ja"), longestWords), EN: short(m.Need("en"), longestWords)}, Within: within(m.Need("within"))}
		if note := m.Get("note"); note.Present() {
			t.Note = short(note, longestWords)
		}
		switch {
		case t.Key == "": // it is missing, which is said already
			continue
		case !tellKey.MatchString(t.Key):
			m.Get("key").Problem("bad-id", "key は英小文字で始まる、英小文字・数字・- の名前です(privacy-first など)。", "a key begins with a small letter and has small letters, digits and -, such as privacy-first")
		case seen[t.Key]:
			m.Get("key").Problem("duplicate-id", t.Key+" が二度書かれています。", t.Key+" is written twice")
		case len(all) == mostTells:
			item.Problem("too-many", "知らせる先は"+strconv.Itoa(mostTells)+"件までです。", "at most "+strconv.Itoa(mostTells)+" are told")
			return all
		}
		seen[t.Key] = true
		all = append(all, t)
	}
	return all
}

// within reads a length of time in days (5d), or as 90m or 72h.
func within(v forms.Value) time.Duration {
	if days, ok := strings.CutSuffix(v.Text(), "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 366 {
			return time.Duration(n) * 24 * time.Hour
		}
		v.Problem("bad-duration", "日数は 1d から 366d です。", "days are 1d to 366d")
		return 0
	}
	d := v.Length()
	if d > longestTell {
		v.Problem("bad-duration", "366日までです。", "at most 366 days")
		return 0
	}
	return d
}

// tellByKey compares the list row by row, so that a change names the row.
func tellByKey(i *policy.Institution) []field.Part {
	var parts []field.Part
	for n, t := range i.Tell {
		parts = append(parts, field.Part{Name: "tell." + t.Key, Value: strings.Join([]string{strconv.Itoa(n + 1), t.Within.String(), t.Who.JA, t.Who.EN, t.Note}, " / ")})
	}
	return parts
}
