package view

import (
	"context"
	"fmt"

	"sekimori/broker/api"
	"sekimori/broker/papers"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// vendorForm is what form 5.6 shows.
type vendorForm struct {
	api.VendorPage
	names map[string]string
}

func (v *Views) vendorSheet(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	page, err := v.VendorPage(ctx, by, a.ID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, s := range page.Suspensions {
		ids = append(ids, s.By, s.Subject)
	}
	for _, p := range page.Papers {
		ids = append(ids, p.Person)
	}
	names, err := v.Names(ctx, append(ids, page.Subcontractors...)...)
	if err != nil {
		return nil, err
	}
	s := &sheet.Sheet{No: text.Same(page.Vendor.ID), Parts: filled(vendorParts(), vendorRows(), vendorForm{page, names})}
	s.Notes, err = v.requestNotes(ctx, page.Vendor.ID)
	return s, err
}

func vendorParts() []formPart[vendorForm] {
	paper := func(of ...store.PaperKind) func(vendorForm) [][]sheet.Cell {
		return func(x vendorForm) [][]sheet.Cell { return x.papersOf(of) }
	}
	columns := []sheet.Column{column("paper", "番号", "No.", sheet.Words, 2), column("kind", "種類", "Kind", sheet.Code, 3), column("name", "名称・年度", "Name, year", sheet.Words, 4),
		column("from", "から", "From", sheet.Day, 3), column("until", "まで", "Until", sheet.Day, 3), column("state", "状態", "State", sheet.Code, 2), column("copy", "写し", "Copy", sheet.Flag, 2)}
	return []formPart[vendorForm]{
		{key: "vendor", ja: "保守事業者", en: "Vendor"},
		{key: "special_clauses", ja: "契約・特記事項", en: "Contract and special clauses", rows: paper(store.PaperContract, store.PaperSpecialClauses), columns: columns},
		{key: "certifications", ja: "認証と期限", en: "Certifications", rows: paper(store.PaperCertification), columns: columns},
		{key: "audit_reports", ja: "監査報告書の受領", en: "Audit reports", rows: paper(store.PaperAuditReport), columns: columns},
		{key: "subcontracts", ja: "再委託の承認", en: "Subcontracts", rows: paper(store.PaperSubcontract), columns: columns},
		{key: "pledges", ja: "誓約書の写し・教育", en: "Pledges and training", rows: vendorForm.people, columns: []sheet.Column{
			column("engineer", "保守要員", "Engineer", sheet.Words, 4), column("state", "状態", "State", sheet.Code, 2), column("pledge_copy", "誓約書の写し", "Pledge copy", sheet.Flag, 2), column("trained_on", "教育", "Trained on", sheet.Day, 3)}},
		{key: "suspensions", ja: "停止・凍結の履歴", en: "Suspensions", rows: vendorForm.stops, columns: []sheet.Column{
			column("since", "から", "Since", sheet.Time, 4), column("until", "まで", "Until", sheet.Time, 4), column("kind", "区分", "Kind", sheet.Code, 2), column("subject", "対象", "Subject", sheet.Words, 3), column("reason", "理由", "Reason", sheet.Words, 4)}},
	}
}

func vendorRows() []formRow[vendorForm] {
	type f = vendorForm
	return []formRow[f]{
		{"vendor", "vendor", "事業者", "Vendor", sheet.Words, func(x f) sheet.Cell { return sheet.Text(nameAndID(Named{ID: x.Vendor.ID, Name: x.Vendor.Name})) }},
		{"vendor", "standing", "状態", "Standing", sheet.Code, func(x f) sheet.Cell { return sheet.Coded(x.State, papers.State(x.State).Label()) }},
		{"vendor", "contract_from", "契約期間(から)", "Contract from", sheet.Day, func(x f) sheet.Cell { return sheet.On(x.ContractFrom) }},
		{"vendor", "contract_until", "契約期間(まで)", "Contract until", sheet.Day, func(x f) sheet.Cell { return lastDay(x.ContractUntil) }},
		{"vendor", "responsible_party", "責任を負う事業者", "Responsible company", sheet.Words, func(x f) sheet.Cell {
			if x.Prime == "" {
				return sheet.Text(nameAndID(Named{ID: x.Vendor.ID, Name: x.Vendor.Name}))
			}
			return sheet.Text(nameAndID(Named{ID: x.Prime, Name: x.PrimeName}))
		}},
		{"vendor", "subcontractors", "再委託先", "Subcontractors", sheet.Words, func(x f) sheet.Cell {
			var all []string
			for _, id := range x.Subcontractors {
				all = append(all, nameAndID(Named{ID: id, Name: x.names[id]}))
			}
			return lines(all)
		}},
		{"vendor", "pledges", "誓約書の写し(人数/対象)", "Pledge copies (of people)", sheet.Words, func(x f) sheet.Cell {
			n := 0
			for _, e := range x.Engineers {
				if e.PledgeCopy {
					n++
				}
			}
			return sheet.Text(fmt.Sprintf("%d/%d", n, len(x.Engineers)))
		}},
	}
}

func (x vendorForm) papersOf(kinds []store.PaperKind) (out [][]sheet.Cell) {
	for _, k := range kinds {
		for _, p := range x.Papers {
			if p.Kind != string(k) || p.Replaced {
				continue
			}
			name := sheet.Text(p.Name)
			if p.FiscalYear != 0 {
				name = sheet.Said(text.Of(fmt.Sprintf("%d年度 %s", p.FiscalYear, p.Name), fmt.Sprintf("fiscal %d %s", p.FiscalYear, p.Name)))
			}
			out = append(out, []sheet.Cell{sheet.Text(p.ID), sheet.Coded(p.Kind, k.Label()), name, sheet.On(p.From), lastDay(p.Until), sheet.Coded(p.State, store.PaperState(p.State).Label()), sheet.YesNo(p.Copy != nil)})
		}
	}
	return out
}

func (x vendorForm) people() (out [][]sheet.Cell) {
	for _, e := range x.Engineers {
		out = append(out, []sheet.Cell{sheet.Text(nameAndID(Named{ID: e.Person.ID, Name: e.Person.Name})), sheet.Coded(e.State, papers.State(e.State).Label()), sheet.YesNo(e.PledgeCopy), sheet.On(e.Trained)})
	}
	return out
}

var suspensionKinds = map[string]text.Text{"lock": text.Of("利用停止", "locked"), "freeze": text.Of("緊急凍結", "frozen")}

func (x vendorForm) stops() (out [][]sheet.Cell) {
	for _, s := range x.Suspensions {
		out = append(out, []sheet.Cell{sheet.At(s.Since), sheet.At(s.Lifted), sheet.Coded(s.Kind, text.Label(suspensionKinds, s.Kind)), sheet.Text(nameAndID(Named{ID: s.Subject, Name: x.names[s.Subject]})), sheet.Text(s.Reason)})
	}
	return out
}
