package pages

import (
	"sekimori/broker/api"
	"sekimori/broker/request"
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// RequestPrint is form 5.1, the application on paper.
type RequestPrint struct {
	Frame
	Form      string // address of the same as PDF; empty: not here
	No        text.Text
	Printed   Moment
	Filed     Moment
	Chip      Chip
	Addressed string
	Parts     []PrintPart
	Items     []ItemRow
	Changes   []DifferenceRow
	First     bool
	Decisions []DecisionRow
	Notice    int
}

// PrintPart is one numbered part of the form.
type PrintPart struct {
	Title text.Text
	Rows  []LabelledText
}

// printParts are the parts of the form with the fields of each, in their order.
var printParts = []struct {
	title text.Text
	keys  []string
}{
	{text2("1 作業", "1 Work"), []string{"work_type", "purpose", "fault_no", "likely_cause", "phone_triage", "procedure", "rollback", "contract_no"}},
	{text2("2 接続先と権限", "2 Targets and rights"), []string{"accounts", "extra_rights", "extra_reason", "root_reason"}},
	{text2("3 日時", "3 Time"), []string{"recurrence", "occurrences", "staff_downtime", "urgent", "series"}},
	{text2("4 作業する人", "4 Engineers"), []string{"phone", "person_limit"}},
	{text2("5 情報の扱い", "5 Data handling"), []string{"personal_data", "individual_number", "individual_reason", "files", "file_direction", "files_detail", "drill", "clauses_told", "recording_told"}},
}

// requestPrint shows the form. The look is ledgered, as that of the request is.
func (p *Pages) requestPrint(v *visit) error {
	no := v.r.PathValue("no")
	k, err := p.o.Views.Check(v.r.Context(), v.reader(), no)
	if err != nil {
		return err
	}
	r := k.Whole
	b, err := p.o.Views.Brief(v.r.Context(), r)
	if err != nil {
		return err
	}
	page := &RequestPrint{Frame: v.frame(), No: text.Request(no), Printed: moment(p.o.Clock(), p.o.Zone), Filed: moment(r.Created, p.o.Zone),
		Chip: requestChip(r.State), Addressed: p.o.House.Institution, Items: itemRows(k, nil, r), Changes: differenceRows(k), First: k.First,
		Decisions: v.decisions(r, b), Notice: p.o.House.Notice.Version}
	page.Crumbs = []Link{{text2("申請一覧", "Requests"), "/requests"}, {requestTitle(no), "/requests/" + no}}
	if v.site == staff {
		page.Form = printPath("request", no)
	}
	for _, part := range printParts {
		page.Parts = append(page.Parts, PrintPart{part.title, v.rowsOf(r.Body, part.keys)})
	}
	add := func(part int, label text.Text, value string) {
		if value != "" {
			page.Parts[part].Rows = append([]LabelledText{{Label: label, Value: value, Lines: []string{value}}}, page.Parts[part].Rows...)
		}
	}
	card := v.briefCard(r, b)
	add(0, text2("責任を負う事業者", "Responsible company"), b.Responsible.Name)
	add(0, text2("保守事業者", "Vendor"), b.Vendor.Name)
	add(0, text2("申請者", "Requester"), b.Requester.Name)
	add(1, text2("対象システム・接続先", "System and targets"), card.Rows[2].Text.In(v.lang))
	add(2, text2("開始・終了", "Start and end"), text.Span(r.Start.In(p.o.Zone), r.End.In(p.o.Zone)).In(v.lang))
	for _, e := range b.Engineers {
		add(3, text2("保守要員", "Engineer"), e.Name+"("+e.ID+")")
	}
	add(3, text2("立会者", "Attendant"), attendantText(b).In(v.lang))
	return v.show(page)
}

// rowsOf are the fields of the keys that have a value, in the order of the keys.
func (v *visit) rowsOf(body request.Body, keys []string) []LabelledText {
	all := map[string]LabelledText{}
	for _, row := range v.requestRows(api.Request{Body: body}, view.Brief{}) {
		all[row.Key] = row
	}
	var out []LabelledText
	for _, key := range keys {
		if row, ok := all[key]; ok {
			out = append(out, row)
		}
	}
	return out
}
