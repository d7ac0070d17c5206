package view

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/lateentry"
	"sekimori/broker/ledger"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// FormKind is one of the institution's forms (screens §5).
type FormKind struct {
	Key  string // in addresses and commands
	Name text.Text
	Wide bool // A4 landscape

	Of text.Text // name of the operand by which its subject is given, with an example; empty: it is of a month

	file  string      // begins the names of its files
	month bool        // it is of a month, and not of one thing
	seals []text.Text // frames to be stamped, where the institution has such
	boxes []text.Text // 決裁欄, in blank forms
	read  func(v *Views, ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error)
	blank func() []sheet.Part // the form without values; nil: it is not written by hand
}

// OfMonth tells whether the form is of a month. Other forms are of one thing, which an id names.
func (k FormKind) OfMonth() bool { return k.month }

// ByHand tells whether the form is printed without values, to be written by hand.
func (k FormKind) ByHand() bool { return k.blank != nil }

// FormAsked is the form that is asked for.
type FormAsked struct {
	Form string
	ID   string    // of the thing
	From time.Time // first day of the month, for forms of a month
}

var sealedBy = []text.Text{text.Of("所管課長", "Head of section"), text.Of("情報システム課", "IS section")}

// decisionBoxes are the frames of 決裁欄.
var decisionBoxes = []text.Text{text.Of("課長", "Head"), text.Of("第二", "Second"), text.Of("後閲", "Seen after")}

// formKinds are the forms in the order of screens §5.
func formKinds() []FormKind {
	return []FormKind{
		{Key: "request", Name: text.Of("リモート保守作業申請書", "Remote maintenance request"), Of: text.Of("申請番号(例 R8-0124)", "a request, as R8-0124"), file: "hoshu-shinsei", read: (*Views).requestSheet, boxes: decisionBoxes, blank: blankOf(requestParts(), requestRows())},
		{Key: "ledger", Name: text.Of("接続台帳", "Ledger of connections"), file: "setsuzoku-daicho", Wide: true, month: true, seals: sealedBy, read: (*Views).ledgerSheet, blank: blankLedger},
		{Key: "work-report", Name: text.Of("作業報告書", "Work report"), Of: text.Of("作業報告書の番号(例 W-0001)", "a work report, as W-0001"), file: "sagyo-hokoku", read: (*Views).reportSheet, blank: blankOf(reportParts, reportRows())},
		{Key: "attendance", Name: text.Of("立会確認書", "Attendance record"), Of: text.Of("時間枠の番号(例 R8-0124-1)", "a window, as R8-0124-1"), file: "tachiai-kakunin", read: (*Views).attendanceSheet, blank: blankOf(attendanceParts(), attendanceRows())},
		{Key: "reviews", Name: text.Of("点検報告書", "Review report"), file: "tenken-hokoku", month: true, seals: sealedBy, read: (*Views).reviewsSheet, blank: blankOf(reviewsParts(), reviewsRows())},
		{Key: "vendor", Name: text.Of("保守事業者監督記録", "Vendor supervision record"), Of: text.Of("保守事業者の番号(例 V-012)", "a vendor, as V-012"), file: "kantoku-kiroku", read: (*Views).vendorSheet, blank: blankOf(vendorParts(), vendorRows())},
		{Key: "annual", Name: text.Of("年次報告", "Annual report"), Of: text.Of("年度(例 R8)", "a fiscal year, as R8"), file: "nenji-hokoku", read: (*Views).annualSheet},
		{Key: ReceiptForm, Name: text.Of("操作記録廃棄証明書", "Receipt of a recording's disposal"), file: "haiki-shomei", read: (*Views).receiptSheet},
	}
}

// Forms lists the forms.
func Forms() []FormKind { return formKinds() }

// FormOf finds a form by its key.
func FormOf(key string) (FormKind, bool) {
	all := formKinds()
	i := slices.IndexFunc(all, func(k FormKind) bool { return k.Key == key })
	if i < 0 {
		return FormKind{}, false
	}
	return all[i], true
}

// Form reads a form with its values. The look is ledgered as that of the thing itself. Errors: those of the thing's own look;
// store.ErrNotFound for an unknown form.
func (v *Views) Form(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	k, ok := FormOf(a.Form)
	if !ok {
		return nil, store.ErrNotFound
	}
	read := k.read
	if lateentry.Is(a.ID) && k.ByHand() && !k.month {
		read = func(v *Views, ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
			return v.lateSheet(ctx, by, k, a.ID)
		}
	}
	s, err := read(v, ctx, by, a)
	if err != nil {
		return nil, err
	}
	v.dress(s, k)
	return s, nil
}

// BlankForm is a form to be filled in by hand while the system is down: 手書き用. It shows no one's data. Each print has a number, to which a
// late entry refers; the number is ledgered.
func (v *Views) BlankForm(ctx context.Context, by Reader, key string) (*sheet.Sheet, error) {
	k, ok := FormOf(key)
	if !ok || !k.ByHand() {
		return nil, store.ErrNotFound
	}
	var no string
	err := v.o.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if no, err = tx.AddBlankForm(k.Key, by.ID); err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "form.blank-printed", Actor: by.actor(), Subjects: []string{no, by.ID}, Payload: map[string]string{"paper": no, "form": k.Key}})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("number a form for handwriting: %w", err)
	}
	s := &sheet.Sheet{No: text.Of("用紙番号 "+no, "Paper "+no), Blank: true, Marks: []text.Text{text.Of("手書き用", "For handwriting")}, Parts: k.blank()}
	for _, title := range k.boxes {
		s.Decided = append(s.Decided, sheet.Decided{Title: title})
	}
	v.dress(s, k)
	s.Notes = append(s.Notes, text.Of("復旧したら、この用紙の内容を関守に後日入力し(用紙番号 "+no+")、用紙は保管してください。", "When the system is back, enter this paper afterwards (paper "+no+"), and keep it."))
	return s, nil
}

// dress gives a sheet what all have.
func (v *Views) dress(s *sheet.Sheet, k FormKind) {
	s.Key, s.Name, s.Wide = k.file, k.Name, k.Wide
	if v.o.Seals {
		s.Seals = k.seals
	}
	s.Printed, s.Version, s.Addressed = v.o.Clock().In(v.o.Zone), v.o.Version, v.o.Institution
}

// FileYear is the second part of a form's file name: the thing's number, or the fiscal year of the month.
func (a FormAsked) FileYear() string {
	if a.ID != "" {
		return a.ID
	}
	if a.From.IsZero() {
		return ""
	}
	return sheet.Fiscal(a.From)
}

// formRow is one field of a form: its place, and how its value is read from the thing. Print page, PDF, workbook and CSV follow these rows.
type formRow[T any] struct {
	part  string
	key   string
	ja    string
	en    string
	kind  sheet.Kind
	value func(T) sheet.Cell
}

// formPart is a part of a form. columns: it has a table, whose rows are read by rows.
type formPart[T any] struct {
	key     string
	ja, en  string
	columns []sheet.Column
	rows    func(T) [][]sheet.Cell
}

var none = text.Of("無", "none")

// filled gives the parts of a form with the values of a thing.
func filled[T any](parts []formPart[T], rows []formRow[T], of T) []sheet.Part {
	var out []sheet.Part
	for _, p := range parts {
		one := sheet.Part{Key: p.key, Title: text.Of(p.ja, p.en)}
		for _, r := range rows {
			if r.part == p.key {
				one.Fields = append(one.Fields, sheet.NewField(r.key, text.Of(r.ja, r.en), r.kind, r.value(of)))
			}
		}
		if p.columns != nil {
			one.Table = &sheet.Table{Columns: p.columns, Rows: sheet.Rows(p.rows(of)...), Empty: none}
		}
		out = append(out, one)
	}
	return out
}

// blankOf gives the parts of a form without values.
func blankOf[T any](parts []formPart[T], rows []formRow[T]) func() []sheet.Part {
	return func() []sheet.Part {
		var out []sheet.Part
		for _, p := range parts {
			one := sheet.Part{Key: p.key, Title: text.Of(p.ja, p.en)}
			for _, r := range rows {
				if r.part == p.key {
					one.Fields = append(one.Fields, sheet.NewField(r.key, text.Of(r.ja, r.en), r.kind, sheet.Cell{}))
				}
			}
			if p.columns != nil {
				one.Table = &sheet.Table{Columns: p.columns, Rows: sheet.Rows()}
			}
			out = append(out, one)
		}
		return out
	}
}

func column(key, ja, en string, kind sheet.Kind, share int) sheet.Column {
	return sheet.Column{Key: key, Label: text.Of(ja, en), Kind: kind, Share: share}
}

// lines is a value of several lines; without any it is 無.
func lines(list []string) sheet.Cell {
	if len(list) == 0 {
		return sheet.Said(none)
	}
	return sheet.Text(strings.Join(list, "\n"))
}

func nameAndID(n Named) string {
	if n.Name == "" || n.Name == n.ID {
		return n.ID
	}
	return n.Name + "(" + n.ID + ")"
}

// spelled is a text that may be missing.
func spelled(s string) sheet.Cell {
	if s == "" {
		return sheet.Said(none)
	}
	return sheet.Text(s)
}

// lastDay is the last day of a time that ends before an instant.
func lastDay(end time.Time) sheet.Cell {
	if end.IsZero() {
		return sheet.Cell{}
	}
	return sheet.On(end.Add(-1))
}
