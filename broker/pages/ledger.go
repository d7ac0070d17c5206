package pages

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// ledgerReaders may open pages of the ledger; policy says what each of them reads there.
func ledgerReaders() callers {
	readers := those(policy.Approver, policy.SecondApprover, policy.InformationSystems, policy.Auditor, policy.Administrator, policy.Attendant)
	readers.Deputies = true
	return readers
}

func ledgerRoutes() []row {
	readers := ledgerReaders()
	return []row{
		get("/ledger", staff, text2("接続台帳", "Ledger"), readers, levelOf(api.LedgerPath), (*Pages).ledger).inMenu(60),
		get("/ledger/entries", staff, text2("すべての記載", "All entries"), readers, l1, (*Pages).entries),
		get("/ledger/{n}", staff, text2("台帳の記載", "Entry of the ledger"), readers, l1, (*Pages).entry),
		get("/ledger/verify", staff, text2("台帳の検証", "Verification of the ledger"), everyStaff(), l1, (*Pages).verification),
		post("/ledger/verify", staff, text2("台帳の検証", "Verification of the ledger"), everyStaff(), l0, (*Pages).askVerify),
		get("/ledger/export", staff, text2("台帳の書き出し", "Export of the ledger"), those(policy.Auditor), l1, (*Pages).exportForm).denying(policy.ExportAuditorOnly),
		post("/ledger/export", staff, text2("台帳の書き出し", "Export of the ledger"), those(policy.Auditor), l1, (*Pages).export).denying(policy.ExportAuditorOnly),
		get("/ledger/{n}/proof", staff, text2("記載の証明", "Proof of the entry"), those(policy.Auditor), l1, (*Pages).proofForm).denying(policy.ExportAuditorOnly),
		post("/ledger/{n}/proof", staff, text2("記載の証明", "Proof of the entry"), those(policy.Auditor), l1, (*Pages).proof).denying(policy.ExportAuditorOnly),
		get("/ledger/checkpoint", staff, text2("確定点", "Checkpoint"), everyStaff(), l0, (*Pages).checkpoint),
	}
}

func ledgerPages() map[string]page {
	return map[string]page{"ledger": &LedgerPage{}, "entries": &EntriesPage{}, "entry": &EntryPage{}, "verification": &VerificationPage{}, "checkpoint": &CheckpointPage{}, "proof": &ProofPage{}}
}

// LedgerPage is the table of connections.
type LedgerPage struct {
	Frame
	Form     string // address of the printed form
	Badge    Badge
	Month    Field
	Fields   []Field
	Filtered bool
	May      bool // export
	All      bool // all entries may be shown
	Table    Table
	Rows     []LedgerRow
	Pager    Pager
}

// LedgerRow is one connection.
type LedgerRow struct {
	No        string // number of the entry
	Href      string
	Session   string
	At        Moment
	ISO       string
	System    string
	Engineer  string
	Approvals text.Text
	Attendant string
	Chip      Chip
	Minutes   text.Text
	Review    *Chip
	ReviewAt  string
}

// everyMonth in the address asks for connections of any time.
const everyMonth = "all"

func (p *Pages) ledger(v *visit) error {
	q := v.r.URL.Query()
	now := p.o.Clock().In(p.o.Zone)
	month := q.Get("month")
	if month == "" {
		month = now.Format("2006-01")
	}
	asked := view.ConnectionsAsked{System: q.Get("system"), Vendor: q.Get("vendor"), Reason: q.Get("end_cause"), Review: q.Get("review")}
	if month != everyMonth {
		from, err := time.ParseInLocation("2006-01", month, p.o.Zone)
		if err != nil {
			return fault.BadRequest("月は 2026-11 の形です", "a month is like 2026-11", nil)
		}
		asked.From, asked.To = from, from.AddDate(0, 1, 0)
	}
	list, err := p.o.Views.Connections(v.r.Context(), v.reader(), asked, v.paging())
	if err != nil {
		return err
	}
	page := &LedgerPage{Frame: v.frame(), Form: "/forms/ledger/print?month=" + url.QueryEscape(month), Badge: v.badge(), Filtered: len(q) > 0, Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("接続(新しい順)", "Connections, the newest first"),
		Columns: []text.Text{text2("番号", "No."), text2("接続日時", "Connected"), text2("接続先", "System"), text2("保守要員", "Engineer"), text2("承認(一/二)", "Approvals (1st/2nd)"),
			text2("立会", "Attendant"), text2("終了理由", "End cause"), text2("時間", "Length"), text2("点検", "Review")},
	}}
	page.May = v.mayExportLedger()
	_, own, err := p.o.Views.SeeLedger(v.r.Context(), v.reader())
	if err != nil {
		return err
	}
	page.All = !own
	page.Month = v.monthField(month, text2("すべて", "All"), everyMonth)
	page.Fields = []Field{{Key: "system", Label: text2("対象システム(番号)", "System (id)"), Control: "text", Value: asked.System}, {Key: "vendor", Label: text2("事業者(番号)", "Vendor (id)"), Control: "text", Value: asked.Vendor},
		v.causeField(asked.Reason), reviewField(asked.Review)}
	var ids []string
	for _, c := range list.Items {
		ids = append(ids, c.System, c.Engineer, c.First, c.Second, c.Attendant)
	}
	names, err := p.o.Views.Names(v.r.Context(), ids...)
	if err != nil {
		return err
	}
	for _, c := range list.Items {
		page.Rows = append(page.Rows, ledgerRow(c, names, p.o.Zone))
	}
	return v.show(page)
}

// mayExportLedger tells whether policy lets the reader take entries out of the ledger, or a form that is made from them, once a purpose is given. The
// export itself asks again.
func (v *visit) mayExportLedger() bool {
	return policy.Decide(policy.Facts{Person: v.person}, policy.Attempt{Act: policy.ActLedgerExport, Person: v.person.ID, Key: true, Factor: true, Purpose: string(policy.PeriodicReview)}, v.p.o.Clock()).Allow
}

func (v *visit) causeField(set string) Field {
	f := Field{Key: "end_cause", Label: text2("終了理由", "End cause"), Control: "select", Choices: []Choice{{Text: text2("すべて", "All")}}}
	for _, r := range policy.Reasons() {
		if n := r.Number; n >= 100 && n < 300 {
			label := r.Code.Label()
			f.Choices = append(f.Choices, Choice{Word: string(r.Code), Text: text2("["+itoa(n)+"] "+label.JA, "["+itoa(n)+"] "+label.EN), Set: string(r.Code) == set})
		}
	}
	return f
}

func reviewField(set string) Field {
	f := Field{Key: "review", Label: text2("点検", "Review"), Control: "select", Choices: []Choice{{Text: text2("すべて", "All")}, {Word: "unsigned", Text: text2("点検待ち", "Not reviewed"), Set: set == "unsigned"}}}
	for _, s := range []api.ReviewState{api.ReviewOK, api.ReviewQuestion, api.ReviewFix} {
		f.Choices = append(f.Choices, Choice{Word: string(s), Text: s.Label(), Set: string(s) == set})
	}
	return f
}

func ledgerRow(c view.Connection, names map[string]string, z *time.Location) LedgerRow {
	row := LedgerRow{Session: c.ID, At: moment(c.Created, z), ISO: c.Created.In(z).Format("2006-01-02 15:04"), System: nameIn(names, c.System), Engineer: namesIn(names, []string{c.Engineer}), Attendant: nameIn(names, c.Attendant)}
	if c.Entry >= 0 {
		row.No = strconv.FormatInt(c.Entry, 10)
		row.Href = "/ledger/" + row.No
	}
	first, second := nameIn(names, c.First), nameIn(names, c.Second)
	row.Approvals = text2(first+"/"+second, first+"/"+second)
	if c.Deputy {
		row.Approvals = text2("代決 "+first+"/"+second, "deputy "+first+"/"+second)
	}
	row.Chip = sessionChip(c.Session)
	if _, ok := policy.Lookup(policy.Reason(c.EndCause)); ok {
		row.Chip.Text = policy.Reason(c.EndCause).Label()
	}
	if c.Seconds > 0 {
		n := itoa(int(c.Seconds+59) / 60)
		row.Minutes = text2(n+"分", n+" min")
	}
	if c.Review != "" {
		row.Review, row.ReviewAt = chipOf(reviewChip(c.Review)), "/reviews/"+url.PathEscape(c.ID)
	}
	return row
}

// EntriesPage lists all entries.
type EntriesPage struct {
	Frame
	Badge   Badge
	Kind    Field
	Subject Field
	Table   Table
	Rows    []LedgerEntryRow
	Pager   Pager
}

// LedgerEntryRow is one entry of the list.
type LedgerEntryRow struct {
	No, Href string
	At       Moment
	Kind     text.Text
	Actor    string
	Subjects string
}

func (p *Pages) entries(v *visit) error {
	q := v.r.URL.Query()
	asked := view.EntriesAsked{Kind: q.Get("kind"), Subject: q.Get("subject")}
	if next := q.Get("next"); next != "" {
		n, err := strconv.ParseInt(next, 10, 64)
		if err != nil || n < 0 {
			return fault.BadRequest("番号が読めません", "not a number", nil)
		}
		asked.Before, asked.None = n, n == 0
	}
	list, err := p.o.Views.Entries(v.r.Context(), v.reader(), asked, pageItems)
	if err != nil {
		return err
	}
	page := &EntriesPage{Frame: v.frame(), Badge: v.badge(), Pager: v.pager(len(list.Items), list.Total, list.Next),
		Kind: Field{Key: "kind", Label: text2("種類(例 session.*)", "Kind (as session.*)"), Control: "text", Value: asked.Kind}, Subject: Field{Key: "subject", Label: text2("対象の番号", "Id of the subject"), Control: "text", Value: asked.Subject},
		Table: Table{Caption: text2("台帳の記載(新しい順)", "Entries, the newest first"), Columns: []text.Text{text2("番号", "No."), text2("日時", "Time"), text2("種類", "Kind"), text2("行った人", "By"), text2("対象", "About")}}}
	page.Crumbs = []Link{{text2("接続台帳", "Ledger"), "/ledger"}}
	var ids []string
	for _, e := range list.Items {
		ids = append(ids, e.Actor.ID)
	}
	names, err := p.o.Views.Names(v.r.Context(), ids...)
	if err != nil {
		return err
	}
	for _, e := range list.Items {
		no := strconv.FormatInt(e.No, 10)
		page.Rows = append(page.Rows, LedgerEntryRow{No: no, Href: "/ledger/" + no, At: moment(e.Time, p.o.Zone), Kind: kindText(e.Kind), Actor: actorText(e.Actor, names), Subjects: text.OneLine(aboutOf(e).In(v.lang), 80)})
	}
	return v.show(page)
}

// aboutOf names the subjects of an entry.
func aboutOf(e api.Entry) text.Text {
	if e.Withheld {
		return api.SaidWithheld
	}
	return text.Same(strings.Join(e.Subjects, " "))
}

// kindText is what a kind of entry is called.
func kindText(kind string) text.Text {
	return text2(ledger.KindJA(kind), kind)
}

func actorText(a api.Actor, names map[string]string) string {
	if a.Kind != "person" {
		return "関守 / Sekimori"
	}
	return namesIn(names, []string{a.ID})
}

// VerificationPage tells how the ledger stands and how others verify it.
type VerificationPage struct {
	Frame
	Badge Badge
}

func (p *Pages) verification(v *visit) error {
	if err := p.o.Views.OpenedPage(v.r.Context(), v.reader(), view.LedgerVerify); err != nil {
		return err
	}
	return v.show(&VerificationPage{Frame: v.frame(), Badge: v.badge()})
}

func (p *Pages) askVerify(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	p.o.Views.AskVerify()
	return v.to(local(v.r.PostFormValue("back"), "/ledger/verify"))
}

// CheckpointPage is a checkpoint for the section's paper file: a month's last, the one that covers an entry, or the newest.
type CheckpointPage struct {
	Frame
	CheckpointPart
	QR    QR // of the same text, for a reader that types nothing
	Note  string
	None  bool
	Early bool // the month asked for lies before the first entry
	Now   Moment
	Month Field
	Entry string
}

func (p *Pages) checkpoint(v *visit) error {
	now, q := p.o.Clock().In(p.o.Zone), v.r.URL.Query()
	page := &CheckpointPage{Frame: v.frame(), Now: moment(now, p.o.Zone), Month: v.monthField(q.Get("month"), text2("最新", "The newest"), "")}
	page.Crumbs = []Link{{text2("接続台帳", "Ledger"), "/ledger"}}
	before := now.AddDate(1, 0, 0)
	if month := q.Get("month"); month != "" {
		from, err := time.ParseInLocation("2006-01", month, p.o.Zone)
		if err != nil {
			return fault.BadRequest("月は 2026-11 の形です", "a month is like 2026-11", nil)
		}
		before = from.AddDate(0, 1, 0)
	}
	var c view.Covering
	var err error
	if entry := q.Get("entry"); entry != "" {
		n, bad := strconv.ParseInt(entry, 10, 64)
		if bad != nil || n < 0 {
			return fault.NotFound()
		}
		page.Entry = strconv.FormatInt(n, 10)
		if c, err = p.o.Views.CheckpointOf(v.r.Context(), n); errors.Is(err, store.ErrNotFound) {
			return fault.NotFound()
		}
	} else {
		c, err = p.o.Views.CheckpointBefore(v.r.Context(), before)
	}
	if errors.Is(err, store.ErrNotFound) {
		page.None, page.Early = true, q.Get("month") != ""
		return v.show(page)
	}
	if err != nil {
		return err
	}
	page.CheckpointPart, page.Note = checkpointPart(c), string(c.Note)
	if page.QR, err = drawQR(ledger.PaperText(c.Checkpoint)); err != nil {
		return err
	}
	return v.show(page)
}

// monthField offers this month and the twelve before it, and one further choice.
func (v *visit) monthField(set string, other text.Text, word string) Field {
	f := Field{Key: "month", Label: text2("期間", "Period"), Control: "select"}
	now := v.p.o.Clock().In(v.p.o.Zone)
	for i := range 13 {
		m := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, v.p.o.Zone).AddDate(0, -i, 0)
		f.Choices = append(f.Choices, Choice{Word: m.Format("2006-01"), Text: text.Month(m), Set: m.Format("2006-01") == set})
	}
	f.Choices = append(f.Choices, Choice{Word: word, Text: other, Set: set == word})
	return f
}
