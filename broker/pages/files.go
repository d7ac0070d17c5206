package pages

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/files"
	"sekimori/broker/inspect"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// fileRoutes are the files in the broker's keeping: held ones and the outbox.
func fileRoutes() []row {
	list, one, content := text2("ファイル授受", "File exchange"), text2("授受するファイル", "File in exchange"), text2("ファイルの中身", "Contents of a file")
	lookers := those(policy.Approver, policy.SecondApprover, policy.Auditor, policy.InformationSystems)
	lookers.Deputies = true
	return []row{
		get("/files", staff, list, requestLookers(), l1, (*Pages).fileList).inMenu(47),
		get("/files/{id}", staff, one, requestLookers(), l1, (*Pages).filePage),
		get("/files/{id}/content", staff, content, lookers, l2, (*Pages).contentPage),
		post("/files/{id}/content", staff, content, lookers, l2, (*Pages).openContent),
		get("/v/files", portal, list, vendors(), l1, (*Pages).fileList).inMenu(47),
		get("/v/files/{id}", portal, one, vendors(), l1, (*Pages).filePage),
		post("/v/files/{id}/fetch", portal, text2("持出し箱からの受取り", "Fetch from the outbox"), vendors(), l1, (*Pages).fetchFile),
	}
}

func filePages() map[string]page {
	return map[string]page{"files": &FilesPage{}, "file": &FilePage{}, "filecontent": &ContentPage{}}
}

// FilesPage lists files.
type FilesPage struct {
	Frame
	Table Table
	Rows  []FileRow
	Pager Pager
}

// FileRow is one file of the list.
type FileRow struct {
	ID, Href     string
	Chip         Chip
	Way          text.Text
	Name         string
	Target       string
	Engineer     string
	Size         text.Text
	Until        Moment
	WaitsOrReady bool // Until matters
}

func filePath(id string) string { return "/files/" + url.PathEscape(id) }

func (p *Pages) fileList(v *visit) error {
	if err := p.o.Views.Opened(v.r.Context(), v.reader(), string(api.Files)); err != nil {
		return err
	}
	list, err := p.o.Views.Files(v.r.Context(), v.reader(), nil, v.paging())
	if err != nil {
		return err
	}
	page := &FilesPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next), Table: Table{
		Caption: text2("授受するファイル(承認待ちを先に、新しい順)", "Files in exchange, those that await a decision first, then the newest"),
		Columns: []text.Text{text2("番号", "Number"), text2("状態", "State"), text2("向き", "Way"), text2("ファイル", "File"), text2("接続先", "Target"), text2("保守要員", "Engineer"), text2("大きさ", "Size"), text2("期限", "Until")},
	}}
	var ids []string
	for _, one := range list.Items {
		ids = append(ids, one.Engineer, one.Target)
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	for _, one := range list.Items {
		page.Rows = append(page.Rows, FileRow{ID: one.ID, Href: v.root() + filePath(one.ID), Chip: fileChip(one.State), Way: fileWay(one), Name: files.SafeName([]byte(one.Path)),
			Target: names(one.Target), Engineer: names(one.Engineer), Size: fileSize(one.Size), Until: moment(one.Until, p.o.Zone), WaitsOrReady: policy.FileState(one.State).Open()})
	}
	return v.show(page)
}

// fileLooks are the shapes of a file's states (screens §6).
var fileLooks = map[policy.FileState]look{
	policy.FileHeld: {"padlock", "attention"}, policy.FileWaitFirst: {"clock", "waiting"}, policy.FileWaitSecond: {"clock", "waiting"}, policy.FileApproved: {"check", "ok"}, policy.FileDelivering: {"clock", "waiting"},
	policy.FileReleased: {"check", "ok"}, policy.FileFetched: {"check", "ok"}, policy.FileRejected: {"octagon", "stop"}, policy.FileHalted: {"triangle", "warning"}, policy.FileExpired: {"dash", "waiting"},
}

func fileChip(state string) Chip {
	s := policy.FileState(state)
	return chip(s.Label(), fileLooks[s])
}

func fileWay(one api.File) text.Text {
	if one.Direction == policy.FilesOut {
		return text2("持出し", "out")
	}
	return text2("持込み", "in")
}

func fileSize(n int64) text.Text {
	exact := strconv.FormatInt(n, 10)
	if n < 1<<20 {
		return text2(exact+" バイト", exact+" bytes")
	}
	mib := strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64)
	return text2(mib+" MiB("+exact+" バイト)", mib+" MiB ("+exact+" bytes)")
}

// FilePage is one file with what may be done.
type FilePage struct {
	Frame
	Card    Card
	Content string // where the contents are opened; empty: the person does not open contents
	Fetch   string // where the engineer fetches it; empty: not now
	Offers  []Offer
}

func (p *Pages) filePage(v *visit) error {
	one, err := p.o.Views.File(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	card, err := v.fileCard(one)
	if err != nil {
		return err
	}
	base := v.root() + filePath(one.ID)
	page := &FilePage{Frame: v.frame(), Card: card, Offers: v.offersOf(one.Offers, base)}
	if v.leadsTo("/files/{id}/content") && one.Disposed.IsZero() {
		page.Content = base + "/content"
	}
	if v.site == portal && one.Direction == policy.FilesOut && one.State == string(policy.FileApproved) && one.Engineer == v.person.ID {
		page.Fetch = base + "/fetch"
	}
	page.State, page.Title = fileChip(one.State).Text, text2("ファイル "+one.ID, "File "+one.ID)
	page.Crumbs = []Link{{text2("ファイル授受", "File exchange"), v.root() + "/files"}}
	return v.show(page)
}

// fileCard is the 要点 card of a file.
func (v *visit) fileCard(one api.File) (Card, error) {
	ids := []string{one.Engineer, one.Target, one.System, one.Vendor, one.EndedBy}
	for _, a := range one.Approvals {
		ids = append(ids, a.By, a.OnBehalf)
	}
	names, err := v.names(ids...)
	if err != nil {
		return Card{}, err
	}
	z := v.p.o.Zone
	state := fileChip(one.State)
	rows := []CardRow{
		fact("番号", "Number", one.ID),
		{Label: text2("状態", "State"), Chip: &state},
		{Label: text2("向き", "Way"), Text: fileWay(one)},
		fact("ファイル", "File", one.Path),
		{Label: text2("大きさ", "Size"), Text: fileSize(one.Size)},
		fact("接続先", "Target", names(one.Target)),
		fact("保守要員", "Engineer", names(one.Engineer)+" "+names(one.Vendor)),
		{Label: text2("受け入れた日時", "Taken"), Text: text.Moment(one.At.In(z))},
		{Label: text2("申請", "Request"), Text: text.Request(one.Request), Href: v.root() + "/requests/" + url.PathEscape(one.Request)},
		fact("検証値(SHA-256)", "SHA-256", one.SHA256),
	}
	if one.Delivered != "" && one.Delivered != one.SHA256 {
		rows = append(rows, fact("無害化後の検証値", "SHA-256, sanitised", one.Delivered))
	}
	rows = append(rows, fact("無害化の申告", "Stated sanitising", one.Sanitised))
	var found []inspect.Finding
	if json.Unmarshal(one.Findings, &found) == nil {
		for _, f := range found {
			rest := strings.TrimRight(": "+strings.TrimSpace(f.Detail+" "+f.Version), ": ")
			rows = append(rows, CardRow{Label: text2("検査 "+f.Engine, "Inspection "+f.Engine), Text: text2(f.Verdict.Label().JA+rest, f.Verdict.Label().EN+rest)})
		}
	}
	for _, a := range one.Approvals {
		when := text.Moment(a.At.In(z))
		said := text2(names(a.By)+" "+when.JA+" "+a.Reason, names(a.By)+" "+when.EN+" "+a.Reason)
		if a.OnBehalf != "" {
			said = text2(said.JA+"("+names(a.OnBehalf)+"の代決)", said.EN+" (for "+names(a.OnBehalf)+")")
		}
		if a.Void {
			said = text2(said.JA+"(無効)", said.EN+" (void)")
		}
		n := strconv.Itoa(a.Stage)
		rows = append(rows, CardRow{Label: text2("承認 "+n, "Approval "+n), Text: said})
	}
	if policy.FileState(one.State).Open() {
		rows = append(rows, CardRow{Label: text2("期限", "Expires"), Text: text.Moment(one.Until.In(z))})
	}
	rows = append(rows, CardRow{Label: text2("まだ引き渡せない理由、差止めの理由", "Why not delivered"), Text: files.WhyLabel(one.Why)}, fact("理由", "Reason", strings.TrimSpace(names(one.EndedBy)+" "+one.Reason)))
	rows = append(rows, CardRow{Label: text2("中身の保存", "Contents kept"), Text: v.filesKept(one)})
	return Card{Rows: facts(rows...)}, nil
}

// filesKept says how long the contents of a file are kept, or that they are gone.
func (v *visit) filesKept(one api.File) text.Text {
	if !one.Disposed.IsZero() {
		at := text.Moment(one.Disposed.In(v.p.o.Zone))
		return text2("保存期間を過ぎ、"+at.JA+" に廃棄しました。台帳は残っています", "disposed of on "+at.EN+"; the entries of the ledger remain")
	}
	kept := keptFor(v.p.o.House.Notice.Retention)
	if one.KeptDays > 0 {
		kept = keptFor(time.Duration(one.KeptDays) * 24 * time.Hour)
	}
	return text2("終わってから "+kept.JA+"(保全されているあいだは残します)", kept.EN+" after its end (longer while it is held)")
}

// ContentPage asks for the purpose of viewing before the contents of a file are given out.
type ContentPage struct {
	Frame
	Card        Card
	Action      string
	Purposes    []Choice
	Explanation string
}

func (p *Pages) contentPage(v *visit) error { return v.askContent(nil) }

// askContent shows the form, after a fault with its mistake.
func (v *visit) askContent(f *api.Fault) error {
	one, err := v.p.o.Views.FileBefore(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := &ContentPage{Frame: v.frame(), Action: filePath(one.ID) + "/content", Explanation: first(v.given("explanation"))}
	page.Crumbs = []Link{{text2("ファイル授受", "File exchange"), "/files"}, {text2("ファイル "+one.ID, "File "+one.ID), filePath(one.ID)}}
	if page.Card, err = v.fileCard(one); err != nil {
		return err
	}
	chosen := first(v.given("purpose"))
	for _, one := range policy.Purposes(policy.ActPlay) {
		page.Purposes = append(page.Purposes, Choice{Word: string(one), Text: one.Label(), Set: string(one) == chosen})
	}
	if f == nil {
		return v.show(page)
	}
	wrong := faultProblem(f)
	wrong.Field = "purpose"
	page.Errors = []Problem{wrong}
	return v.showAs(f.Status, page)
}

// openContent gives the contents out as a file. The entry about the look is committed before the first byte.
func (p *Pages) openContent(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	why, ok := view.NewWhy(v.r.PostFormValue("purpose"), v.r.PostFormValue("explanation"))
	if !ok {
		return v.askContent(fault.Of(fault.BadRequest("説明に表示できない文字があるか、長すぎます", "the explanation has characters that cannot be shown, or is too long", nil)))
	}
	found, err := p.o.Files.Look(v.r.Context(), v.r.PathValue("id"), why.Purpose, why.Explanation, v.actor())
	if err != nil {
		if f := fault.Of(err); f.Code == string(policy.ViewPurposeRequired) {
			return v.askContent(f)
		}
		return err
	}
	defer found.Close()
	body := v.attach(found.File.ID+"_"+files.SafeName(found.File.Path), found.File.Length)
	defer body.end()
	if _, err := io.Copy(body, found); err != nil && v.r.Context().Err() == nil {
		p.o.Log.Error("content_failed", "file", found.File.ID, "error", err)
		panic(http.ErrAbortHandler) // the answer has begun: only a cut connection tells that it is not whole
	}
	return nil
}

// attach begins an answer that browsers keep as a file and never show. The caller ends it.
func (v *visit) attach(name string, size int64) *lasting {
	h := v.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	return v.lasting(nil, uploadTime)
}

// fetchFile gives a file of the outbox to its engineer, once. One that breaks off can be fetched again.
func (p *Pages) fetchFile(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	got, err := p.o.Files.Fetch(v.r.Context(), v.r.PathValue("id"), v.actor())
	if err != nil {
		return err
	}
	defer got.Close()
	body := v.attach(got.File.ID+"_"+files.SafeName(got.File.Path), got.File.Length)
	defer body.end()
	n, err := io.Copy(body, io.NewSectionReader(got, 0, got.File.Length))
	if err == nil {
		err = http.NewResponseController(v.w).Flush()
	}
	if err != nil || n != got.File.Length || v.r.Context().Err() != nil {
		got.Broke()
		panic(http.ErrAbortHandler)
	}
	return nil
}
