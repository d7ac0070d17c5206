package view

import (
	"context"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/sheet"
	"sekimori/policy"
	"sekimori/policy/text"
)

// requestForm is what form 5.1 shows.
type requestForm struct {
	api.Checked
	b Brief
	v *Views
}

func (v *Views) requestSheet(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	k, err := v.Check(ctx, by, a.ID)
	if err != nil {
		return nil, err
	}
	b, err := v.Brief(ctx, k.Whole)
	if err != nil {
		return nil, err
	}
	s := &sheet.Sheet{No: text.Request(k.Request), Parts: filled(requestParts(), requestRows(), requestForm{k, b, v})}
	s.Decided = decidedOf(k.Whole, b)
	if k.Whole.Drill {
		s.Marks = append(s.Marks, text.Of("訓練", "DRILL"))
	}
	s.Notes, err = v.requestNotes(ctx, k.Request)
	return s, err
}

// decidedOf fills 決裁欄: the newest approval of each stage of the version as it stands, and that a deputy's decision was seen.
func decidedOf(r api.Request, b Brief) []sheet.Decided {
	out := make([]sheet.Decided, len(decisionBoxes))
	for i, title := range decisionBoxes {
		out[i].Title = title
	}
	for _, d := range r.Decisions {
		verdict := request.Verdict(d.Verdict)
		if d.Version != r.Version {
			continue
		}
		at, who := text.Moment(d.At), titled(b.People[d.By])
		switch {
		case verdict == request.VerdictSeen:
			out[2].Said = text.Of("後閲 "+at.JA+" "+who, "Seen "+at.EN+" "+who)
		case (verdict == request.VerdictApprove || verdict == request.VerdictAfter) && (d.Stage == 1 || d.Stage == 2):
			out[d.Stage-1].Said = text.Of("電子承認済 "+at.JA+" "+who, "Approved electronically "+at.EN+" "+who)
		}
	}
	return out
}

func requestParts() []formPart[requestForm] {
	return []formPart[requestForm]{
		{key: "filing", ja: "申請", en: "Application"},
		{key: "work", ja: "1 作業(種類・目的・手順・戻し方)", en: "1 Work"},
		{key: "targets", ja: "2 接続先と権限", en: "2 Targets and rights"},
		{key: "time", ja: "3 日時", en: "3 Time"},
		{key: "people", ja: "4 作業する人", en: "4 Engineers"},
		{key: "data", ja: "5 情報の扱い", en: "5 Data handling"},
		{key: "checks", ja: "6 確認事項", en: "6 Items to confirm", rows: requestForm.checks, columns: []sheet.Column{
			column("no", "番号", "No.", sheet.Number, 1), column("item", "項目", "Item", sheet.Words, 4), column("state", "結果", "Result", sheet.Code, 1), column("cause", "内容", "Finding", sheet.Words, 5)}},
		{key: "diff", ja: "前回との違い", en: "Changes since last time", rows: requestForm.differences, columns: []sheet.Column{
			column("kind", "区分", "Change", sheet.Code, 1), column("field", "項目", "Item", sheet.Words, 3), column("from", "前回", "Before", sheet.Words, 3), column("to", "今回", "Now", sheet.Words, 3)}},
		{key: "decisions", ja: "7 判断・条件・理由", en: "7 Decisions, conditions, reasons", rows: requestForm.decisions, columns: []sheet.Column{
			column("stage", "段", "Stage", sheet.Words, 2), column("decision", "決裁", "Decision", sheet.Words, 5), column("verdict", "判断", "Verdict", sheet.Code, 2), column("decided_at", "日時", "At", sheet.Time, 4),
			column("reason", "理由・条件", "Reason and conditions", sheet.Words, 4)}},
		{key: "notice", ja: "8 監視の告知", en: "8 Notice of monitoring"},
	}
}

var workTypes = map[string]text.Text{"fault": text.Of("障害対応", "Fault"), "routine": text.Of("定期保守", "Routine"), "update": text.Of("版の更新", "Update"), "survey": text.Of("調査", "Survey"), "other": text.Of("その他", "Other")}

var fileWays = map[string]text.Text{"": none, "none": none, policy.FilesIn: text.Of("持込み", "in"), policy.FilesOut: text.Of("持出し", "out"), policy.FilesBoth: text.Of("持込みと持出し", "in and out")}

// requestRows are the fields of form 5.1, in its order.
func requestRows() []formRow[requestForm] {
	type f = requestForm
	said := func(of func(api.Request) string) func(f) sheet.Cell {
		return func(x f) sheet.Cell { return spelled(of(x.Whole)) }
	}
	return []formRow[f]{
		{"filing", "request_no", "申請番号", "Request", sheet.Words, func(x f) sheet.Cell { return sheet.Cell{Code: x.Request, Text: text.Request(x.Request)} }},
		{"filing", "filed_on", "申請日", "Filed on", sheet.Day, func(x f) sheet.Cell { return sheet.On(x.Whole.Created) }},
		{"filing", "requester", "申請者", "Requester", sheet.Words, func(x f) sheet.Cell { return spelled(titled(x.b.Requester)) }},
		{"filing", "vendor", "保守事業者", "Vendor", sheet.Words, func(x f) sheet.Cell { return spelled(nameAndID(x.b.Vendor)) }},
		{"filing", "contract_no", "契約番号", "Contract number", sheet.Words, said(func(r api.Request) string { return r.ContractNo })},
		{"work", "work_type", "作業種別", "Type of work", sheet.Code, func(x f) sheet.Cell { return sheet.Coded(x.Whole.WorkType, text.Label(workTypes, x.Whole.WorkType)) }},
		{"work", "purpose", "目的", "Purpose", sheet.Words, said(func(r api.Request) string { return r.Purpose })},
		{"work", "fault_no", "障害番号", "Fault number", sheet.Words, said(func(r api.Request) string { return r.FaultNo })},
		{"work", "likely_cause", "想定原因", "Likely cause", sheet.Words, said(func(r api.Request) string { return r.LikelyCause })},
		{"work", "phone_triage", "電話での切り分け", "Phone triage", sheet.Words, said(func(r api.Request) string { return r.PhoneTriage })},
		{"work", "responsible_party", "責任を負う事業者", "Responsible company", sheet.Words, func(x f) sheet.Cell { return spelled(nameAndID(x.b.Responsible)) }},
		{"work", "procedure", "手順概要", "Procedure", sheet.Words, said(func(r api.Request) string { return r.Procedure })},
		{"work", "rollback", "戻し方", "Roll-back", sheet.Words, said(func(r api.Request) string { return r.Rollback })},
		{"targets", "system", "対象システム", "System", sheet.Words, func(x f) sheet.Cell { return spelled(x.b.System) }},
		{"targets", "targets", "接続先", "Targets", sheet.Words, func(x f) sheet.Cell { return lines(x.targets()) }},
		{"targets", "account", "作業用アカウント", "Accounts", sheet.Words, func(x f) sheet.Cell { return lines(x.accounts()) }},
		{"targets", "extra_rights", "追加権限", "Extra rights", sheet.Words, func(x f) sheet.Cell { return lines(x.extraRights()) }},
		{"time", "start", "開始", "Start", sheet.Time, func(x f) sheet.Cell { return sheet.At(x.Whole.Start) }},
		{"time", "end", "終了", "End", sheet.Time, func(x f) sheet.Cell { return sheet.At(x.Whole.End) }},
		{"time", "urgent", "至急", "Urgent", sheet.Words, said(func(r api.Request) string { return r.Urgent })},
		{"people", "engineers", "保守要員", "Engineers", sheet.Words, func(x f) sheet.Cell { return lines(x.engineers()) }},
		{"people", "employer", "所属・再委託", "Employer", sheet.Words, func(x f) sheet.Cell { return spelled(nameAndID(x.b.Vendor)) }},
		{"people", "phone", "連絡先電話", "Phone", sheet.Words, said(func(r api.Request) string { return r.Phone })},
		{"people", "attendant", "立会者", "Attendant", sheet.Words, func(x f) sheet.Cell { return spelled(titled(x.b.Attendant)) }},
		{"data", "personal_info", "個人情報", "Personal data", sheet.Flag, func(x f) sheet.Cell { return sheet.YesNo(x.Whole.PersonalData) }},
		{"data", "individual_number", "個人番号", "Individual numbers", sheet.Flag, func(x f) sheet.Cell { return sheet.YesNo(x.Whole.IndividualNumber) }},
		{"data", "individual_reason", "個人番号の特例の理由", "Special-case reason", sheet.Words, said(func(r api.Request) string { return r.IndividualReason })},
		{"data", "file_exchange", "ファイル授受", "File exchange", sheet.Code, func(x f) sheet.Cell {
			way := x.Whole.FileDirection
			if x.Whole.Files != policy.FilesAllowed {
				way = "none"
			}
			return sheet.Coded(way, text.Label(fileWays, way))
		}},
		{"data", "file_detail", "ファイル名と目的", "Files and purpose", sheet.Words, said(func(r api.Request) string { return r.FilesDetail })},
		{"notice", "notice_version", "告知の版", "Version of the notice", sheet.Number, func(x f) sheet.Cell {
			if x.v.o.NoticeVersion == 0 {
				return sheet.Cell{}
			}
			return sheet.Count(int64(x.v.o.NoticeVersion))
		}},
		{"notice", "conditions", "条件", "Conditions", sheet.Words, said(func(r api.Request) string { return r.Conditions })},
		{"notice", "recording_told", "記録と立会いの説明", "Told of recording", sheet.Flag, func(x f) sheet.Cell { return sheet.YesNo(x.Whole.RecordingTold) }},
		{"notice", "clauses_told", "特記事項の説明", "Told of the clauses", sheet.Flag, func(x f) sheet.Cell { return sheet.YesNo(x.Whole.ClausesTold) }},
	}
}

// titled is a person with their office.
func titled(n Named) string { return strings.TrimSpace(n.Title + " " + nameAndID(n)) }

func (x requestForm) targets() (out []string) {
	seen := map[string]bool{}
	for _, a := range x.b.Accounts {
		if t := a.Target; t != "" && !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

func (x requestForm) accounts() (out []string) {
	for _, a := range x.b.Accounts {
		out = append(out, strings.TrimSpace(a.ID+" "+a.Note))
	}
	return out
}

func (x requestForm) extraRights() []string {
	out := append([]string{}, x.Whole.ExtraRights...)
	for _, why := range []string{x.Whole.ExtraReason, x.Whole.RootReason} {
		if why != "" {
			out = append(out, "("+why+")")
		}
	}
	return out
}

func (x requestForm) engineers() (out []string) {
	for _, e := range x.b.Engineers {
		out = append(out, nameAndID(e))
	}
	return out
}

func (x requestForm) checks() (out [][]sheet.Cell) {
	for _, i := range x.Items {
		out = append(out, []sheet.Cell{sheet.Count(int64(i.No)), sheet.Said(text.Of(i.NameJA, i.NameEN)), sheet.Coded(i.State, policy.ItemState(i.State).Label()), sheet.Said(text.Of(i.CauseJA, i.CauseEN))})
	}
	return out
}

var changeWords = map[string]text.Text{"added": text.Of("追加", "added"), "removed": text.Of("削減", "removed"), "changed": text.Of("変更", "changed"), "same": text.Of("同じ", "same")}

func (x requestForm) differences() (out [][]sheet.Cell) {
	if x.First {
		return [][]sheet.Cell{{{}, sheet.Said(text.Of("前回の利用許可はありません(初回)。", "No earlier grant (first time).")), {}, {}}}
	}
	for _, d := range x.Differences {
		out = append(out, []sheet.Cell{sheet.Coded(d.Kind, text.Label(changeWords, d.Kind)), sheet.Said(text.Of(d.NameJA, d.NameEN)), sheet.Said(text.Of(d.FromJA, d.FromEN)), sheet.Said(text.Of(d.ToJA, d.ToEN))})
	}
	return out
}

// decisions print as 電子承認済 with moment and office.
func (x requestForm) decisions() (out [][]sheet.Cell) {
	stages := map[int]text.Text{1: text.Of("第一承認", "First approval"), 2: text.Of("第二承認", "Second approval")}
	for _, d := range x.Whole.Decisions {
		by, verdict := x.b.People[d.By], request.Verdict(d.Verdict)
		who, at := titled(by), text.Moment(d.At)
		said := text.Of(verdict.Label().JA+" "+at.JA+" "+who, verdict.Label().EN+" "+at.EN+" "+who)
		if verdict == request.VerdictApprove || verdict == request.VerdictAfter {
			said = text.Of("電子承認済 "+at.JA+" "+who, "Approved electronically "+at.EN+" "+who)
		}
		if d.OnBehalf != "" {
			behalf := titled(x.b.People[d.OnBehalf])
			said = text.Of(said.JA+"(代決 "+behalf+")", said.EN+" (deputy of "+behalf+")")
		}
		if d.Version != x.Whole.Version {
			said = text.Of(said.JA+"(以前の版)", said.EN+" (earlier version)")
		}
		why := func(lang string) string {
			return strings.TrimSpace(d.Reason + "\n" + requests.ConditionsText(d.Conditions, lang, x.v.o.Zone))
		}
		stage := stages[d.Stage]
		if verdict == request.VerdictSeen {
			stage = verdict.Label()
		}
		out = append(out, []sheet.Cell{sheet.Said(stage), sheet.Said(said), sheet.Coded(d.Verdict, verdict.Label()), sheet.At(d.At), sheet.Said(text.Of(why("ja"), why("en")))})
	}
	return out
}
