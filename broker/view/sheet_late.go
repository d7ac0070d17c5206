package view

import (
	"context"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

var lateMark = text.Of("後日入力", "Entered afterwards")

// lateSheet is a form of work with the statements of the papers. The keys of a late entry's values are those of the forms' fields. A form's
// tables are empty.
func (v *Views) lateSheet(ctx context.Context, by Reader, k FormKind, id string) (*sheet.Sheet, error) {
	e, err := v.LateEntry(ctx, by, id)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(e.FormKinds, k.Key) {
		return nil, store.ErrNotFound
	}
	var values map[string]sheet.Cell
	var own []sheet.Field
	var said text.Text
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		n := naming{s: s}
		values, own, said = v.lateValues(&n, e)
		return n.err
	})
	if err != nil {
		return nil, err
	}
	out := &sheet.Sheet{No: text.Same(e.ID), Marks: []text.Text{lateMark}, Notes: []text.Text{said}}
	for _, p := range k.blank() {
		for i := range p.Fields {
			p.Fields[i].Cell = values[p.Fields[i].Key]
		}
		if p.Table != nil {
			p.Table.Empty = text.Of("用紙を参照", "See the paper")
		}
		out.Parts = append(out.Parts, p)
	}
	out.Parts = append(out.Parts, sheet.Part{Key: "late", Title: lateMark, Fields: own[1:]}) // its number stands at the top
	return out, nil
}

// lateValues are the values by the keys of forms, those of the entry itself, and the sentence about its origin.
func (v *Views) lateValues(n *naming, e api.LateEntry) (values map[string]sheet.Cell, own []sheet.Field, said text.Text) {
	var engineers []string
	for _, id := range e.Engineers {
		engineers = append(engineers, nameAndID(n.person(id)))
	}
	system := e.System
	if sys, err := n.s.System(e.System); err == nil {
		system = sys.Name
	} else {
		n.note(err)
	}
	vendor := spelled(nameAndID(n.vendor(e.Vendor)))
	values = map[string]sheet.Cell{
		"vendor": vendor, "employer": vendor, "purpose": spelled(e.Purpose), "system": sheet.Text(system), "targets": spelled(e.Targets), "account": spelled(e.Account),
		"start": sheet.At(e.From), "end": sheet.At(e.Until), "performed_from": sheet.At(e.From), "performed_until": sheet.At(e.Until), "engineers": lines(engineers),
		"attendant": spelled(titled(n.person(e.Attendant))), "done": spelled(e.Done), "deviation": spelled(e.Deviation), "remarks": spelled(e.Remarks),
	}
	enterer, decider := titled(n.person(e.EnteredBy)), titled(n.person(e.DecidedBy))
	field := func(key, ja, en string, kind sheet.Kind, c sheet.Cell) {
		own = append(own, sheet.NewField(key, text.Of(ja, en), kind, c))
	}
	field("late_entry", "後日入力の番号", "Late entry", sheet.Words, sheet.Text(e.ID))
	field("late_state", "状態", "State", sheet.Code, sheet.Coded(e.State, policy.LateState(e.State).Label()))
	field("forms", "用紙番号", "Papers", sheet.Words, lines(e.Forms))
	field("approver", "用紙で承認した人", "Approved on paper by", sheet.Words, spelled(titled(n.person(e.Approver))))
	field("kept_at", "用紙の保管場所", "Paper kept at", sheet.Words, spelled(e.KeptAt))
	field("entered_at", "入力日時", "Entered at", sheet.Time, sheet.At(e.EnteredAt))
	field("entered_by", "入力した人", "Entered by", sheet.Words, sheet.Text(enterer))
	field("decided_at", "確認日時", "Confirmed at", sheet.Time, sheet.At(e.DecidedAt))
	field("decided_by", "確認した人", "Confirmed by", sheet.Words, spelled(decider))
	return values, own, lateSaid(e, enterer, decider)
}

// lateSaid tells where an entry comes from, wherever it is shown.
func lateSaid(e api.LateEntry, enterer, decider string) text.Text {
	day, papers := text.Day(e.EnteredAt), strings.Join(e.Forms, "、")
	said := text.Of("後日入力: "+day.JA+"に"+enterer+"が用紙 "+papers+" から入力しました。", "Entered afterwards on "+day.EN+" by "+enterer+" from paper "+strings.Join(e.Forms, ", ")+".")
	switch policy.LateState(e.State) {
	case policy.LateConfirmed:
		on := text.Day(e.DecidedAt)
		return text.Of(said.JA+on.JA+"に"+decider+"が用紙と見比べて確認しました。", said.EN+" Compared with the paper and confirmed on "+on.EN+" by "+decider+".")
	case policy.LateRejected:
		return text.Of(said.JA+"却下されました。", said.EN+" It was rejected.")
	}
	return text.Of(said.JA+"まだ別の人が確認していません。", said.EN+" No other person has confirmed it yet.")
}

// LateSaid tells where a late entry comes from.
func (v *Views) LateSaid(ctx context.Context, e api.LateEntry) (said text.Text, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		n := naming{s: s}
		said = lateSaid(e, titled(n.person(e.EnteredBy)), titled(n.person(e.DecidedBy)))
		return n.err
	})
	return said, err
}

// latePart is the part of form 5.2 with the late entries of a month, which are no connections and are counted apart. ok: there are any.
func (v *Views) latePart(ctx context.Context, by Reader, from, to time.Time) (part sheet.Part, ok bool, err error) {
	columns := []sheet.Column{
		column("late_entry", "番号", "No.", sheet.Words, 3), column("forms", "用紙番号", "Papers", sheet.Words, 3), column("state", "状態", "State", sheet.Code, 3), column("system", "対象システム", "System", sheet.Words, 4),
		column("targets", "接続先", "Targets", sheet.Words, 3), column("account", "作業用アカウント", "Account", sheet.Words, 3), column("vendor", "保守事業者", "Vendor", sheet.Words, 4),
		column("engineers", "保守要員", "Engineers", sheet.Words, 4), column("approver", "承認(用紙)", "Approved on paper", sheet.Words, 4), column("attendant", "立会者", "Attendant", sheet.Words, 4),
		column("from", "開始", "Start", sheet.Time, 4), column("until", "終了", "End", sheet.Time, 4), column("minutes", "時間(分)", "Minutes", sheet.Number, 2), column("done", "実施内容", "Done", sheet.Words, 8),
		column("entered_by", "入力した人", "Entered by", sheet.Words, 4), column("entered_at", "入力日時", "Entered at", sheet.Time, 4), column("decided_by", "確認した人", "Confirmed by", sheet.Words, 4), column("decided_at", "確認日時", "Confirmed at", sheet.Time, 4),
	}
	for i := range columns {
		if i >= 10 {
			columns[i].Deck = 1
		}
	}
	var rows [][]sheet.Cell
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		sight, err := lateSight(s, by.Person)
		if err != nil || sight.Nothing() {
			return err
		}
		all, err := s.LateEntries(store.LateEntryFilter{Sight: &sight, From: from, To: to})
		if err != nil {
			return err
		}
		n := naming{s: s}
		for _, row := range all {
			if row.State == policy.LateRejected {
				continue
			}
			e := v.late(row)
			of, own, _ := v.lateValues(&n, e)
			by := map[string]sheet.Cell{}
			for _, f := range own {
				by[f.Key] = f.Cell
			}
			minutes := sheet.Count(int64((e.Until.Sub(e.From) + time.Minute - 1) / time.Minute))
			rows = append(rows, []sheet.Cell{by["late_entry"], by["forms"], by["late_state"], of["system"], of["targets"], of["account"], of["vendor"], of["engineers"], by["approver"], of["attendant"],
				of["start"], of["end"], minutes, of["done"], by["entered_by"], by["entered_at"], by["decided_by"], by["decided_at"]})
		}
		return n.err
	})
	part = sheet.Part{Key: "late", Title: text.Of("後日入力(手書きの用紙から。接続とは別に数えます)", "Entered afterwards from paper (counted apart from connections)"), Table: &sheet.Table{Columns: columns, Rows: sheet.Rows(rows...)}}
	return part, len(rows) > 0, err
}
