package pages

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/rules"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func settingsRoutes() []row {
	who := those(view.ReadsRules()...)
	return []row{
		get("/settings", staff, text2("運用の決まり", "Rules in force"), who, l0, (*Pages).settings).inMenu(110),
		get("/settings/conformance", staff, text2("規程との対応", "Standards and this configuration"), who, l0, (*Pages).conformance),
	}
}

func settingsPages() map[string]page {
	return map[string]page{"settings": &SettingsPage{}, "conformance": &ConformancePage{}}
}

// SettingsPage tells the rules in force, from the live configuration.
type SettingsPage struct {
	Frame
	House   Card
	Office  Card
	Days    []Said
	NoWork  []Said
	Systems []SystemRules
	Upkeep  []Offer // acts on the broker's own stores
}

// Said is a line with what it is about.
type Said struct{ Label, Text text.Text }

// SystemRules are one system's rules.
type SystemRules struct {
	ID, Name string
	Rules    []Said
}

func (p *Pages) settings(v *visit) error {
	i, err := p.o.Views.Institution(v.r.Context(), v.reader())
	if err != nil {
		return err
	}
	systems, err := p.o.Views.Systems(v.r.Context(), v.reader(), view.Page{Limit: api.MostItems})
	if err != nil {
		return err
	}
	page := &SettingsPage{Frame: v.frame(), House: p.houseCard(), Office: officeCard(i)}
	sent, err := p.o.Views.SIEM(v.r.Context())
	if err != nil {
		return err
	}
	page.Upkeep = v.ownOffers("/settings", siemTestPath)
	if v.p.o.Views.Searches() {
		page.Upkeep = append(page.Upkeep, v.ownOffers("/recordings/search", indexRebuildPath)...)
	}
	page.House.Rows = append(page.House.Rows, CardRow{Label: text2("ログ基盤(SIEM)への台帳の送信", "Ledger to the collector of logs (SIEM)"), Text: sent.Say()})
	for _, h := range i.Holidays {
		kind := text2("休み", "closed")
		if h.Open {
			kind = text2("開庁", "open")
		}
		page.Days = append(page.Days, Said{text.Same(h.Date), text2(h.Name+"("+kind.JA+")", h.Name+" ("+kind.EN+")")})
	}
	for _, n := range i.NoWork {
		when := text.Span(n.From.In(p.o.Zone), n.Until.In(p.o.Zone))
		what := n.System
		if what == "" {
			what = "*"
		}
		page.NoWork = append(page.NoWork, Said{when, text2(what+" "+n.Reason, what+" "+n.Reason)})
	}
	for _, s := range systems.Items {
		page.Systems = append(page.Systems, systemRules(s))
	}
	return v.show(page)
}

// systemRules says each rule that a system has.
func systemRules(s api.System) SystemRules {
	out := SystemRules{ID: s.ID, Name: s.Name}
	for _, f := range rules.Fields {
		if ja, en := f.Say(&s.System, "ja"), f.Say(&s.System, "en"); ja != "" && f.Key != "name" {
			out.Rules = append(out.Rules, Said{f.Label, text2(ja, en)})
		}
	}
	return out
}

func (p *Pages) houseCard() Card {
	h := p.o.House
	return Card{Title: text2("機関", "Institution"), Rows: []CardRow{
		{Label: text2("名前", "Name"), Text: text.Same(h.Institution)},
		{Label: text2("監視の告知", "Notice"), Text: text2(fmt.Sprintf("第%d版", h.Notice.Version), fmt.Sprintf("version %d", h.Notice.Version)), Href: "/notice"},
		{Label: text2("操作記録の保存", "Recordings kept"), Text: keptDays(int(h.Notice.Retention.Hours() / 24))},
		{Label: text2("台帳の内容の保存", "Ledger's contents kept"), Text: keptDays(h.Notice.LedgerDays)},
		{Label: text2("閲覧の記録の保存", "Record of looks kept"), Text: keptDays(h.Notice.LooksDays)},
		{Label: text2("離席の制限", "Idle limit"), Text: text2(fmt.Sprintf("%d分", int(idleLimit.Minutes())), fmt.Sprintf("%d minutes", int(idleLimit.Minutes())))},
		{Label: text2("問合せ先", "Contact"), Text: text.Same(h.Contact)},
		{Label: text2("夜間・休日の電話", "At night and on holidays"), Text: text.Same(h.Night)},
	}}
}

// weekdayNames are the days as the institution's rules name them.
var weekdayNames = []struct {
	key  string
	name text.Text
}{{"mon", text2("月", "Mon")}, {"tue", text2("火", "Tue")}, {"wed", text2("水", "Wed")}, {"thu", text2("木", "Thu")}, {"fri", text2("金", "Fri")}, {"sat", text2("土", "Sat")}, {"sun", text2("日", "Sun")}}

func officeCard(i api.Institution) Card {
	c := Card{Title: text2("すべてのシステムに共通の決まり", "Rules for every system")}
	add := func(ja, en string, value text.Text) {
		c.Rows = append(c.Rows, CardRow{Label: text2(ja, en), Text: value})
	}
	open := text2("一日中", "all day")
	if len(i.Hours) > 0 {
		open = text.Text{}
		for _, d := range weekdayNames {
			if h, ok := i.Hours[d.key]; ok {
				open.JA, open.EN = open.JA+d.name.JA+" "+h+"  ", open.EN+d.name.EN+" "+h+"  "
			}
		}
	}
	add("開庁時間", "Office hours", open)
	add("申請から開始まで", "Lead time", text.Same(i.Lead))
	certs := slices.Clone(i.Certifications)
	if len(certs) > 0 {
		add("求める認証", "Certifications", text.Same(fmt.Sprint(certs)))
	}
	add("誓約書の写し", "Pledge copy", asked(i.PledgeCopy))
	add("特記事項", "Special clauses", asked(i.SpecialClauses))
	add("監査報告書", "Audit report", asked(i.AuditReport))
	add("包括許可", "Standing permits", asked(i.StandingPermits))
	roster := asked(i.RosterFrom != "")
	if i.RosterFrom != "" {
		roster = text2(i.RosterFrom+"から求める", "asked for from "+i.RosterFrom)
	}
	add("従事者の月次確認", "Monthly roster", roster)
	for _, t := range i.Tell {
		add("事案のとき知らせる先", "To be told of an incident", tellRule(t))
	}
	if len(i.ReviewWeights) > 0 {
		add("点検の理由の重み", "Weights of reasons for review", text.Same(strings.Join(i.ReviewWeights, " ")))
	}
	if i.SpaceDays > 0 {
		add("記録の空き", "Free space for recordings", text2(fmt.Sprintf("%d日分", i.SpaceDays), fmt.Sprintf("%d days", i.SpaceDays)))
	}
	left := -1
	if i.SpaceLeft != nil {
		left = *i.SpaceLeft
	}
	room := policy.SayRoom(left)
	if left < i.SpaceDays && left >= 0 {
		room = text2(room.JA+"。決まりより少なくなっています", room.EN+": fewer than the rule wants")
	}
	add("いまの空き", "Space now", room)
	return c
}

// tellRule says whom, and by when.
func tellRule(t api.TellRule) text.Text {
	d, err := time.ParseDuration(t.Within)
	if err != nil {
		return text2(t.JA+" "+t.Within, t.EN+" "+t.Within)
	}
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return text2(fmt.Sprintf("%s %d日以内", t.JA, d/day), fmt.Sprintf("%s within %d d", t.EN, d/day))
	}
	return text2(fmt.Sprintf("%s %d分以内", t.JA, int(d.Minutes())), fmt.Sprintf("%s within %d min", t.EN, int(d.Minutes())))
}

func asked(yes bool) text.Text {
	if yes {
		return text2("求める", "asked for")
	}
	return text2("求めない", "not asked for")
}
