package pages

import (
	"net/url"
	"slices"
	"strings"

	"sekimori/broker/request"
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// requestLines are the form's inputs of one value, with the words of the page.
var requestLines = []struct {
	key, control string
	label, hint  text.Text
	required     bool
}{
	{"purpose", "text", text2("目的", "Purpose"), text2("何を直すか、一文で", "what is to be mended, in one sentence"), true},
	{"fault_no", "text", text2("障害番号", "Fault number"), text2("障害のとき", "for a fault"), false},
	{"likely_cause", "text", text2("想定される原因", "Likely cause"), text2("障害のときは必須", "needed for a fault"), false},
	{"phone_triage", "text", text2("電話での切り分け結果", "Result of phone triage"), text2("障害のときは必須", "needed for a fault"), false},
	{"procedure", "textarea", text2("手順の概要", "Procedure"), text.Text{}, false},
	{"rollback", "textarea", text2("うまくいかないときの戻し方", "Roll-back"), text.Text{}, false},
	{"contract_no", "text", text2("契約番号", "Contract number"), text.Text{}, false},
	{"extra_rights", "textarea", text2("追加の権限", "Extra rights"), text2("作業用アカウントの権限のほかに要るもの。1行に一つ。なければ空のまま", "beside the account's own, one a line; empty: none"), false},
	{"extra_reason", "text", text2("追加の権限の理由", "Why the extra rights"), text.Text{}, false},
	{"root_reason", "text", text2("管理者権限の理由", "Why administrator rights"), text2("管理者権限のアカウントを選んだとき。第二承認が必要です", "for an administrator's account; a second approval is needed"), false},
	{"recurrence", "text", text2("繰返し", "Recurrence"), text2("毎週なら FREQ=WEEKLY;COUNT=4 のように。1回だけなら空のまま", "such as FREQ=WEEKLY;COUNT=4; empty: once"), false},
	{"urgent", "text", text2("至急の理由", "Urgent, because"), text2("書くと至急になり、承認者と代決者へ同時に通知します", "makes it urgent: approver and deputies are told at once"), false},
	{"phone", "tel", text2("作業中に出られる電話", "Phone during work"), text2("本人確認に使います", "used for the identity check"), true},
	{"person_limit", "number", text2("同時に入る人数", "Persons at once"), text2("空のままなら1人", "empty: one"), false},
	{"individual_reason", "text", text2("個人番号の特例の理由", "Special-case reason for individual numbers"), text.Text{}, false},
	{"files_detail", "text", text2("ファイル名と目的", "Name the file and purpose"), text2("記録媒体は使えません", "removable media cannot be used"), false},
	{"file_paths_in", "textarea", text2("持込み先の場所", "Paths in"), text2("接続先のディレクトリ。/ から始め、1行に一つ。空ならシステムの決まりまで", "directories on the target, from /, one a line; empty: as the system's rule"), false},
	{"file_paths_out", "textarea", text2("持出し元の場所", "Paths out"), text2("接続先のディレクトリ。/ から始め、1行に一つ。空ならシステムの決まりまで", "directories on the target, from /, one a line; empty: as the system's rule"), false},
	{"file_limit_mib", "number", text2("一つのファイルの大きさの限度(MiB)", "File limit (MiB)"), text2("空ならシステムの決まりまで", "empty: as the system's rule"), false},
	{"sanitised", "text", text2("無害化の申告", "Sanitised"), text2("送る側で行った無害化・検査の方法と日付", "how and when the sender sanitised the files"), false},
}

// fill puts what was typed into the inputs.
func (page *RequestForm) fill(values url.Values, wrong map[string]text.Text) {
	for _, l := range requestLines {
		f := Field{Key: l.key, Label: l.label, Hint: l.hint, Control: l.control, Value: values.Get(l.key), Required: l.required, Error: wrong[l.key]}
		switch l.key {
		case "extra_rights", "file_paths_in", "file_paths_out":
			f.Value = strings.Join(values[l.key], "\n")
		case "phone":
			f.Complete = "tel"
		}
		page.Lines[l.key] = f
	}
	page.Start = instantField("start", text2("開始", "Start"), values, wrong)
	page.End = instantField("end", text2("終了", "End"), values, wrong)
	page.Downtime = instantField("staff_downtime", text2("職員端末を使えない終わり(あれば)", "Staff terminals down until (if at all)"), values, wrong)
	page.Downtime.Required = false
	page.DrillBox = Field{Key: "drill", Label: text2("訓練", "Drill"), Control: "checkbox", Checked: values.Get("drill") != "", Error: wrong["drill"]}
}

func instantField(key string, label text.Text, values url.Values, wrong map[string]text.Text) InstantField {
	f := InstantField{Key: key, Label: label, Error: wrong[key], Required: true,
		Year: values.Get(key + ".year"), Month: values.Get(key + ".month"), Day: values.Get(key + ".day"), Hour: values.Get(key + ".hour"), Minute: values.Get(key + ".minute")}
	return f
}

// Wrong tells whether the instant has a mistake, for aria-invalid.
func (f InstantField) Wrong() bool { return !f.Error.IsZero() }

// choose fills the choices.
func (page *RequestForm) choose(values url.Values, wrong map[string]text.Text, c view.Choices) {
	radio := func(key, id string, label text.Text, required bool, words ...Choice) Group {
		g := Group{Key: key, ID: id, Label: label, Error: wrong[id], Required: required}
		for i, w := range words {
			w.Set = values.Get(key) == w.Word || values.Get(key) == "" && i == 0 && !required
			g.Choices = append(g.Choices, w)
		}
		return g
	}
	page.WorkType = radio("work_type", "work_type", text2("作業の種類", "Type of work"), true,
		Choice{Word: "fault", Text: text2("障害対応", "Fault")}, Choice{Word: "routine", Text: text2("定期保守", "Routine")}, Choice{Word: "update", Text: text2("版の更新", "Update")},
		Choice{Word: "survey", Text: text2("調査", "Survey")}, Choice{Word: "other", Text: text2("その他", "Other")})
	page.Personal = radio("personal_data", "personal_data", text2("個人情報", "Personal data"), false, Choice{Word: "no", Text: text2("扱わない", "Not handled")}, Choice{Word: "yes", Text: text2("扱う", "Handled")})
	page.Numbers = radio("individual_number", "individual_number", text2("個人番号", "Individual numbers"), false,
		Choice{Word: "no", Text: text2("見えない", "Not visible")}, Choice{Word: "yes", Text: text2("見える(特例の理由が必要)", "Visible (needs a special-case reason)")})
	page.Files = radio("file_direction", "files", text2("ファイル授受", "File exchange"), false, Choice{Word: "none", Text: text2("なし", "None")},
		Choice{Word: "in", Text: text2("持込み", "Bring in")}, Choice{Word: "out", Text: text2("持出し", "Take out")}, Choice{Word: "both", Text: text2("持込みと持出し", "Both")})

	page.System = Field{Key: "system", Label: text2("システム", "System"), Control: "select", Required: true, Error: wrong["system"], Choices: []Choice{{Text: text2("選んでください", "Choose")}}}
	named(&page.System, values.Get("system"), c.Systems)
	if page.Portal {
		page.System = typedSystem(page.System, values.Get("system"), c.Systems)
	}
	responsible := Field{Key: "responsible_party", Label: text2("責任を負う事業者", "Responsible company"), Control: "select", Required: true, Error: wrong["responsible_party"], Choices: []Choice{{Text: text2("選んでください", "Choose")}}}
	named(&responsible, values.Get("responsible_party"), c.Vendors)
	page.Lines["responsible_party"] = responsible
	attendant := Field{Key: "attendant", Label: text2("立会者", "Attendant"), Control: "select", Error: wrong["attendant"], Choices: []Choice{{Text: text2("未定", "none yet")}}}
	named(&attendant, values.Get("attendant"), c.Attendants)
	page.Lines["attendant"] = attendant

	page.Accounts = Group{Key: "accounts", ID: "accounts", Label: text2("接続先と作業用アカウント", "Targets and accounts"), Error: wrong["accounts"], Multiple: true, Required: true}
	listed := map[string]bool{}
	for _, a := range c.Accounts {
		listed[a.ID] = true
		said := a.Target + " / " + accountText(a)
		page.Accounts.Choices = append(page.Accounts.Choices, Choice{Word: a.ID, Text: text.Same(said), Set: slices.Contains(values["accounts"], a.ID)})
	}
	page.Lines["accounts_more"] = Field{Key: "accounts_more", Label: text2("上にないアカウント", "Other accounts"), Hint: text2("hr-db01/hrmnt01 のように", "such as hr-db01/hrmnt01"), Control: "text", Value: unlisted(values["accounts"], listed)}
	people := map[string]bool{}
	for _, crew := range c.Engineers {
		g := Group{Key: "engineers", ID: "engineers-" + crew.Vendor.ID, Label: text.Same(crew.Vendor.Name), Multiple: true}
		if crew.Partner != "" {
			g.Hint = text2("再委託先(元請 "+crew.Partner+")", "subcontractor of "+crew.Partner)
		}
		for _, p := range crew.People {
			people[p.ID] = true
			g.Choices = append(g.Choices, Choice{Word: p.ID, Text: text.Same(p.Name + "(" + p.ID + ")"), Set: slices.Contains(values["engineers"], p.ID)})
		}
		page.Crews, page.Left = append(page.Crews, g), page.Left+crew.Left
	}
	page.Lines["engineers_more"] = Field{Key: "engineers_more", Label: text2("上にない保守要員", "Other engineers"), Hint: text2("番号かログイン名", "id or login"), Control: "text", Value: unlisted(values["engineers"], people)}
	page.Lines["engineers"] = Field{Key: "engineers", Label: text2("作業する人", "Engineers"), Error: wrong["engineers"]}
}

// typedSystem makes the input of the system one that is typed: people of a vendor are not told which systems there are, but must be able to
// name one on which they have not worked before.
func typedSystem(f Field, chosen string, known []view.Named) Field {
	f.Control, f.Value, f.Choices = "text", chosen, nil
	f.Hint = text2("所管課から聞いた番号", "The id that the section told you")
	if len(known) > 0 {
		var before []string
		for _, n := range known {
			before = append(before, strings.TrimSpace(n.ID+" "+n.Name))
		}
		f.Hint = text2(f.Hint.JA+"。これまでの申請: "+strings.Join(before, "、"), f.Hint.EN+". In earlier requests: "+strings.Join(before, ", "))
	}
	return f
}

func named(f *Field, chosen string, list []view.Named) {
	there := chosen == ""
	for _, n := range list {
		f.Choices = append(f.Choices, Choice{Word: n.ID, Text: text.Same(strings.TrimSpace(n.Name + " " + n.ID)), Set: n.ID == chosen})
		there = there || n.ID == chosen
	}
	if !there {
		f.Choices = append(f.Choices, Choice{Word: chosen, Text: text.Same(chosen), Set: true})
	}
}

func unlisted(values []string, listed map[string]bool) string {
	var rest []string
	for _, v := range values {
		if !listed[v] {
			rest = append(rest, v)
		}
	}
	return strings.Join(rest, " ")
}

// saidTimes says the typed times in other words, so that a slip shows.
func (v *visit) saidTimes(values url.Values) text.Text {
	f, _ := request.Typed(values, v.p.o.Zone)
	if f.Start.IsZero() || !f.Start.Before(f.End) {
		return text.Text{}
	}
	return text.Span(f.Start.In(v.p.o.Zone), f.End.In(v.p.o.Zone))
}
