package main

import (
	"fmt"
	"strings"

	"sekimori/broker/api"
	"sekimori/policy"
)

func (p *program) lateFields() []column[api.LateEntry] {
	return []column[api.LateEntry]{
		{"番号", "ID", func(v api.LateEntry) string { return v.ID }},
		{"状態", "STATE", func(v api.LateEntry) string { return word(p, policy.LateState(v.State)) }},
		{"開始", "FROM", func(v api.LateEntry) string { return stamp(v.From) }},
		{"終了", "UNTIL", func(v api.LateEntry) string { return stamp(v.Until) }},
		{"対象システム", "SYSTEM", func(v api.LateEntry) string { return v.System }},
		{"用紙番号", "PAPERS", func(v api.LateEntry) string { return strings.Join(v.Forms, ", ") }},
		{"入力日時", "ENTERED AT", func(v api.LateEntry) string { return stamp(v.EnteredAt) }},
		{"入力した人", "ENTERED BY", func(v api.LateEntry) string { return p.named(v.EnteredBy) }},
		{"保守事業者", "VENDOR", func(v api.LateEntry) string { return v.Vendor }},
		{"保守要員", "ENGINEERS", func(v api.LateEntry) string {
			var all []string
			for _, id := range v.Engineers {
				all = append(all, p.named(id))
			}
			return strings.Join(all, ", ")
		}},
		{"接続先", "TARGETS", func(v api.LateEntry) string { return v.Targets }},
		{"作業用アカウント", "ACCOUNT", func(v api.LateEntry) string { return v.Account }},
		{"用紙で承認した人", "APPROVED BY", func(v api.LateEntry) string { return p.named(v.Approver) }},
		{"立会者", "ATTENDANT", func(v api.LateEntry) string { return p.named(v.Attendant) }},
		{"目的", "PURPOSE", func(v api.LateEntry) string { return v.Purpose }},
		{"実施内容", "DONE", func(v api.LateEntry) string { return v.Done }},
		{"申請との相違と理由", "DEVIATION", func(v api.LateEntry) string { return v.Deviation }},
		{"気付いたこと", "REMARKS", func(v api.LateEntry) string { return v.Remarks }},
		{"用紙の保管場所", "KEPT AT", func(v api.LateEntry) string { return v.KeptAt }},
		{"この間の台帳の記載", "LEDGER THEN", func(v api.LateEntry) string { return fmt.Sprint(v.Entries) }},
		{"確認・却下した人", "DECIDED BY", func(v api.LateEntry) string { return p.named(v.DecidedBy) }},
		{"確認・却下の日時", "DECIDED AT", func(v api.LateEntry) string { return stamp(v.DecidedAt) }},
		{"その理由", "REASON", func(v api.LateEntry) string { return v.Reason }},
	}
}

// lateDone tells how an act left an entry.
func (p *program) lateDone(v api.LateEntry) error {
	return p.done(v, fmt.Sprintf("後日入力 %s: %s", v.ID, word(p, policy.LateState(v.State))), fmt.Sprintf("late entry %s: %s", v.ID, word(p, policy.LateState(v.State))))
}
