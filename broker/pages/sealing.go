package pages

import (
	"net/url"
	"strconv"

	"sekimori/broker/api"
	"sekimori/policy"
	"sekimori/policy/text"
)

func sealingRoutes() []row {
	lookers := those(policy.Administrator, policy.Auditor, policy.InformationSystems)
	return []row{
		get("/viewing-keys", staff, text2("操作記録の閲覧用の鍵", "Viewing keys of recordings"), lookers, levelOf(api.ViewingKeys), (*Pages).viewingKeyList).inMenu(112).called("閲覧用の鍵", "Viewing keys"),
		get("/recording-access", staff, text2("これまでの操作記録を開く鍵", "Further keys to earlier recordings"), lookers, levelOf(api.Accesses), (*Pages).accessList).inMenu(114).called("加えた鍵", "Further keys"),
	}
}

func sealingPages() map[string]page { return map[string]page{"sealing": &SealingPage{}} }

// SealingPage lists keys that open recordings.
type SealingPage struct {
	Frame
	About text.Text // what the keys do
	None  text.Text // there is none
	Table Table
	Rows  []SealingRow
	Asks  []Offer // acts that begin something
	Pager Pager
}

// SealingRow is one key.
type SealingRow struct {
	Name  string
	Chip  Chip
	Cells []text.Text
	Print string // its fingerprint
	Acts  []Link // the acts that are open to the person
}

func (p *Pages) viewingKeyList(v *visit) error {
	list, err := p.o.Views.ViewingKeys(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &SealingPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next),
		About: text2("関守は、この鍵で操作記録の画面出力を開きます(入力は開けません)。新しい鍵に替えるには二人が要ります。確定するまでは新旧の両方で封じるので、取りやめても何も失われません。",
			"With these keys the broker opens the output of recordings, never the input. A change takes two people. Until it is confirmed new recordings are sealed to both keys, so taking it back loses nothing."),
		None: text2("鍵はありません。", "No key."),
		Table: Table{Caption: text2("閲覧用の鍵(新しい順)", "Viewing keys, the newest first"),
			Columns: []text.Text{text2("鍵", "Key"), text2("状態", "State"), text2("耐量子", "Post-quantum"), text2("作成", "Made"), text2("指紋", "Fingerprint"), text2("できること", "Acts")}},
	}
	var people []string
	for _, k := range list.Items {
		people = append(people, k.BegunBy)
	}
	names, err := v.names(people...)
	if err != nil {
		return err
	}
	for _, k := range list.Items {
		made := text2("導入時", "with the installation")
		if !k.Begun.IsZero() {
			at := text.Moment(k.Begun.In(p.o.Zone))
			made = text2(at.JA+" "+names(k.BegunBy), at.EN+" "+names(k.BegunBy))
		}
		page.Rows = append(page.Rows, SealingRow{Name: k.Key, Chip: viewingKeyChip(policy.ViewingKeyState(k.State)), Cells: []text.Text{postQuantumWord(k.PostQuantum), made},
			Print: k.Fingerprint, Acts: openActs(k.Offers, "/viewing-keys/"+url.PathEscape(k.Key))})
	}
	return v.show(page)
}

func (p *Pages) accessList(v *visit) error {
	list, err := p.o.Views.Accesses(v.r.Context(), v.reader(), v.paging())
	if err != nil {
		return err
	}
	page := &SealingPage{Frame: v.frame(), Pager: v.pager(len(list.Items), list.Total, list.Next),
		Asks: v.ownOffers("/recording-access", accessAskPath),
		About: text2("新しい点検担当の鍵でも、これまでの操作記録を開けるようにします。二人目が確かめてから有効になります。取り消しても、本人が持つ写しは開けるままです。",
			"A new auditor's key opens recordings that were made before. It counts once a second person agrees. Taking it away leaves copies readable that its holder has."),
		None: text2("加えた鍵はありません。", "No further key."),
		Table: Table{Caption: text2("加えた鍵(確認待ちを先に、新しい順)", "Further keys, those that await a second person first, then the newest"),
			Columns: []text.Text{text2("番号", "Number"), text2("状態", "State"), text2("秘密の側を持つ人", "Keeper of the private half"), text2("操作記録", "Recordings"), text2("申出", "Asked"), text2("指紋", "Fingerprint"), text2("できること", "Acts")}},
	}
	var people []string
	for _, a := range list.Items {
		people = append(people, a.AskedBy)
	}
	names, err := v.names(people...)
	if err != nil {
		return err
	}
	for _, a := range list.Items {
		which := text.Same(strconv.Itoa(len(a.Sessions)))
		if a.All && len(a.Sessions) == 0 {
			which = text2("終わったすべて", "all that have ended")
		}
		at := text.Moment(a.Asked.In(p.o.Zone))
		page.Rows = append(page.Rows, SealingRow{Name: a.ID, Chip: accessChip(policy.AccessState(a.State)), Cells: []text.Text{text.Same(text.OneLine(a.Holder, 60)), which,
			text2(at.JA+" "+names(a.AskedBy), at.EN+" "+names(a.AskedBy))}, Print: a.Fingerprint, Acts: openActs(a.Offers, "/recording-access/"+url.PathEscape(a.ID))})
	}
	return v.show(page)
}

// openActs are links to the acts that are open.
func openActs(offers []api.Offer, base string) (links []Link) {
	for _, o := range offers {
		if o.Open {
			links = append(links, Link{actNameOf(o.Act, o.Command), base + "/" + o.Act})
		}
	}
	return links
}

func postQuantumWord(yes bool) text.Text {
	if yes {
		return text2("はい", "yes")
	}
	return text2("いいえ", "no")
}

func viewingKeyChip(s policy.ViewingKeyState) Chip {
	switch s {
	case policy.ViewingKeyCurrent:
		return chip(s.Label(), look{"check", "ok"})
	case policy.ViewingKeyNext:
		return chip(s.Label(), look{"clock", "waiting"})
	}
	return chip(s.Label(), look{"dash", "waiting"})
}

func accessChip(s policy.AccessState) Chip {
	switch s {
	case policy.AccessGiven:
		return chip(s.Label(), look{"check", "ok"})
	case policy.AccessAsked:
		return chip(s.Label(), look{"clock", "waiting"})
	}
	return chip(s.Label(), look{"dash", "waiting"})
}
