package pages

import (
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/correction"
	"sekimori/broker/papers"
	"sekimori/policy"
	"sekimori/policy/text"
)

// otherSubject is subject for the things that have no page of their own in this package, or only a small card.
func (v *visit) otherSubject(d deed, id string) (card Card, offers []api.Offer, err error) {
	ctx, by, views, zone := v.r.Context(), v.reader(), v.p.o.Views, v.p.o.Zone
	row := func(ja, en, said string) {
		if said != "" {
			card.Rows = append(card.Rows, CardRow{Label: text2(ja, en), Text: text.Same(said)})
		}
	}
	switch {
	case strings.HasPrefix(d.Path, string(api.Freezes)+"/"):
		f, err := views.Freeze(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("番号", "Number", f.ID)
		card.Rows = append(card.Rows, CardRow{Label: text2("範囲", "Scope"), Text: policy.FreezeScope(f.Scope).Label()})
		row("対象", "Of", f.Subject)
		row("その対象システムの上だけ", "On this system only", f.System)
		card.Rows = append(card.Rows, CardRow{Label: text2("状態", "State"), Text: api.FreezeState(f.State).Label()})
		row("理由", "Why", f.Reason)
		return card, f.Offers, nil
	case strings.HasPrefix(d.Path, string(api.NoticeChanges)+"/"):
		n, offers, err := views.NoticeChange(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		for _, k := range []struct {
			label        text.Text
			before, days int
		}{
			{text2("操作記録の保存", "Recordings kept"), n.KeptBefore, n.KeptDays},
			{text2("台帳の内容の保存", "Ledger's contents kept"), n.LedgerBefore, n.LedgerDays},
			{text2("閲覧の記録の保存", "Record of looks kept"), n.LooksBefore, n.LooksDays},
		} {
			if k.before != k.days {
				before, after := keptDays(k.before), keptDays(k.days)
				card.Rows = append(card.Rows, CardRow{Label: k.label, Text: text2(before.JA+" → "+after.JA, before.EN+" → "+after.EN)})
			}
		}
		card.Rows = append(card.Rows, CardRow{Label: text2("効力", "In force"), Text: text2(text.Day(n.Earliest.In(zone)).JA+"以後の起動から", "from a start of the broker on or after "+text.Day(n.Earliest.In(zone)).EN)},
			CardRow{Label: text2("同意", "Agreed"), Text: text.Same(itoa(n.Agreed) + "/2")})
		return card, offers, nil
	case strings.HasPrefix(d.Path, string(api.Lines)+"/"):
		l, err := views.Line(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("番号", "Number", l.System)
		row("名称", "Name", l.Name)
		card.Rows = append(card.Rows, CardRow{Label: text2("守り方", "Protection"), Text: l.How.Label()}, CardRow{Label: text2("限界", "Limit"), Text: l.Limit})
		return card, l.Offers, nil
	case strings.HasPrefix(d.Path, string(api.Targets)+"/"):
		t, err := views.Target(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("番号", "Number", t.ID)
		row("ホスト", "Host", t.Host+":"+itoa(t.Port))
		return card, t.Offers, nil
	case strings.HasPrefix(d.Path, string(api.Reconciliations)+"/"):
		r, err := views.Reconciliation(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		card, err = v.reconciliationCard(r)
		return card, r.Offers, err
	case strings.HasPrefix(d.Path, string(api.UnknownLogins)+"/"):
		u, err := views.UnknownLogin(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		card, err = v.unknownLoginCard(u)
		return card, u.Offers, err
	case strings.HasPrefix(d.Path, string(api.People)+"/"):
		p, err := views.Person(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("番号", "Number", p.ID)
		row("氏名", "Name", p.Name)
		return card, p.Offers, nil
	case strings.HasPrefix(d.Path, string(api.Vendors)+"/"):
		p, err := views.VendorPage(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("番号", "Number", p.Vendor.ID)
		row("名称", "Name", p.Vendor.Name)
		if d.Name == papers.AskRenewalName {
			card.Rows = append(card.Rows, v.renewalRows(p.Renewals, strings.Join(v.given("engineer"), ""))...)
		}
		return card, p.Vendor.Offers, nil
	case strings.HasPrefix(d.Path, string(api.Papers)+"/"):
		p, err := views.Paper(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("番号", "Number", p.ID)
		row("保守事業者", "Vendor", p.Vendor)
		row("名称", "Name", p.Name)
		return card, p.Offers, nil
	case strings.HasPrefix(d.Path, string(api.Reports)+"/"):
		r, err := views.Report(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("番号", "Number", r.ID)
		row("接続番号", "Sessions", strings.Join(r.Sessions, ", "))
		row("実施内容", "Done", r.Content.Done)
		return card, r.Offers, nil
	case strings.HasPrefix(d.Path, string(api.Extensions)+"/"):
		x, err := views.Extension(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("番号", "Number", x.ID)
		row("時間枠", "Window", x.Window)
		row("延ばす長さ", "By", x.By)
		row("理由", "Why", x.Reason)
		return card, x.Offers, nil
	case strings.HasPrefix(d.Path, string(api.LedgerEntries)+"/"):
		no, err := correction.Number(id)
		if err != nil {
			return card, nil, err
		}
		e, err := views.Entry(ctx, by, no)
		if err != nil {
			return card, nil, err
		}
		names, err := views.Names(ctx, e.Actor.ID, e.OnBehalf)
		return v.entryCard(e, names), e.Offers, err
	case strings.HasPrefix(d.Path, string(api.Recordings)+"/"):
		r, err := views.Recording(ctx, by, id)
		if err != nil {
			return card, nil, err
		}
		row("接続番号", "Session", r.Session)
		when := span(r.Started, r.Ended, zone)
		card.Rows = append(card.Rows, CardRow{Label: text2("いつ", "When"), Span: &when})
		return card, r.Offers, nil
	}
	row("番号", "Number", id)
	return card, nil, nil
}
