package calendar

import (
	"slices"
	"time"

	"github.com/rickar/cal/v2/jp"

	"sekimori/policy"
)

// Name is a public holiday's name in the law and in the English press.
type Name struct{ JA, EN string }

// names maps the library's names of the holidays to the law's. A one-off holiday that is missing here keeps the library's
// English name.
var names = map[string]string{
	"New Year's Day":                        "元日",
	"Coming of Age Day":                     "成人の日",
	"National Foundation Day":               "建国記念の日",
	"The Emperor's Birthday":                "天皇誕生日",
	"Vernal Equinox Day":                    "春分の日",
	"Showa Day":                             "昭和の日",
	"Constitution Memorial Day":             "憲法記念日",
	"Greenery Day":                          "みどりの日",
	"Children's Day":                        "こどもの日",
	"Marine Day":                            "海の日",
	"Mountain Day":                          "山の日",
	"Respect for the Aged Day":              "敬老の日",
	"Autumnal Equinox Day":                  "秋分の日",
	"Sports Day":                            "スポーツの日",
	"Culture Day":                           "文化の日",
	"Labor Thanksgiving Day":                "勤労感謝の日",
	"New Emperor Enthronement Day":          "天皇の即位の日",
	"The New Emperor Enthronement Ceremony": "即位礼正殿の儀の行われる日",
}

var (
	substitute = Name{"振替休日", "Substitute holiday"}
	between    = Name{"国民の休日", "Citizens' holiday"}
)

// Public returns the public holidays of a year in Japan. The library names the days. The days that follow from them are
// computed by the law (国民の祝日に関する法律 第3条), because the library's substitutes are fixed distances and it knows the days between
// two holidays for a few years only:
//   - a holiday on a Sunday makes the next day that is not a holiday a day off (第2項),
//   - a day with a holiday before it and one after it is a day off (第3項).
func Public(year int) map[policy.Date]Name {
	named := map[policy.Date]Name{}
	var days []time.Time
	for _, h := range jp.Holidays {
		ja, known := names[h.Name]
		if !known {
			continue // days between two holidays, listed by year: computed below
		}
		// The library's function for the vernal equinox writes the day into the holiday passed to it.
		own := *h
		actual, _ := own.Calc(year)
		if actual.IsZero() || actual.Year() != year {
			continue
		}
		day := time.Date(year, actual.Month(), actual.Day(), 0, 0, 0, 0, time.UTC)
		named[date(day)] = Name{ja, h.Name}
		days = append(days, day)
	}
	slices.SortFunc(days, time.Time.Compare)
	all := make(map[policy.Date]Name, len(named)+4)
	for d, n := range named {
		all[d] = n
	}
	for _, d := range days {
		if d.Weekday() == time.Sunday {
			next := d.AddDate(0, 0, 1)
			for has(named, next) {
				next = next.AddDate(0, 0, 1)
			}
			all[date(next)] = substitute
		}
		if middle := d.AddDate(0, 0, 1); has(named, d.AddDate(0, 0, 2)) && !has(all, middle) {
			all[date(middle)] = between
		}
	}
	return all
}

func has(days map[policy.Date]Name, d time.Time) bool { return days[date(d)] != Name{} }

func date(d time.Time) policy.Date { return policy.Date(d.Format(time.DateOnly)) }
