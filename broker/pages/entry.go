package pages

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// EntryPage is one entry whole.
type EntryPage struct {
	Frame
	Card       Card
	Offers     []Offer
	Columns    []EntryColumn // of a connection; none: the entry is about something else
	Members    []LabelledText
	Disposed   text.Text // stands in place of the members; empty: they are there
	Hash       string
	Checkpoint CheckpointPart
	Proof      string // where its proof is taken out; empty: it has none, or the reader may not
	Before     string
	After      string
	Badge      Badge
}

// EntryColumn is one of the 26 columns of a connection (screens §5.2). An empty one says why it is empty.
type EntryColumn struct {
	No    int
	Label text.Text
	Value text.Text
	Why   text.Text
	Note  text.Text // beside a value: how far it goes
	Href  string
}

// CheckpointPart is a checkpoint as people read it out: its root in eight groups of eight characters, and its witnesses.
type CheckpointPart struct {
	Size      int64
	Groups    []string
	Witnesses []string
	Print     string // where it is printed
}

func checkpointPart(c view.Covering) CheckpointPart {
	out := CheckpointPart{Size: c.Size, Witnesses: c.Witnesses}
	out.Groups = ledger.CheckpointText(c.Root)
	return out
}

func (p *Pages) entry(v *visit) error {
	n, err := strconv.ParseInt(v.r.PathValue("n"), 10, 64)
	if err != nil || n < 0 {
		return fault.NotFound()
	}
	e, err := p.o.Views.EntryWhole(v.r.Context(), v.reader(), n)
	if err != nil {
		return err
	}
	ids := []string{e.Actor.ID, e.OnBehalf}
	if c := e.Connection; c != nil {
		ids = append(ids, c.System, c.Vendor, c.Engineer, c.First, c.Second, c.Attendant)
		if l := c.Line; l != nil {
			ids = append(ids, l.CutBy, l.OnBy, l.OffBy, l.RestoredBy)
		}
	}
	names, err := p.o.Views.Names(v.r.Context(), ids...)
	if err != nil {
		return err
	}
	no := strconv.FormatInt(n, 10)
	page := &EntryPage{Frame: v.frame(), Hash: e.Hash, Badge: v.badge(), After: "/ledger/" + strconv.FormatInt(n+1, 10), Checkpoint: checkpointPart(e.Checkpoint)}
	if e.Kind == endKind && v.mayExportLedger() {
		page.Proof = "/ledger/" + no + "/proof"
	}
	page.Checkpoint.Print = "/ledger/checkpoint?entry=" + no
	page.Title = text2("台帳の記載 "+no, "Entry "+no)
	page.Crumbs = []Link{{text2("接続台帳", "Ledger"), "/ledger"}}
	_, own, err := p.o.Views.SeeLedger(v.r.Context(), v.reader())
	if err != nil {
		return err
	}
	if own { // an attendant opens single entries only
		page.After = ""
	} else {
		page.Crumbs = append(page.Crumbs, Link{text2("すべての記載", "All entries"), "/ledger/entries"})
		if n > 0 {
			page.Before = "/ledger/" + strconv.FormatInt(n-1, 10)
		}
	}
	page.Card, page.Offers = v.entryCard(e.Entry, names), v.offersOf(e.Offers, "/ledger/entries/"+no)
	if e.Connection != nil {
		page.Columns = connectionColumns(e, names, p.o.Zone)
	}
	page.Members = membersOf(e.Payload)
	if e.Disposed {
		page.Disposed = api.SaidDisposed
	}
	return v.show(page)
}

// connectionColumns are the 26 columns of the form, in its order.
func connectionColumns(e view.EntryWhole, names map[string]string, z *time.Location) (out []EntryColumn) {
	c := e.Connection
	add := func(ja, en string, value, why text.Text) *EntryColumn {
		one := EntryColumn{No: len(out) + 1, Label: text2(ja, en), Value: value}
		if value.IsZero() {
			one.Why = why
		}
		out = append(out, one)
		return &out[len(out)-1]
	}
	named := func(id string) text.Text {
		if id == "" {
			return text.Text{}
		}
		return text.Same(namesIn(names, []string{id}))
	}
	at := func(t time.Time) text.Text {
		if t.IsZero() {
			return text.Text{}
		}
		return text.Moment(t.In(z))
	}
	live := c.State == "opening" || c.State == "active"
	unnamed := text2("断られた接続で、ここまで定まらなかった", "A refused attempt; this was not settled")
	running := text2("まだ終わっていない", "Not ended yet")
	notReached := text2("接続先に届かなかった", "The target was never reached")
	line := newLineColumns(c.Line, names, z, unnamed)
	add("番号", "No.", text.Same(strconv.FormatInt(e.No, 10)), text.Text{})
	if one := add("申請番号", "Request", text.Same(c.Request), unnamed); c.Request != "" {
		one.Href = "/requests/" + url.PathEscape(c.Request)
	}
	add("接続番号", "Session", text.Same(c.ID), text.Text{}).Href = sessionPath(c.ID)
	add("対象システム", "System", named(c.System), unnamed)
	add("接続先", "Target", text.Same(c.Target), unnamed)
	add("作業用アカウント", "Account", text.Same(c.Account), unnamed)
	add("保守事業者", "Vendor", named(c.Vendor), unnamed)
	add("保守要員", "Engineer", named(c.Engineer), unnamed)
	add("接続元", "Source", text.Same(c.Source), text2("記録されていない", "Not recorded"))
	first := named(c.First)
	if c.Deputy {
		first = text2(first.JA+"(代決)", first.EN+" (deputy)")
	}
	add("第一承認", "First approval", first, text2("承認の記録がない", "No approval is on record"))
	add("第二承認", "Second approval", named(c.Second), text2("第二承認は求められなかった", "No second approval was asked for"))
	add("立会者", "Attendant", named(c.Attendant), text2("立会者はいなかった", "There was no attendant"))
	add("庁内網切断", "Office network cut", line.cut, line.why).Note = line.note
	add("保守回線接続", "Maintenance line on", line.on, line.why)
	add("接続開始", "Started", at(c.Started), notReached)
	add("接続終了", "Ended", at(c.Ended), running)
	var minutes text.Text
	if c.Seconds > 0 {
		n := itoa(int(c.Seconds+59) / 60)
		minutes = text2(n+"分", n+" min")
	}
	why := notReached
	if live {
		why = running
	}
	add("時間(分、切上げ)", "Minutes, rounded up", minutes, why)
	add("終了理由", "End cause", endText(c.Session), running)
	verified := text2("終了の検証の記載がない", "No verification of the end is on record")
	if live {
		verified = running
	} else if c.Started.IsZero() {
		verified = notReached
	}
	proof := text.Text{}
	if c.EndVerified != "" {
		proof = store.ProofState(c.EndVerified).Label()
	}
	add("終了の検証", "End verified", proof, verified)
	add("保守回線切断", "Maintenance line off", line.off, line.open)
	add("庁内網復旧", "Office network back", line.back, line.open)
	add("延長・一時停止", "Extensions, pauses", text2("延長 "+itoa(c.Extensions)+"回、一時停止 "+itoa(c.Pauses)+"回", itoa(c.Extensions)+" extensions, "+itoa(c.Pauses)+" pauses"), text.Text{})
	files := text.Text{}
	if c.Files != "" {
		files = c.Files.Label()
	}
	if c.State != "refused" {
		unnamed = text2("申請に書かれていない", "Not said in the request")
	}
	add("ファイル授受", "Files", files, unnamed)
	masked := text2("なし", "None")
	if live {
		masked = running
	}
	add("伏せた番号(件)", "Masked numbers", c.Session.SayMasked(), masked)
	judged := text.Text{}
	if c.Review != "" {
		judged = api.ReviewState(c.Review).Label()
	}
	if one := add("点検判定", "Review", judged, text2("点検の対象にまだなっていない", "No review is owed yet")); c.Review != "" {
		one.Href = "/reviews/" + url.PathEscape(c.ID)
	}
	add("検証値", "Hash of the entry", text.Same(e.Hash), text.Text{})
	return out
}

// entryCard is the head of an entry, with links to its corrections and to what it corrects.
func (v *visit) entryCard(e api.Entry, names map[string]string) Card {
	card := Card{Rows: []CardRow{{Label: text2("番号", "No."), Text: text.Same(strconv.FormatInt(e.No, 10))}, {Label: text2("種類", "Kind"), Text: kindText(e.Kind)},
		{Label: text2("日時", "Time"), Text: text.Moment(e.Time.In(v.p.o.Zone))}, {Label: text2("行った人", "By"), Text: text.Same(actorText(e.Actor, names))},
		{Label: text2("対象", "About"), Text: aboutOf(e)}}}
	if e.OnBehalf != "" {
		card.Rows = append(card.Rows, CardRow{Label: text2("代決", "Deputy of"), Text: text.Same(namesIn(names, []string{e.OnBehalf}))})
	}
	link := func(ja, en string, no int64) {
		n := strconv.FormatInt(no, 10)
		card.Rows = append(card.Rows, CardRow{Label: text2("訂正", "Correction"), Text: text2(strings.ReplaceAll(ja, "{n}", n), strings.ReplaceAll(en, "{n}", n)), Href: "/ledger/" + n})
	}
	if e.Corrects != nil {
		link("{n} を訂正", "corrects {n}", *e.Corrects)
	}
	for _, no := range e.CorrectedBy {
		link("訂正 → {n}", "correction → {n}", no)
	}
	return card
}

// membersOf are the members of an entry's payload, in their order. Digests of rows serve the verification and are left out.
func membersOf(payload json.RawMessage) []LabelledText {
	d := json.NewDecoder(strings.NewReader(string(payload)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var out []LabelledText
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return out
		}
		if name == "rows" {
			continue
		}
		said := string(value)
		var word string
		if json.Unmarshal(value, &word) == nil {
			said = word
		}
		out = append(out, LabelledText{Key: name, Label: text.Same(name), Lines: strings.Split(said, "\n")})
	}
	return out
}
