package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/freeze"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// incidentRoutes are the pages of freezes and drills (screens §3.9).
func incidentRoutes() []row {
	list, press, one := text2("緊急凍結", "Freeze"), text2("緊急凍結", "Freeze"), text2("凍結", "Freeze")
	return []row{
		get("/incidents", staff, list, everyStaff(), levelOf(api.Freezes), (*Pages).incidents).inMenu(64),
		get("/incidents/freeze", staff, press, everyStaff(), l1, (*Pages).freezeForm),
		post("/incidents/freeze", staff, press, everyStaff(), l1, (*Pages).freezeNow),
		get("/incidents/{id}", staff, one, everyStaff(), l1, (*Pages).incident),
		get("/incidents/{id}/timeline", staff, text2("事案の経過", "Timeline of the incident"), ledgerReaders(), l1, (*Pages).incidentTimeline),
		get("/incidents/{id}/export", staff, text2("証拠一式の書き出し", "Export of the evidence bundle"), those(policy.Auditor), l1, (*Pages).incidentExportForm).denying(policy.ExportAuditorOnly),
		post("/incidents/{id}/export", staff, text2("証拠一式の書き出し", "Export of the evidence bundle"), those(policy.Auditor), l2, (*Pages).incidentExport).denying(policy.ExportAuditorOnly),
	}
}

func incidentPages() map[string]page {
	return map[string]page{"incidents": &IncidentsPage{}, "freeze": &FreezePage{}, "incident": &IncidentPage{}, "incidenttimeline": &IncidentTimelinePage{}, "incidentexport": &IncidentExportPage{}}
}

// IncidentsPage lists freezes and drills.
type IncidentsPage struct {
	Frame
	Table Table
	Rows  []IncidentRow
	Pager Pager

	Freezes, Drills int // all of them, on every page of the list
}

// IncidentRow is one freeze or drill.
type IncidentRow struct {
	ID, Href  string
	Chip      Chip
	Drill     bool
	Scope     text.Text
	By        string
	Since     Moment
	Cut, Held int
	Reason    string
}

var freezeLooks = map[api.FreezeState]look{
	api.FreezeFrozen: {"hexagon", "frozen"}, api.FreezeLiftOne: {"hexagon-half", "frozen"}, api.FreezeLifted: {"dash", "waiting"},
	api.FreezeDrillAsked: {"clock", "waiting"}, api.FreezeDrillLapsed: {"dash", "waiting"},
}

func freezeChip(state string) Chip {
	s := api.FreezeState(state)
	return chip(s.Label(), freezeLooks[s])
}

// frozenScope says what a freeze covers, with the name of the vendor or system.
func frozenScope(f api.Freeze, names func(string) string) text.Text {
	said, subject := policy.FreezeScope(f.Scope).Label(), f.Subject
	if subject == "" {
		return said
	}
	if f.System != "" {
		return text2(said.JA+" "+names(subject)+"("+names(f.System)+" の上だけ)", said.EN+" "+names(subject)+" (on "+names(f.System)+" only)")
	}
	return text2(said.JA+" "+names(subject), said.EN+" "+names(subject))
}

func (p *Pages) incidents(v *visit) error {
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.Freezes)); err != nil {
		return err
	}
	list, err := p.o.Views.Freezes(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &IncidentsPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("凍結と訓練(続いているものが先)", "Freezes and drills; those in force first"),
		Columns: []text.Text{text2("番号", "Number"), text2("状態", "State"), text2("範囲", "Scope"), text2("凍結した人", "By"), text2("日時", "Since"), text2("切断", "Cut"), text2("証拠の保全", "Evidence kept"), text2("理由", "Reason")},
	}}
	if page.Freezes, page.Drills, err = p.o.Views.CountIncidents(v.r.Context()); err != nil {
		return err
	}
	var ids []string
	for _, f := range list.Items {
		ids = append(ids, f.Subject, f.System, f.By)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	for _, f := range list.Items {
		page.Rows = append(page.Rows, IncidentRow{ID: f.ID, Href: "/incidents/" + url.PathEscape(f.ID), Chip: freezeChip(f.State), Drill: f.Drill, Scope: frozenScope(f, names),
			By: names(f.By), Since: moment(f.Since, p.o.Zone), Cut: f.Cut, Held: f.Held, Reason: text.OneLine(f.Reason, 60)})
	}
	return v.show(page)
}

// FreezePage is the form that stops at once. It asks for no confirmation; the reason may follow.
type FreezePage struct {
	Frame
	Scopes  []FreezeScope
	Systems []FreezeScope // on which alone a vendor may be stopped
	Reason  string
	AsDrill bool
	Locks   string // where one person can be locked instead
}

// FreezeScope is one choice of the form: everything, a vendor or a system.
type FreezeScope struct {
	Value string // scope and subject, as one word
	Text  text.Text
	Set   bool
}

func (p *Pages) freezeForm(v *visit) error {
	if err := p.o.Views.OpenedPage(v.r.Context(), v.reader(), view.FreezeForm); err != nil {
		return err
	}
	page, err := v.freezePage()
	if err != nil {
		return err
	}
	return v.show(page)
}

// freezePage lists what can be frozen, with what is live there now. The address the person came from says the narrowest scope.
func (v *visit) freezePage() (*FreezePage, error) {
	page := &FreezePage{Frame: v.frame(), Locks: "/vendors"}
	chosen := v.r.FormValue("scope")
	for _, scope := range []string{"vendor", "system"} {
		if id := v.r.URL.Query().Get(scope); id != "" && chosen == "" {
			chosen = scope + " " + id
		}
	}
	if v.r.Method == http.MethodPost {
		page.Reason, page.AsDrill = v.r.PostFormValue("reason"), v.r.PostFormValue("drill") != ""
	}
	err := v.p.o.DB.Read(v.r.Context(), func(s *store.Snap) error {
		live, err := s.Sessions(store.SessionFilter{Live: true, Limit: 1000})
		if err != nil {
			return fmt.Errorf("read live sessions: %w", err)
		}
		now := s.Now.In(v.p.o.Zone)
		midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, v.p.o.Zone).AddDate(0, 0, 1)
		today, err := s.Windows(store.WindowFilter{EndAfter: s.Now, StartBefore: midnight, States: []policy.WindowState{policy.WindowScheduled, policy.WindowAttended, policy.WindowPermitted}, Limit: 1000})
		if err != nil {
			return fmt.Errorf("read today's windows: %w", err)
		}
		vendors, err := s.Vendors()
		if err != nil {
			return fmt.Errorf("read vendors: %w", err)
		}
		systems, err := s.Systems()
		if err != nil {
			return fmt.Errorf("read systems: %w", err)
		}
		atVendor, atSystem := map[string]int{}, map[string]int{}
		for _, one := range live {
			atVendor[one.Vendor]++
			atSystem[one.System]++
		}
		add := func(value string, said text.Text, n int) {
			page.Scopes = append(page.Scopes, FreezeScope{Value: value, Set: value == chosen,
				Text: text2(fmt.Sprintf("%s(接続中 %d件)", said.JA, n), fmt.Sprintf("%s (%d connected)", said.EN, n))})
		}
		for _, one := range vendors {
			add("vendor "+one.ID, text2("この保守事業者 "+one.Name, "this vendor: "+one.Name), atVendor[one.ID])
		}
		on := v.r.FormValue("on")
		for _, one := range systems {
			page.Systems = append(page.Systems, FreezeScope{Value: one.ID, Text: text.Same(one.Name), Set: on == one.ID})
		}
		for _, one := range systems {
			add("system "+one.ID, text2("このシステム "+one.Name, "this system: "+one.Name), atSystem[one.ID])
		}
		page.Scopes = append(page.Scopes, FreezeScope{Value: "all", Set: chosen == "all", Text: text2(fmt.Sprintf("すべての保守接続(接続中 %d件、今日の予定 %d件)", len(live), len(today)),
			fmt.Sprintf("all maintenance (%d connected, %d planned today)", len(live), len(today)))})
		return nil
	})
	return page, err
}

// freezeNow freezes, or asks for a drill.
func (p *Pages) freezeNow(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	scope, subject, ok := splitScope(v.r.PostFormValue("scope"))
	if !ok {
		return p.freezeAgain(v, http.StatusUnprocessableEntity, Problem{Field: "scope", Text: text2("範囲を選んでください。", "Choose the scope.")})
	}
	z := policy.Freeze{Scope: scope, Subject: subject, System: v.r.PostFormValue("on"), Reason: v.r.PostFormValue("reason"), Drill: v.r.PostFormValue("drill") != ""}
	id, err := p.o.Freezer.Declare(v.r.Context(), z, v.caller())
	if err == nil {
		return v.to(withDone("/incidents/"+url.PathEscape(id), actKey("freeze", "freeze on")))
	}
	f := fault.Of(err)
	if f.Status == http.StatusUnprocessableEntity || f.Status == http.StatusBadRequest {
		problems, _ := problemsIn(nil, f)
		return p.freezeAgain(v, f.Status, problems...)
	}
	return err
}

func (p *Pages) freezeAgain(v *visit, status int, problems ...Problem) error {
	page, err := v.freezePage()
	if err != nil {
		return err
	}
	page.Errors = problems
	return v.showAs(status, page)
}

// splitScope reads a choice of the form.
func splitScope(value string) (scope policy.FreezeScope, subject string, ok bool) {
	if value == string(policy.FreezeAll) {
		return policy.FreezeAll, "", true
	}
	for _, s := range []policy.FreezeScope{policy.FreezeVendor, policy.FreezeSystem} {
		if rest, found := strings.CutPrefix(value, string(s)+" "); found && rest != "" {
			return s, rest, true
		}
	}
	return "", "", false
}

// IncidentPage is one freeze or drill: what it stopped, what is kept, and the two who agree to lift it.
type IncidentPage struct {
	Frame
	Card   Card
	Lifts  []LiftRow
	Second text.Text // what is missing for the lift; empty: nothing
	Lifted bool
	Offers []Offer

	Timeline, Export string // addresses; empty: not for this person

	Tell     []TellRow
	TellAt   string // where the form of a row is posted
	Undue    bool   // a drill: an overdue row is only shown
	TellNone bool   // the institution had no list when the incident began
}

// LiftRow is one person's agreement.
type LiftRow struct {
	Number int
	By     string
	At     Moment
	Reason string
}

func (p *Pages) incident(v *visit) error {
	f, err := p.o.Views.Freeze(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	ids := []string{f.Subject, f.System, f.By, f.AgreedBy}
	for _, t := range f.Tell {
		ids = append(ids, t.By)
	}
	for _, l := range f.Lifts {
		ids = append(ids, l.By)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	state, since := freezeChip(f.State), moment(f.Since, p.o.Zone)
	rows := []CardRow{
		{Label: text2("状態", "State"), Chip: &state},
		{Label: text2("範囲", "Scope"), Text: frozenScope(f, names)},
		{Label: text2("いつ", "When"), Text: since.Text},
		{Label: text2("だれが", "Who"), Text: text.Same(names(f.By))},
		{Label: text2("切断", "Cut"), Text: cutText(f)},
		{Label: text2("証拠の保全", "Evidence kept"), Text: text2(fmt.Sprintf("操作記録 %d件の廃棄を停止しました", f.Held), fmt.Sprintf("%d recordings are kept from disposal", f.Held))},
		{Label: text2("理由", "Reason"), Text: saidOr(f.Reason)},
	}
	if f.AgreedBy != "" {
		rows = append(rows, CardRow{Label: text2("訓練の同意", "Agreed to the drill"), Text: text.Same(names(f.AgreedBy))})
	}
	page := &IncidentPage{Frame: v.frame(), Card: Card{Rows: rows}, Lifted: f.State == freeze.Lifted, Offers: v.offersOf(withoutTold(f.Offers), "/freezes/"+url.PathEscape(f.ID))}
	page.tells(f, names, p.o.Zone)
	page.State, page.Title, page.Drill = state.Text, text2("凍結 "+f.ID, "Freeze "+f.ID), f.Drill
	page.Crumbs = []Link{{text2("緊急凍結", "Freeze"), "/incidents"}}
	if page.Timeline, page.Export, err = v.incidentLinks(f.ID); err != nil {
		return err
	}
	for i, l := range f.Lifts {
		page.Lifts = append(page.Lifts, LiftRow{Number: i + 1, By: names(l.By), At: moment(l.At, p.o.Zone), Reason: l.Reason})
	}
	switch {
	case page.Lifted || f.State == freeze.DrillLapsed || f.State == freeze.DrillAsked:
	case len(f.Lifts) == 0:
		page.Second = text2("一人目を待っています(二人のうち一人は情報システム課)", "the first person is awaited; one of the two is of the IS section")
	default:
		page.Second = text2("二人目を待っています(二人のうち一人は情報システム課)", "the second person is awaited; one of the two is of the IS section")
	}
	return v.show(page)
}

// saidOr is a typed text, or the mark that there is none.
func saidOr(s string) text.Text {
	if policy.Blank(s) {
		return text2("(まだ書かれていません)", "(not written yet)")
	}
	return text.Same(s)
}
