package pages

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/broker/reconcile"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

func reconcileRoutes() []row {
	c := those(policy.Requester, policy.Approver, policy.Auditor, policy.Administrator, policy.InformationSystems)
	one := text2("ログインの突合", "Comparison of logins")
	return []row{
		get("/reconcile", staff, text2("突合", "Logins the ledger does not know"), c, l1, (*Pages).reconcile).inMenu(65),
		get("/reconcile/{id}", staff, one, c, l1, (*Pages).reconciliation),
		post("/reconcile/{id}/file", staff, one, c, l0, (*Pages).reconcileFile),
		get("/unknown-logins/{id}", staff, text2("台帳にないログイン", "Login that the ledger does not know"), c, l1, (*Pages).unknownLogin),
	}
}

func reconcilePages() map[string]page {
	return map[string]page{"reconcile": &ReconcilePage{}, "reconciliation": &ReconciliationPage{}, "unknownlogin": &UnknownLoginPage{}}
}

// ReconcilePage lists the targets with their comparisons, and the logins that the ledger does not know.
type ReconcilePage struct {
	Frame
	Table   Table
	Targets []ReconcileRow
	Count   int // of the targets, with those that are not shown
	Logins  LoginTable
}

// ReconcileRow is one target.
type ReconcileRow struct {
	Target, Href, System string
	Chip                 Chip
	At                   Moment
	Logins, Open         string
	Hourly               text.Text
}

// LoginTable is a table of unknown logins.
type LoginTable struct {
	Table Table
	Rows  []LoginRow
	Pager Pager
}

// LoginRow is one unknown login.
type LoginRow struct {
	ID, Href, Target, Account string
	At                        Moment
	From, Doubt               text.Text
	Session, SessionHref      string
	Chip                      Chip
}

// mostTargets bounds the targets on the page: those with something to look at come first.
const mostTargets = 200

func (p *Pages) reconcile(v *visit) error {
	targets, err := p.o.Views.Reconciliations(v.r.Context(), v.reader(), view.Page{Limit: mostTargets})
	if err != nil {
		return err
	}
	logins, err := p.o.Views.UnknownLogins(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.Reconciliations)); err != nil {
		return err
	}
	var ids []string
	for _, t := range targets.Items {
		ids = append(ids, t.System)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	page := &ReconcilePage{Frame: v.frame(), Count: targets.Total, Logins: v.loginTable(logins), Table: Table{
		Caption: text2("接続先ごとの最後の突合(見るべきものを先に)", "The newest comparison of each target, those to be looked at first"),
		Columns: []text.Text{text2("接続先", "Target"), text2("対象システム", "System"), text2("状態", "State"), text2("最後の突合", "Last compared"), text2("ログイン(台帳にあるもの)", "Logins (known)"), text2("説明待ち", "Unexplained"), text2("毎時", "Hourly")},
	}}
	for _, t := range targets.Items {
		row := ReconcileRow{Target: t.Target, Href: "/reconcile/" + url.PathEscape(t.Target), System: names(t.System), Chip: reconciledChip(t), At: moment(t.At, p.o.Zone), Open: itoa(t.Open), Logins: "—", Hourly: hourlyText(t)}
		if t.State != "" && t.Error == "" {
			row.Logins = fmt.Sprintf("%d (%d)", t.Logins, t.Known)
		}
		page.Targets = append(page.Targets, row)
	}
	return v.show(page)
}

func (v *visit) loginTable(list api.List[api.UnknownLogin]) LoginTable {
	out := LoginTable{Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{Caption: text2("台帳にないログイン(説明待ちを先に、新しい順)", "Logins that the ledger does not know, unexplained ones first, then the newest"),
		Columns: []text.Text{text2("番号", "Number"), text2("いつ", "When"), text2("接続先", "Target"), text2("アカウント", "Account"), text2("どこから", "From"), text2("なぜ", "Why"), text2("そのときの接続", "Session then"), text2("状態", "State")}}}
	for _, u := range list.Items {
		row := LoginRow{ID: u.ID, Href: "/unknown-logins/" + url.PathEscape(u.ID), Target: u.Target, Account: u.Account, At: moment(u.At, v.p.o.Zone), From: sourceText(u), Doubt: u.Doubt.Label(), Session: u.Session, Chip: loginChip(u)}
		if u.Session != "" {
			row.SessionHref = "/sessions/" + url.PathEscape(u.Session)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func hourlyText(r api.Reconciliation) text.Text {
	switch {
	case r.Hourly && !r.Steward:
		return text2("できない(管理の接続がない)", "not possible: no administrative connection")
	case r.Hourly:
		return text2("する", "yes")
	}
	return text2("しない", "no")
}

// reconciledChip is the state of a comparison. Unexplained logins of earlier ones count too.
func reconciledChip(r api.Reconciliation) Chip {
	switch {
	case r.Open > 0:
		return chip(store.ReconciledUnknown.Label(), look{"octagon", "stop"})
	case r.State == "":
		return chip(text2("まだ突き合わせていない", "not compared yet"), look{"dash", "waiting"})
	case r.State == string(store.ReconciledFailed):
		return chip(store.ReconciledFailed.Label(), look{"triangle", "attention"})
	case !r.Gap.IsZero():
		return chip(text2("記録に欠け", "gap in the record"), look{"triangle", "attention"})
	}
	return chip(store.ReconciledAgrees.Label(), look{"check", "ok"})
}

func loginChip(u api.UnknownLogin) Chip {
	if u.State == "open" {
		return chip(text2("説明待ち", "unexplained"), look{"octagon", "stop"})
	}
	return chip(text2("説明済み", "explained"), look{"check", "ok"})
}

// sourceText is where a login came from.
func sourceText(u api.UnknownLogin) text.Text {
	switch {
	case u.Source == "":
		return text2("その機器の前", "at the machine")
	case u.Port != 0:
		return text2(text.OneLine(u.Source, 100)+" ポート "+itoa(u.Port), text.OneLine(u.Source, 100)+" port "+itoa(u.Port))
	}
	return text.Same(text.OneLine(u.Source, 100))
}

// ReconciliationPage is a target's newest comparison.
type ReconciliationPage struct {
	Frame
	Card   Card
	Offers []Offer
	Logins LoginTable
	Action string // where a file is posted
	Fields []Field
}

func (p *Pages) reconciliation(v *visit) error {
	page, err := v.reconciliationPage(v.r.PathValue("id"), nil, nil)
	if err != nil {
		return err
	}
	if v.r.URL.Query().Get("done") == "compared" {
		page.Done = text2("突き合わせました。", "Compared.")
	}
	return v.show(page)
}

func (v *visit) reconciliationPage(id string, values url.Values, f *api.Fault) (*ReconciliationPage, error) {
	r, err := v.p.o.Views.Reconciliation(v.r.Context(), v.reader(), id)
	if err != nil {
		return nil, err
	}
	logins, err := v.p.o.Views.UnknownLoginsOf(v.r.Context(), v.reader(), id, v.paging())
	if err != nil {
		return nil, err
	}
	base := "/reconcile/" + url.PathEscape(id)
	page := &ReconciliationPage{Frame: v.frame(), Offers: v.offersOf(r.Offers, base), Action: base + "/file", Logins: v.loginTable(logins), Fields: []Field{
		{Key: "ahead", Label: text2("その機器の時計の進み(例 3m、遅れは -90s。なければ空)", "How far its clock is ahead (such as 3m; behind: -90s; none: leave empty)"), Control: "text", Value: values.Get("ahead")},
		{Key: "file", Label: text2("ログインの記録のファイル(wtmp、last -F -w -i、sshd のログ。16MBまで)", "File of the record (wtmp, last -F -w -i, a log of sshd; at most 16 MB)"), Control: "file"},
	}}
	if page.Card, err = v.reconciliationCard(r); err != nil {
		return nil, err
	}
	page.State, page.Title = reconciledChip(r).Text, text2("突合 "+r.Target, "Comparison of logins, "+r.Target)
	page.Crumbs = []Link{{text2("突合", "Logins the ledger does not know"), "/reconcile"}}
	if f != nil {
		page.Errors = mistakes(f, "ahead", "file")
		for _, bad := range page.Errors {
			for i := range page.Fields {
				if page.Fields[i].Key == bad.Field {
					page.Fields[i].Error = bad.Text
				}
			}
		}
	}
	return page, nil
}

func (v *visit) reconciliationCard(r api.Reconciliation) (Card, error) {
	names, err := v.names(r.System, r.By)
	if err != nil {
		return Card{}, err
	}
	state, z := reconciledChip(r), v.p.o.Zone
	rows := []CardRow{
		{Label: text2("接続先", "Target"), Text: text.Same(r.Target)}, {Label: text2("対象システム", "System"), Text: text.Same(names(r.System))},
		{Label: text2("状態", "State"), Chip: &state}, {Label: text2("毎時の突合", "Hourly"), Text: hourlyText(r)}, {Label: text2("説明待ち", "Unexplained"), Text: text.Same(itoa(r.Open))},
	}
	add := func(ja, en string, said text.Text) { rows = append(rows, CardRow{Label: text2(ja, en), Text: said}) }
	if r.At.IsZero() {
		return Card{Rows: rows}, nil
	}
	at, by := text.Moment(r.At.In(z)), text2("時刻による", "by the clock")
	if r.By != "" {
		by = text.Same(names(r.By))
	}
	how := text2("接続先に聞いた", "the target was asked")
	if r.Source == "file" {
		how = text2("ファイルから", "from a file")
	}
	add("最後の突合", "Last compared", text2(at.JA+" "+by.JA+" "+how.JA, at.EN+" "+by.EN+", "+how.EN))
	if r.Error != "" {
		add("できなかった理由", "Why it failed", text.Same(text.OneLine(r.Error, mostSaid)))
		return Card{Rows: rows}, nil
	}
	span := text.Span(r.From.In(z), r.Until.In(z))
	add("比べた期間", "Compared", span)
	add("ログイン", "Logins", text2(fmt.Sprintf("%d件、うち台帳にあるもの%d件、新しく見つかった台帳にないもの%d件", r.Logins, r.Known, r.New+r.Beyond), fmt.Sprintf("%d, of which %d known, %d unknown ones found now", r.Logins, r.Known, r.New+r.Beyond)))
	if r.Beyond > 0 {
		add("数えただけのもの", "Only counted", text2(fmt.Sprintf("%d件(多すぎて番号を付けていない)", r.Beyond), fmt.Sprintf("%d, too many to number", r.Beyond)))
	}
	ahead := (time.Duration(r.AheadMS) * time.Millisecond).Round(time.Second)
	add("接続先の時計", "Clock of the target", text2(fmt.Sprintf("関守より %s 進んでいる(差を引いて比べた)", ahead), fmt.Sprintf("%s ahead of the broker's (taken off)", ahead)))
	add("記録", "Record", recordText(r.Records))
	if !r.Gap.IsZero() {
		g := text.Moment(r.Gap.In(z))
		add("記録の欠け", "Gap", text2("記録は "+g.JA+" から。前の突合より後です", "the record begins at "+g.EN+", after the comparison before"))
	}
	if len(r.Missing) > 0 {
		add("接続先の記録にない接続", "Sessions that the record lacks", text.Same(strings.Join(r.Missing, ", ")))
	}
	return Card{Rows: rows}, nil
}

// recordText says what a record holds: one of terminals alone does not have every login.
func recordText(records []string) text.Text {
	for _, r := range records {
		if r == accounts.Accepted {
			return text2("sshd のログ(すべてのログイン)", "log of sshd (every login)")
		}
	}
	return text2("wtmp だけ(端末を使うログインだけ)", "wtmp alone (only logins with a terminal)")
}

// reconcileFile compares a posted file.
func (p *Pages) reconcileFile(v *visit) error {
	id := v.r.PathValue("id")
	values, file, done, err := v.withFile(reconcile.MostFile + 1<<20)
	if err != nil {
		return err
	}
	defer done()
	var content io.Reader = strings.NewReader("")
	if file != nil {
		content = file
	}
	err = v.compare(id, values, content)
	if err == nil {
		return v.to("/reconcile/" + url.PathEscape(id) + "?done=compared")
	}
	f := fault.Of(err)
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusNotFound || f.Code == string(policy.Forbidden) {
		return err
	}
	if file != nil { // a browser reads the answer only when it has sent everything
		_, _ = io.Copy(io.Discard, file)
	}
	page, err := v.reconciliationPage(id, values, f)
	if err != nil {
		return err
	}
	return v.showAs(f.Status, page)
}

func (v *visit) compare(id string, values url.Values, file io.Reader) error {
	var ahead time.Duration
	if said := strings.TrimSpace(values.Get("ahead")); said != "" {
		var err error
		if ahead, err = time.ParseDuration(said); err != nil {
			return forms.Wrong("ahead", "bad-length", "3m や -90s のように書いてください。", "write it as 3m or -90s")
		}
	}
	return v.p.o.Reconcile.File(v.r.Context(), id, file, ahead, act.Caller{Actor: v.actor(), Token: v.token, Source: v.source()})
}

// UnknownLoginPage is one login that the ledger does not know.
type UnknownLoginPage struct {
	Frame
	Card   Card
	Offers []Offer
}

func (p *Pages) unknownLogin(v *visit) error {
	u, err := p.o.Views.UnknownLogin(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	card, err := v.unknownLoginCard(u)
	if err != nil {
		return err
	}
	page := &UnknownLoginPage{Frame: v.frame(), Card: card, Offers: v.offersOf(u.Offers, "/unknown-logins/"+url.PathEscape(u.ID))}
	page.State, page.Title = loginChip(u).Text, text2("台帳にないログイン "+u.ID, "Login that the ledger does not know, "+u.ID)
	page.Crumbs = []Link{{text2("突合", "Logins the ledger does not know"), "/reconcile"}, {text.Same(u.Target), "/reconcile/" + url.PathEscape(u.Target)}}
	return v.show(page)
}

func (v *visit) unknownLoginCard(u api.UnknownLogin) (Card, error) {
	names, err := v.names(u.System, u.ExplainedBy)
	if err != nil {
		return Card{}, err
	}
	z, state := v.p.o.Zone, loginChip(u)
	rows := []CardRow{
		{Label: text2("番号", "Number"), Text: text.Same(u.ID)}, {Label: text2("状態", "State"), Chip: &state},
		{Label: text2("いつ", "When"), Text: text.Moment(u.At.In(z))}, {Label: text2("接続先", "Target"), Text: text.Same(u.Target), Href: "/reconcile/" + url.PathEscape(u.Target)},
		{Label: text2("対象システム", "System"), Text: text.Same(names(u.System))}, {Label: text2("アカウント", "Account"), Text: text.Same(text.OneLine(u.Account, 100))},
		{Label: text2("どこから", "From"), Text: sourceText(u)}, {Label: text2("なぜ", "Why"), Text: u.Doubt.Label()},
	}
	if u.Session != "" {
		rows = append(rows, CardRow{Label: text2("そのときの接続", "Session then"), Text: text.Same(u.Session), Href: "/sessions/" + url.PathEscape(u.Session)})
	}
	if !u.Said.Equal(u.At) {
		rows = append(rows, CardRow{Label: text2("接続先の時計では", "By the target's clock"), Text: text.Moment(u.Said.In(z))})
	}
	rows = append(rows, CardRow{Label: text2("見つけた日時", "Found"), Text: text.Moment(u.Found.In(z))})
	if u.ExplainedBy != "" {
		at := text.Moment(u.ExplainedAt.In(z))
		rows = append(rows, CardRow{Label: text2("説明", "Explanation"), Text: text2(u.Reason+"("+names(u.ExplainedBy)+"、"+at.JA+")", u.Reason+" ("+names(u.ExplainedBy)+", "+at.EN+")")})
	}
	return Card{Rows: rows}, nil
}
