package pages

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func noticeRoutes() []row {
	title, log := text2("監視の範囲と保存期間", "What is monitored"), text2("閲覧の記録", "Who viewed recordings")
	return []row{
		get("/notice", staff, title, open(), l0, (*Pages).notice),
		get("/v/notice", portal, title, open(), l0, (*Pages).notice),
		get("/notice/access-log", staff, log, everyStaff(), l0, (*Pages).accessLog),
		get("/notice/access-log/names", staff, text2("閲覧の記録(氏名あり)", "Who viewed recordings, with names"), those(policy.Auditor), l1, (*Pages).accessLogNames),
	}
}

func noticePages() map[string]page {
	return map[string]page{"notice": &NoticePage{}, "accesslog": &AccessLogPage{}}
}

// NoticePage says what is watched, and by whom.
type NoticePage struct {
	Frame
	Version             int
	Purpose             text.Text
	Recorded, Not, Seen []text.Text
	Retention           text.Text
	KeptLedger          text.Text
	KeptLooks           text.Text
	Desk                string
	URL                 string
	From                text.Text // the day from which the version is in force; empty: unknown
	Announced           []text.Text
	Agree               string // address of the agreement to an announced change; empty: the person's does not count
	History             []NoticeVersionRow
	Looks               text.Text // this fiscal year, by purpose
	Year                text.Text
	AccessLog           string
}

// NoticeVersionRow is one line of the history.
type NoticeVersionRow struct {
	Version int
	From    text.Text
	Change  text.Text // what the version changed; empty: nobody wrote it down
	Noted   *Moment   // when the ledger noted it; nil: the settings alone tell of it
}

func (p *Pages) notice(v *visit) error {
	now := p.o.Clock().In(p.o.Zone)
	from := fiscalYear(now)
	seen, err := p.looks.since(from, now, func() (n noticeNow, err error) {
		if n.notice, err = p.o.Views.Notice(v.r.Context(), p.o.House.Notice); err != nil {
			return n, err
		}
		n.looks, err = p.o.Views.Viewings(v.r.Context(), from, false)
		return n, err
	})
	if err != nil {
		return err
	}
	n := seen.notice
	page := &NoticePage{Frame: v.frame(), Version: n.Version, Purpose: text2(n.PurposeJA, n.PurposeEN), Recorded: pairs(n.RecordedJA, n.RecordedEN), Not: pairs(n.NotJA, n.NotEN),
		Seen: pairs(n.SeenByJA, n.SeenByEN), Retention: kept(n), KeptLedger: keptDays(n.LedgerDays), KeptLooks: keptDays(n.LooksDays), Desk: n.Contact, URL: n.URL}
	page.Scripts = []string{"print.js"}
	page.From = p.dayText(n.From)
	for _, one := range n.Announced {
		day := p.dayText(one.From)
		said := p.noticeVersion(one).Change
		if one.Change > 0 {
			agreed := itoa(one.Agreed) + "/2"
			said = text2(said.JA+"(早ければ。同意 "+agreed+")", said.EN+" (at the earliest; agreed "+agreed+")")
			if policy.MayAgreeToNotice(v.person, nil).Allow {
				page.Agree = "/notice/changes/" + itoa(int(one.Change)) + "/agree"
			}
		}
		page.Announced = append(page.Announced, text2(day.JA+"から"+said.JA, "from "+day.EN+": "+said.EN))
	}
	for _, one := range n.History {
		page.History = append(page.History, p.noticeVersion(one))
	}
	page.Looks, page.Year = counted(seen.looks), yearName(from)
	if v.site == staff && v.person.ID != "" {
		page.AccessLog = "/notice/access-log"
	}
	return v.show(page)
}

// noticeVersion is a line of the history: the institution's words, and what the ledger knows.
func (p *Pages) noticeVersion(one api.NoticeVersion) NoticeVersionRow {
	row := NoticeVersionRow{Version: one.Version, From: p.dayText(one.From), Change: text2(one.JA, one.EN)}
	var changes []text.Text
	if one.KeptBefore > 0 {
		changes = append(changes, keptChange("操作記録", "recordings are", one.KeptBefore, one.KeptDays))
	}
	if t := one.Ledger; t != nil {
		changes = append(changes, keptChange("台帳の内容", "the ledger's contents are", t.Before, t.Days))
	}
	if t := one.Looks; t != nil {
		changes = append(changes, keptChange("閲覧の記録", "the record of looks is", t.Before, t.Days))
	}
	if len(changes) > 0 {
		change := changes[0]
		for _, more := range changes[1:] {
			change = text2(change.JA+"、"+more.JA, change.EN+"; "+more.EN)
		}
		if row.Change.IsZero() {
			row.Change = change
		} else {
			row.Change = text2(row.Change.JA+"("+change.JA+")", row.Change.EN+" ("+change.EN+")")
		}
	}
	if one.NotedAt != nil {
		at := moment(*one.NotedAt, p.o.Zone)
		row.Noted = &at
	}
	return row
}

// dayText says a day; a text that is no day stays as it is.
func (p *Pages) dayText(day string) text.Text {
	at, err := time.ParseInLocation(time.DateOnly, day, p.o.Zone)
	if err != nil {
		return text.Same(day)
	}
	return text.Day(at)
}

// keptChange says that something is kept for another time than before.
func keptChange(ja, en string, before, after int) text.Text {
	b, a := keptDays(before), keptDays(after)
	return text2(ja+"の保存期間を"+b.JA+"から"+a.JA+"に", en+" kept "+a.EN+", before it was "+b.EN)
}

// kept tells how long recordings are kept.
func kept(n api.Notice) text.Text { return keptDays(n.KeptDays) }

// keptDays says a time of keeping, in years where that is whole.
func keptDays(n int) text.Text {
	if n == 0 {
		return text2("期限なし", "without end")
	}
	if n%365 == 0 {
		years := n / 365
		unit := " years"
		if years == 1 {
			unit = " year"
		}
		return text2(fmt.Sprintf("%d年", years), fmt.Sprint(years)+unit)
	}
	return text2(fmt.Sprintf("%d日", n), fmt.Sprintf("%d days", n))
}

func pairs(ja, en []string) []text.Text {
	var out []text.Text
	for i := range min(len(ja), len(en)) {
		out = append(out, text2(ja[i], en[i]))
	}
	return out
}

// fiscalYear is the first instant of the fiscal year, in April.
func fiscalYear(t time.Time) time.Time {
	year := t.Year()
	if t.Month() < time.April {
		year--
	}
	return time.Date(year, time.April, 1, 0, 0, 0, 0, t.Location())
}

// yearName is a fiscal year: 令和8年度(2026-04〜2027-03).
func yearName(from time.Time) text.Text {
	ja, _, _ := strings.Cut(text.Day(from).JA, "年")
	return text2(fmt.Sprintf("%s年度(%s〜%s)", ja, from.Format("2006-01"), from.AddDate(1, -1, 0).Format("2006-01")),
		fmt.Sprintf("fiscal year %d (%s to %s)", from.Year(), from.Format("2006-01"), from.AddDate(1, -1, 0).Format("2006-01")))
}

// counted is the number of looks, by purpose.
func counted(looks []view.Viewing) text.Text {
	by := map[policy.Purpose]int{}
	for _, one := range looks {
		by[one.Purpose]++
	}
	var ja, en []string
	for _, purpose := range policy.Purposes(policy.ActWatch) {
		if n := by[purpose]; n > 0 {
			ja, en = append(ja, fmt.Sprintf("%s %d", purpose.Label().JA, n)), append(en, fmt.Sprintf("%s %d", purpose.Label().EN, n))
		}
	}
	if len(ja) == 0 {
		return text2("0件", "none")
	}
	return text2(fmt.Sprintf("%d件(%s)", len(looks), strings.Join(ja, "、")), fmt.Sprintf("%d (%s)", len(looks), strings.Join(en, ", ")))
}

// looksFor is how long the notice is shown before it is read anew: it is open to strangers, and counting reads the ledger.
const looksFor = time.Minute

// noticeNow is what the notice reads from the ledger.
type noticeNow struct {
	notice api.Notice
	looks  []view.Viewing
}

// lookCount keeps what the notice shows, with the looks of a year.
type lookCount struct {
	mu   sync.Mutex // guards the fields below
	from time.Time
	at   time.Time
	kept noticeNow
}

func (c *lookCount) since(from, now time.Time, read func() (noticeNow, error)) (noticeNow, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from.Equal(from) && now.Sub(c.at) < looksFor && !now.Before(c.at) {
		return c.kept, nil
	}
	n, err := read()
	if err == nil {
		c.from, c.at, c.kept = from, now, n
	}
	return n, err
}

// AccessLogPage lists who looked at recordings.
type AccessLogPage struct {
	Frame
	Year  text.Text
	Sum   text.Text
	Named bool
	Table Table
	Rows  []AccessRow
	Names string // address of the list with names; empty: not for this person
}

// AccessRow is one look.
type AccessRow struct {
	At      Moment
	Roles   text.Text
	Purpose text.Text
	What    text.Text
	Name    string
	Session string
}

func (p *Pages) accessLog(v *visit) error { return p.viewings(v, false) }

// accessLogNames has an entry of its own, like every look of an auditor.
func (p *Pages) accessLogNames(v *visit) error {
	if err := p.o.Views.Looked(v.r.Context(), v.reader(), "ledger.listed", []string{v.person.ID}, map[string]any{"limit": mostRows, "kind": "recording.viewed", "subject": "", "before": 0}); err != nil {
		return err
	}
	return p.viewings(v, true)
}

// mostRows is how many looks one page lists.
const mostRows = 500

func (p *Pages) viewings(v *visit, names bool) error {
	from := fiscalYear(p.o.Clock().In(p.o.Zone))
	looks, err := p.o.Views.Viewings(v.r.Context(), from, names)
	if err != nil {
		return err
	}
	slices.SortFunc(looks, func(a, b view.Viewing) int { return b.At.Compare(a.At) })
	page := &AccessLogPage{Frame: v.frame(), Year: yearName(from), Sum: counted(looks), Named: names}
	page.Crumbs = []Link{{text2("監視の範囲と保存期間", "What is monitored"), "/notice"}}
	page.Table = Table{Caption: text2("操作記録と接続中の画面を見た記録", "Looks at recordings and at live sessions"),
		Columns: []text.Text{text2("日時", "When"), text2("役割", "Role"), text2("閲覧目的", "Purpose"), text2("何を", "What")}}
	if names {
		page.Table.Columns = append(page.Table.Columns, text2("氏名", "Name"), text2("接続番号", "Session"))
	} else if those(policy.Auditor).Allow(v.person) {
		page.Names = "/notice/access-log/names"
	}
	var ids []string
	for _, one := range looks {
		ids = append(ids, one.Person)
	}
	name, err := v.names(ids...)
	if err != nil {
		return err
	}
	for _, one := range looks[:min(len(looks), mostRows)] {
		page.Rows = append(page.Rows, AccessRow{At: moment(one.At, p.o.Zone), Roles: rolesText(one.Roles), Purpose: one.Purpose.Label(), What: lookKinds[one.What], Name: name(one.Person), Session: one.Session})
	}
	return v.show(page)
}

var lookKinds = map[string]text.Text{
	"recording.viewed": text2("操作記録の再生", "played a recording"), "recording.exported": text2("操作記録の書き出し", "exported a recording"), "recording.searched": text2("操作記録の検索", "searched recordings"), "session.watched": text2("接続中の画面", "watched a live session"),
}

func rolesText(roles []policy.Role) text.Text {
	var ja, en []string
	for _, r := range roles {
		ja, en = append(ja, r.Label().JA), append(en, r.Label().EN)
	}
	return text2(strings.Join(ja, "・"), strings.Join(en, ", "))
}
