package request

import (
	"fmt"
	"slices"
	"time"

	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/policy"
	"sekimori/policy/text"
)

// More than one maintenance needs. Each account and engineer is looked up while the store's one writer waits, so a list of a hundred
// thousand names would stop everyone's writes.
const (
	mostRights    = 20
	mostAccounts  = 50
	mostEngineers = 50
	mostPersons   = 20
	mostForwards  = 20
)

// workFault is the kind of work that needs further fields.
const workFault = "fault"

// Fields are the fields of a request in the order of the form.
var Fields = field.Table[Form]{
	field.Text("system", "システム", "System", func(f *Form) *string { return &f.System }).Must().Copied(),
	field.List("accounts", "作業用アカウント", "Accounts", func(f *Form) *[]string { return &f.Accounts }).Must().Copied().
		Need("account-required", "接続先と作業用アカウントを選んでください。", "Choose target and account.").
		Bound(func(f *Form) bool { return len(f.Accounts) > mostAccounts }, "too-many",
			fmt.Sprintf("作業用アカウントは%d件までです。", mostAccounts), fmt.Sprintf("At most %d accounts.", mostAccounts)),
	field.List("engineers", "保守要員", "Engineers", func(f *Form) *[]string { return &f.Engineers }).Must().Copied().
		Need("engineer-required", "作業する人を選んでください。", "Choose who works.").
		Bound(func(f *Form) bool { return len(f.Engineers) > mostEngineers }, "too-many",
			fmt.Sprintf("作業する人は%d人までです。", mostEngineers), fmt.Sprintf("At most %d engineers.", mostEngineers)),
	field.Own("start", "開始", "Start", func(f *Form) *time.Time { return &f.Start },
		func(f *Form, v forms.Value, zone *time.Location) { f.Start, f.StartIn = readInstant(v, zone) },
		func(f *Form) string { return writeInstant(f.Start, f.StartIn) },
		func(f *Form, lang string) string { return sayInstant(f.Start, f.StartIn, lang) }).
		Taking(func(to, from *Form) { to.Start, to.StartIn = from.Start, from.StartIn }).Must().Hint("2026-11-24T10:00"),
	field.Own("end", "終了", "End", func(f *Form) *time.Time { return &f.End },
		func(f *Form, v forms.Value, zone *time.Location) { f.End, f.Length = readInstant(v, zone) },
		func(f *Form) string { return writeInstant(f.End, f.Length) },
		func(f *Form, lang string) string { return sayInstant(f.End, f.Length, lang) }).
		Taking(func(to, from *Form) { to.End, to.Length = from.End, from.Length }).Must().Hint("2026-11-24T11:30"),
	field.Instant("staff_downtime", "端末停止の終わり", "Staff terminals down until", func(f *Form) *time.Time { return &f.StaffDowntime }).
		Bound(func(f *Form) bool { return !f.StaffDowntime.IsZero() && !f.StaffDowntime.After(f.Start) }, "downtime-before-start",
			"端末停止の終わりは開始より後にしてください。", "Staff terminals must be down until after the start."),
	field.Text("recurrence", "繰返し", "Recurrence", func(f *Form) *string { return &f.Recurrence }),
	field.Text("purpose", "目的", "Purpose", func(f *Form) *string { return &f.Purpose }).Hint("目的 / purpose").
		NeedIf(func(f *Form) bool { return policy.Blank(f.Purpose) }, "purpose-required", "目的を入力してください。例: 10月分給与計算の誤りの調査", "Enter the purpose."),
	field.Choice("work_type", "作業種別", "Work type", func(f *Form) *string { return &f.WorkType }, "other",
		field.Name(workFault, "障害対応", "fault"), field.Name("routine", "定期保守", "routine"), field.Name("update", "版の更新", "update"),
		field.Name("survey", "調査", "survey"), field.Name("other", "その他", "other")).Copied(),
	field.Text("contract_no", "契約番号", "Contract no", func(f *Form) *string { return &f.ContractNo }).Copied(),
	field.Text("responsible_party", "責任を負う事業者", "Responsible", func(f *Form) *string { return &f.ResponsibleParty }).Formerly("responsible").Copied().
		Hint("責任を負う事業者 / responsible company").Need("responsible-required", "責任を負う事業者を選んでください。", "Choose the responsible company."),
	field.Text("phone", "連絡先電話", "Phone", func(f *Form) *string { return &f.Phone }).Copied().Hint("作業中に出られる電話 / a phone reachable during work").
		Need("phone-required", "作業中に出られる電話番号を入力してください。本人確認に使います。", "Enter a phone reachable during work."),
	field.Text("fault_no", "障害番号", "Fault no", func(f *Form) *string { return &f.FaultNo }).HintIf(ofFault, "障害番号 / number of the fault"),
	field.Text("likely_cause", "想定原因", "Likely cause", func(f *Form) *string { return &f.LikelyCause }).Formerly("fault_cause").
		HintIf(ofFault, "想定される原因 / likely cause"),
	field.Text("phone_triage", "電話での切り分け", "Phone triage", func(f *Form) *string { return &f.PhoneTriage }).Formerly("fault_triage").
		HintIf(ofFault, "電話での切り分け結果 / result of phone triage").
		NeedIf(func(f *Form) bool { return ofFault(f) && (f.LikelyCause == "" || f.PhoneTriage == "") }, "triage-required",
			"障害対応では、想定される原因と電話での切り分け結果を入力してください。", "Enter likely cause and phone triage for a fault."),
	field.Text("procedure", "手順概要", "Procedure", func(f *Form) *string { return &f.Procedure }).Copied(),
	field.Text("rollback", "戻し方", "Roll-back", func(f *Form) *string { return &f.Rollback }).Copied(),
	field.Text("urgent", "至急の理由", "Urgent", func(f *Form) *string { return &f.Urgent }),
	field.Text("attendant", "立会者", "Attendant", func(f *Form) *string { return &f.Attendant }).Copied(),
	field.Choice("files", "ファイル授受", "Files", func(f *Form) *policy.FilesRule { return &f.Files }, policy.FilesNone,
		field.Labelled(policy.FilesNone, policy.FilesAllowed)...).Copied(),
	field.Choice("file_direction", "ファイルの向き", "File direction", func(f *Form) *string { return &f.FileDirection }, "",
		field.Name("in", "持込み", "in"), field.Name("out", "持出し", "out"), field.Name("both", "持込みと持出し", "both")).Copied(),
	field.Text("files_detail", "授受するファイル", "Files detail", func(f *Form) *string { return &f.FilesDetail }).Copied().
		NeedIf(func(f *Form) bool { return f.Files == policy.FilesAllowed && f.FilesDetail == "" }, "file-detail-required",
			"授受するファイルの名前と目的を入力してください。", "Name the file and purpose."),
	paths("file_paths_in", "持込み先の場所", "Paths in", func(f *Form) *[]string { return &f.FilePathsIn }),
	paths("file_paths_out", "持出し元の場所", "Paths out", func(f *Form) *[]string { return &f.FilePathsOut }),
	field.Int("file_limit_mib", "一つのファイルの大きさの限度(MiB)", "File limit (MiB)", 1, policy.LargestFileMiB, func(f *Form) *int { return &f.FileLimitMiB }).Copied(),
	field.Text("sanitised", "無害化の申告", "Sanitised", func(f *Form) *string { return &f.Sanitised }).Copied().
		HintIf(func(f *Form) bool { return f.Files == policy.FilesAllowed && f.FileDirection != policy.FilesOut },
			"送る側で行った無害化・検査の方法と日付 / how and when the sender sanitised the files"),
	field.List("extra_rights", "追加権限", "Extra rights", func(f *Form) *[]string { return &f.ExtraRights }).Copied().
		Bound(func(f *Form) bool { return len(f.ExtraRights) > mostRights }, "too-many",
			fmt.Sprintf("追加の権限は%d件までです。", mostRights), fmt.Sprintf("At most %d extra rights.", mostRights)),
	field.Text("extra_reason", "追加権限の理由", "Extra rights because", func(f *Form) *string { return &f.ExtraReason }).
		HintIf(func(f *Form) bool { return len(f.ExtraRights) > 0 }, "追加の権限が要る理由 / why the extra rights").
		NeedIf(func(f *Form) bool { return len(f.ExtraRights) > 0 && f.ExtraReason == "" }, "extra-reason-required",
			"追加の権限が必要な理由を入力してください。", "Say why the extra rights are needed."),
	field.List("commands", "実行する命令", "Commands", func(f *Form) *[]string { return &f.Commands }).Copied().
		Bound(func(f *Form) bool { return policy.BadCommands(f.Commands) }, "bad-command", policy.CommandRule.JA, policy.CommandRule.EN),
	field.Text("forced_command", "強制する命令", "Forced command", func(f *Form) *string { return &f.ForcedCommand }).Copied().
		Bound(func(f *Form) bool { return policy.BadForced(f.ForcedCommand) }, "bad-command", policy.CommandRule.JA, policy.CommandRule.EN).
		NeedIf(func(f *Form) bool { return f.ForcedCommand != "" && len(f.Commands) > 0 }, "commands-twice",
			"実行する命令の一覧と強制する命令は、どちらか一方にしてください。", "Give either a list of commands or one forced command."),
	field.List("forwards", "ポート転送の先", "Forwards to", func(f *Form) *[]string { return &f.Forwards }).Copied().
		Bound(func(f *Form) bool { return len(f.Forwards) > mostForwards }, "too-many",
			fmt.Sprintf("ポート転送の先は%d件までです。", mostForwards), fmt.Sprintf("At most %d destinations.", mostForwards)),
	field.Text("root_reason", "管理者権限の理由", "Root because", func(f *Form) *string { return &f.RootReason }),
	field.Bool("personal_data", "個人情報", "Personal data", func(f *Form) *bool { return &f.PersonalData }).Copied(),
	field.Bool("individual_number", "個人番号", "Individual numbers", func(f *Form) *bool { return &f.IndividualNumber }).Copied(),
	field.Text("individual_reason", "個人番号の特例の理由", "Special-case reason", func(f *Form) *string { return &f.IndividualReason }).
		HintIf(func(f *Form) bool { return f.IndividualNumber }, "特例の理由 / special-case reason").
		NeedIf(func(f *Form) bool { return f.IndividualNumber && f.IndividualReason == "" }, "individual-reason-required",
			"個人番号が見える作業には、特例の理由を入力してください。", "Work that shows individual numbers needs a special-case reason."),
	field.Int("person_limit", "同時に入る人数", "Persons at once", 1, mostPersons, func(f *Form) *int { return &f.PersonLimit }).Copied(),
	field.Bool("drill", "訓練", "Drill", func(f *Form) *bool { return &f.Drill }).Copied(),
	field.Bool("clauses_told", "特記事項の周知", "Clauses told", func(f *Form) *bool { return &f.ClausesTold }).NeedElsewhere("declaration-required",
		"特記事項(複写・複製・持出しの禁止など)を作業者に周知したうえで、clauses_told: true と申告してください。",
		"Tell the engineers the special clauses (no copies, nothing taken out), then declare clauses_told: true."),
	field.Bool("recording_told", "記録と立会いの周知", "Recording told", func(f *Form) *bool { return &f.RecordingTold }).NeedElsewhere("declaration-required",
		"接続は記録され、立会者が見ることを作業者に伝えたうえで、recording_told: true と申告してください。",
		"Tell the engineers that sessions are recorded and watched, then declare recording_told: true."),

	// Fields that the office sets.
	field.Shown("occurrences", "回", "Occurrences", func(f *Form) *[]Interval { return &f.Occurrences },
		func(f *Form, lang string) string { return sayIntervals(f.Occurrences, lang) }).Zoned(func(f *Form, zone *time.Location) {
		f.Occurrences = slices.Clone(f.Occurrences)
		for i, o := range f.Occurrences {
			f.Occurrences[i] = Interval{Start: o.Start.In(zone), End: o.End.In(zone)}
		}
	}),
	field.Text("series", "一連の申請", "Series", func(f *Form) *string { return &f.Series }).NoInput(),
	field.Text("conditions", "条件", "Conditions", func(f *Form) *string { return &f.Conditions }).NoInput(),
	field.Shown("emergency", "緊急の理由", "Emergency", func(f *Form) **Emergency { return &f.Emergency }, func(f *Form, _ string) string {
		if f.Emergency == nil {
			return ""
		}
		return f.Emergency.Reason
	}),
	// The conditions show the limit in words.
	field.Shown("extension_limit_ms", "延長の限度", "Extension limit", func(f *Form) **int64 { return &f.ExtensionLimitMS }, func(*Form, string) string { return "" }),
}

func ofFault(f *Form) bool { return f.WorkType == workFault }

// Asked gives the fields of a form that people may set, without those of the office.
func Asked(f *Form) Form {
	asked := Form{hints: f.hints, places: f.places, name: f.name}
	for _, row := range Fields.Inputs() {
		row.Take(&asked, f)
	}
	return asked
}

// In is the body with its times in a zone.
func (b Body) In(zone *time.Location) Body {
	f := Form{Body: b}
	Fields.In(&f, zone)
	return f.Body
}

// Page gives the rows of a page about a request that have a value in the language, without the keys given.
func Page(b Body, lang string, without ...string) []Row {
	var rows []Row
	f := Form{Body: b}
	for _, row := range Fields {
		if value := row.Say(&f, lang); value != "" && !slices.Contains(without, row.Key) {
			rows = append(rows, Row{row.Key, row.Label, value})
		}
	}
	return rows
}

// Row is one field on a page. Value may have several lines.
type Row struct {
	Key   string
	Label text.Text
	Value string
}

// paths is a list of places on the targets, in which a request bounds one direction of its files.
func paths(key, ja, en string, at func(*Form) *[]string) field.Field[Form] {
	return field.List(key, ja, en, at).Copied().
		Bound(func(f *Form) bool { return policy.BadPlaces(*at(f)) }, "bad-path", policy.PlacesRule.JA, policy.PlacesRule.EN)
}
