package pages

import (
	"net/url"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

func (p *Pages) target(v *visit) error {
	t, err := p.o.Views.Target(v.r.Context(), v.reader(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	base := "/targets/" + url.PathEscape(t.ID)
	page := v.thing(base, text2("接続先 "+t.ID, "Target "+t.ID))
	page.Crumbs = []Link{{text2("対象システム・接続先", "Systems & targets"), "/systems"}, {text.Same(t.System), "/systems/" + url.PathEscape(t.System)}}
	if page.Done.IsZero() {
		page.Done = doneText(v.r.URL.Query().Get("done"))
	}
	drill := text.Text{}
	if t.Drill {
		drill = text2("はい", "yes")
	}
	cared, egress := text2("しない", "not done"), text2("なし(すべて警告の対象)", "none listed (each one raises the alarm)")
	if t.Steward != "" {
		cared = text.Same(t.Steward)
	}
	if len(t.Egress) > 0 {
		egress = text.Same(strings.Join(t.Egress, ", "))
	}
	page.Card = Card{Rows: facts(fact("番号", "Id", t.ID), linked("対象システム", "System", t.System, "/systems/"), fact("ホスト", "Host", t.Host+":"+itoa(t.Port)), fact("ホスト鍵", "Host key", t.HostKey),
		CardRow{Label: text2("アカウントの世話", "Steward"), Text: cared}, CardRow{Label: text2("外向き接続先", "Egress"), Text: egress},
		CardRow{Label: text2("訓練用", "For drills"), Text: drill}, fact("古い暗号方式の理由", "Legacy algorithms because", t.Legacy), fact("文字コード", "Encoding", t.Encoding), fact("備考", "Note", t.Note))}
	page.Parts = append(page.Parts, changesPart(t.Changes), checkPart(t.Check), enrolPart(t.Enrol))
	page.Parts = slicesWithRows(page.Parts)
	page.Offers = v.offersOf(t.Offers, base)
	return v.showThing(page, "target", t.ID)
}

// slicesWithRows leaves out tables without rows.
func slicesWithRows(parts []ThingPart) (out []ThingPart) {
	for _, p := range parts {
		if len(p.Rows) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// checkPart is the newest check, a row for each part.
func checkPart(c *api.TargetCheck) (part ThingPart) {
	if c == nil {
		return part
	}
	at := text.Moment(c.At)
	part.Table = Table{Caption: text2("設定の確認("+at.JA+")", "Check of the set-up ("+at.EN+")"),
		Columns: []text.Text{text2("確かめたこと", "Checked"), text2("作業用アカウント", "Account"), text2("結果", "Result"), text2("次にすること", "Next step"), text2("詳細", "Particulars")}}
	for _, l := range c.Lines {
		chip := checkChip(store.CheckResult(l.Result))
		part.Rows = append(part.Rows, []ThingCell{{Text: l.Said}, {Text: text.Same(l.Account)}, {Chip: &chip}, {Text: l.Next}, {Text: text.Same(l.Detail)}})
	}
	return part
}

func checkChip(r store.CheckResult) Chip {
	switch r {
	case store.CheckOK:
		return Chip{Text: r.Label(), Shape: "check", Kind: "ok"}
	case store.CheckFailed:
		return Chip{Text: r.Label(), Shape: "octagon", Kind: "stop"}
	}
	return Chip{Text: r.Label(), Shape: "triangle", Kind: "warning"}
}

// enrolPart are the steps of the target's administrator.
func enrolPart(steps []api.EnrolStep) (part ThingPart) {
	part.Table = Table{Caption: text2("接続先に置くもの(接続先の管理者が置く)", "What goes onto the target (its administrator puts it there)"),
		Columns: []text.Text{text2("すること", "Step"), text2("場所", "Place"), text2("内容", "Contents")}}
	for _, s := range steps {
		part.Rows = append(part.Rows, []ThingCell{{Text: s.Title}, {Text: text.Same(s.File)}, {Lines: s.Lines}})
	}
	return part
}

func (p *Pages) account(v *visit) error {
	a, err := p.o.Views.Account(v.r.Context(), v.reader(), v.r.PathValue("id")+"/"+v.r.PathValue("login"))
	if err != nil {
		return err
	}
	page := v.thing(accountPage(a), text2("作業用アカウント "+a.ID, "Account "+a.ID))
	page.Crumbs = []Link{{text2("対象システム・接続先", "Systems & targets"), "/systems"}, {text.Same(a.Target), "/targets/" + url.PathEscape(a.Target)}}
	root := text2("いいえ", "no")
	if a.Root {
		root = text2("はい", "yes")
	}
	cared := text2("しない(いつも使える状態)", "not done (it can always be used)")
	if a.Cared {
		cared = text2("接続のたびに準備し、終わりに取り上げる", "prepared for each session and taken away after")
	}
	role := text.Text{}
	if a.RolePassword {
		role = text2("預かり、規則により替える", "kept, and changed by rule")
	}
	page.Card = Card{Rows: facts(fact("番号", "Id", a.ID), linked("接続先", "Target", a.Target, "/targets/"), fact("ログイン名", "Login", a.Login), CardRow{Label: text2("管理者権限", "Administrator rights"), Text: root},
		CardRow{Label: text2("認証", "Credential"), Text: store.CredentialKind(a.Credential).Label()}, CardRow{Label: text2("アカウントの世話", "Looked after"), Text: cared},
		fact("接続のあいだのグループ", "Groups during a session", strings.Join(a.Groups, ", ")), CardRow{Label: text2("データベースのロールのパスワード", "Password of the database role"), Text: role}, fact("備考", "Note", a.Note))}
	page.Parts = slicesWithRows([]ThingPart{changesPart(a.Changes), probePart(a)})
	if a.Credential == string(store.CredentialKey) || a.Credential == string(store.CredentialPassword) { // a certificate needs nothing kept
		page.Offers = v.ownOffers(accountPage(a), secretPath)
	}
	if len(a.Probe) == 0 {
		page.Card.Rows = append(page.Card.Rows, CardRow{Label: text2("読めないことの検査", "Probe"), Text: notProbed})
	}
	return v.showThing(page, "account", a.ID)
}

var notProbed = text2("検査していません", "not probed")

// changesPart are the changes of stored secrets that are not over.
func changesPart(all []api.SecretChange) (part ThingPart) {
	part.Table = Table{Caption: text2("進行中の鍵・パスワードの交換", "Changes of keys and passwords that are not over"),
		Columns: []text.Text{text2("作業用アカウント", "Account"), text2("認証情報", "Credential"), text2("状態", "State"), text2("開始", "Since"), text2("説明", "Meaning"), text2("次にすること", "Next step"), text2("次の試行", "Next try"), text2("詳細", "Particulars")}}
	for _, c := range all {
		chip, again := Chip{Text: text2("進行中", "under way"), Shape: "triangle", Kind: "warning"}, text.Text{}
		if c.Failed > 0 {
			chip, again = Chip{Text: text2("失敗", "failed"), Shape: "octagon", Kind: "stop"}, text.Moment(c.Again)
		}
		part.Rows = append(part.Rows, []ThingCell{{Text: text.Same(c.Account)}, {Text: store.CredentialKind(c.Credential).Label()}, {Chip: &chip}, {Text: text.Moment(c.Since)}, {Text: c.Said}, {Text: c.Next}, {Text: again}, {Text: text.Same(c.Error)}})
	}
	return part
}

// probePart are the newest trials of what an account must not be able to read.
func probePart(a api.Account) (part ThingPart) {
	part.Table = Table{Caption: text2("読めないことの検査(完全な証明ではない)", "Probe of what it cannot read (no complete proof)"),
		Columns: []text.Text{text2("対象", "Thing"), text2("結果", "Result"), text2("検査した時", "Probed"), text2("詳細", "Particulars")}}
	for _, one := range a.Probes {
		chip, at := Chip{Text: notProbed, Shape: "triangle", Kind: "warning"}, text.Text{}
		if !one.At.IsZero() {
			r := store.ProbeResult(one.Result)
			chip, at = Chip{Text: r.Label(), Shape: "check", Kind: "ok"}, text.Moment(one.At)
			if r == store.CanRead {
				chip.Shape, chip.Kind = "octagon", "stop"
			}
		}
		part.Rows = append(part.Rows, []ThingCell{{Text: text.Same(one.What)}, {Chip: &chip}, {Text: at}, {Text: text.Same(one.Detail)}})
	}
	return part
}
