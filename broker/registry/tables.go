package registry

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/forms"
	"sekimori/broker/rules"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
	"sekimori/recordings"
)

// kindOf holds the fields of one kind of thing: how the file writes each, and whether a change of it needs a second
// person. It does where the row does not say otherwise, and where no row declares the field (field.Table.Compared). The fields that
// need one are decisions' list: roles, keys of people, host keys and rules. Fields that could go round those need one too: the login,
// the section or vendor, the telephone, the addresses, and a target's address.
//
// The order is that of the fingerprints that older pending changes hold: a further row goes to the end, and is Late.
type kindOf[T any] struct {
	fields field.Table[T]
	apart  func(*T) // empties the fields that no file declares: the id, and records kept beside the registry
}

func (k kindOf[T]) compared(t T) []field.Part { return k.fields.Compared(t, k.apart) }

var sections = kindOf[store.Section]{
	fields: field.Table[store.Section]{
		field.Text("name", "名前", "Name", func(s *store.Section) *string { return &s.Name }).Must().Unguarded(),
		field.Text("phone", "電話", "Phone", func(s *store.Section) *string { return &s.Phone }).Unguarded(),
		field.Text("head", "課長", "Head", func(s *store.Section) *string { return &s.Head }).Refers(kindPerson).Unguarded(),
		field.Text("email", "電子メール", "Email", func(s *store.Section) *string { return &s.Email }).Unguarded().Late(),
	},
	apart: func(s *store.Section) { s.ID = "" },
}

// vendors: an entry that approves a subcontract needs a second person beside what the rows say (object.approvesSubcontract).
var vendors = kindOf[VendorEntry]{
	fields: field.Table[VendorEntry]{
		field.Text("login", "ログイン名", "Login", func(v *VendorEntry) *string { return &v.Login }).Unguarded().
			Reading(func(v *VendorEntry, at forms.Value) { v.Login = word(at, loginForm) }), // parse.vendor: it is the id where the file says none
		field.Text("name", "名前", "Name", func(v *VendorEntry) *string { return &v.Name }).Must().Unguarded(),
		field.Text("phone", "電話", "Phone", func(v *VendorEntry) *string { return &v.Phone }).Unguarded(),
		field.Text("email", "電子メール", "Email", func(v *VendorEntry) *string { return &v.Email }).Unguarded(),
		term("contract", "契約", "Contract", "from", "until", text.Of("契約の終わりが始まりより前です。", "the contract ends before it begins"),
			func(v *VendorEntry) (*forms.Day, *forms.Day) { return &v.From, &v.Until },
			func(v *VendorEntry) (*time.Time, *time.Time) { return &v.ContractFrom, &v.ContractUntil }).Must(),
		field.Text("prime", "元請", "Prime", func(v *VendorEntry) *string { return &v.Prime }).Refers(kindVendor).Unguarded(),
		field.Bool("prime_approved", "再委託の承認", "Prime approved", func(v *VendorEntry) *bool { return &v.PrimeApproved }).Unguarded(),
		field.Bool("qualified", "条件を満たす", "Qualified", func(v *VendorEntry) *bool { return &v.Qualified }).Must().Unguarded(),
		field.Text("unmet", "満たさない項目", "Unmet", func(v *VendorEntry) *string { return &v.Unmet }).Unguarded(),
	},
	apart: func(v *VendorEntry) {
		v.ID, v.Locked, v.PrimeDeclared = "", nil, false
		v.Certifications, v.AuditReports, v.SpecialClauses, v.Subcontract, v.Roster = nil, nil, nil, nil, time.Time{}
	},
}

var people = kindOf[PersonEntry]{
	fields: field.Table[PersonEntry]{
		field.Text("login", "ログイン名", "Login", func(p *PersonEntry) *string { return &p.Login }).Must().
			Reading(func(p *PersonEntry, v forms.Value) { p.Login = word(v, loginForm) }),
		field.Choice("kind", "区分", "Kind", func(p *PersonEntry) *policy.PersonKind { return &p.Kind }, "",
			field.Labelled(policy.Engineer, policy.Contact, policy.Staff)...).NoInput(),
		field.Text("name", "氏名", "Name", func(p *PersonEntry) *string { return &p.Name }).Must().Unguarded(),
		field.Text("title", "職名", "Title", func(p *PersonEntry) *string { return &p.Title }).Unguarded(),
		field.Text("email", "電子メール", "Email", func(p *PersonEntry) *string { return &p.Email }).Unguarded(),
		field.Text("section", "所属課", "Section", func(p *PersonEntry) *string { return &p.Section }).Must().Refers(kindSection),
		field.Text("vendor", "保守事業者", "Vendor", func(p *PersonEntry) *string { return &p.Vendor }).Must().Refers(kindVendor),
		field.List("roles", "役割", "Roles", func(p *PersonEntry) *[]policy.Role { return &p.Roles }).Reading(readRoles),
		field.Choice("lang", "言語", "Language", func(p *PersonEntry) *string { return &p.Lang }, "", field.Name("ja", "日本語", "ja"), field.Name("en", "英語", "en")).Unguarded(),
		field.Text("phone", "電話", "Phone", func(p *PersonEntry) *string { return &p.Phone }).
			UnguardedIf(func(p *PersonEntry) bool { return p.Kind == policy.Staff }), // engineers are called back on it
		field.Own("sources", "接続元", "Sources", func(p *PersonEntry) *[]netip.Prefix { return &p.Sources },
			func(p *PersonEntry, v forms.Value, _ *time.Location) { p.Sources = addresses(v) },
			func(p *PersonEntry) string { return sources(p.Person) }, func(p *PersonEntry, _ string) string { return sources(p.Person) }).Several(),
		field.List("keys", "鍵", "Keys", func(p *PersonEntry) *[]string { return &p.Keys }).
			Reading(func(*PersonEntry, forms.Value) {}). // parse.keys reads them: a key is one person's in the whole file
			Parts(func(p *PersonEntry) []field.Part {
				return []field.Part{{Name: "keys", Value: strings.Join(p.Keys, "\n")}}
			}),
		term("pledge", "誓約書", "Pledge", "signed", "until", text.Of("誓約の終わりが署名より前です。", "the pledge ends before it was signed"),
			func(p *PersonEntry) (*forms.Day, *forms.Day) { return &p.Signed, &p.Until },
			func(p *PersonEntry) (*time.Time, *time.Time) { return &p.FilePledge.Signed, &p.FilePledge.Until }),
		field.Choice("sign_in", "サインイン", "Sign-in", func(p *PersonEntry) *store.SignIn { return &p.SignIn }, store.SignInLocal,
			field.Name(store.SignInDirectory, "機関の認証基盤", "directory")).Late().
			Reading(func(p *PersonEntry, v forms.Value) {
				if v.Present() && v.Choice("local", string(store.SignInDirectory)) == string(store.SignInDirectory) {
					p.SignIn = store.SignInDirectory
				}
			}),
		field.Text("directory_name", "認証基盤での名前", "Name at the directory", func(p *PersonEntry) *string { return &p.DirectoryName }).Late().
			Like(directoryForm, "bad-login", "使えない文字があるか、長すぎます。", "it has characters that cannot be used here, or is too long"),
	},
	apart: func(p *PersonEntry) {
		p.ID, p.Locked, p.FilePledge.Copy = "", nil, false
		p.Pledge, p.Declared, p.Filed = policy.Pledge{}, policy.Pledge{}, policy.Pledge{}
	},
}

// Fields of a person that the file does not declare, by kind.
var (
	ofStaff     = people.fields.Without("vendor", "sources", "keys", "pledge")
	ofEngineers = people.fields.Without("title", "section", "roles", "sign_in", "directory_name")
)

var systems = kindOf[store.System]{fields: rules.Fields, apart: func(s *store.System) { s.ID = "" }}

var targets = kindOf[store.Target]{
	fields: field.Table[store.Target]{
		field.Text("system", "システム", "System", func(t *store.Target) *string { return &t.System }).Must().Refers(kindSystem),
		field.Text("host", "ホスト", "Host", func(t *store.Target) *string { return &t.Host }).Must().
			Like(hostForm, "bad-host", "ホスト名かアドレスを書いてください。", "write a host name or an address"),
		field.Int("port", "ポート", "Port", 1, 65535, func(t *store.Target) *int { return &t.Port }).
			Reading(func(t *store.Target, v forms.Value) {
				if t.Port = 22; v.Present() {
					t.Port = v.Int(1, 65535)
				}
			}),
		field.Text("host_key", "ホスト鍵", "Host key", func(t *store.Target) *string { return &t.HostKey }).Must().
			Reading(func(t *store.Target, v forms.Value) { t.HostKey = hostKey(v) }),
		field.Bool("drill", "訓練用", "Drill", func(t *store.Target) *bool { return &t.Drill }),
		field.Text("legacy_algorithms", "古い暗号方式", "Legacy algorithms", func(t *store.Target) *string { return &t.LegacyAlgorithms }).
			Reading(func(t *store.Target, v forms.Value) { t.LegacyAlgorithms = legacyReason(v) }),
		field.Text("note", "備考", "Note", func(t *store.Target) *string { return &t.Note }).Unguarded(),
		field.Text("encoding", "文字コード", "Encoding", func(t *store.Target) *string { return &t.Encoding }).Unguarded().Reading(readEncoding),
		field.Text("steward", "アカウントの世話", "Steward", func(t *store.Target) *string { return &t.Steward }).Late().
			Like(stewardForm, "bad-steward", "管理用のログイン名か、関守のホストにあるプログラムの絶対パスを書いてください。", "write the login of the administrative connection, or the absolute path of a program on the broker's host"),
		field.List("egress", "外向き接続先", "Egress", func(t *store.Target) *[]string { return &t.Egress }).Late().Reading(readEgress),
	},
	apart: func(t *store.Target) { t.ID = "" },
}

// accounts: target and login are an account's identity, and the name of its secret follows from them.
var accounts = kindOf[store.Account]{
	fields: field.Table[store.Account]{
		field.Bool("root", "管理者権限", "Root", func(a *store.Account) *bool { return &a.Root }),
		field.Choice("credential", "認証", "Credential", func(a *store.Account) *store.CredentialKind { return &a.Credential }, store.CredentialCertificate,
			field.Labelled(store.CredentialCertificate, store.CredentialKey, store.CredentialPassword)...),
		field.Text("note", "備考", "Note", func(a *store.Account) *string { return &a.Note }).Unguarded(),
		field.List("groups", "グループ", "Groups", func(a *store.Account) *[]string { return &a.Groups }).Late().
			Reading(func(a *store.Account, v forms.Value) { a.Groups = named(v, groupForm) }),
		field.List("probe", "読めないことの検査", "Probe", func(a *store.Account) *[]string { return &a.Probe }).Late().
			Reading(func(a *store.Account, v forms.Value) { a.Probe = named(v, probeForm) }),
		field.Bool("role_password", "データベースのロールのパスワードを預かり、替える", "Keep and change the password of its database role", func(a *store.Account) *bool { return &a.RolePassword }).Late(),
	},
	apart: func(a *store.Account) { a.ID, a.Target, a.Login, a.Secret = "", "", "", "" },
}

// institutions: there is one.
var institutions = kindOf[policy.Institution]{
	fields: field.Table[policy.Institution]{
		field.Bool("declared", "規則あり", "Declared", func(i *policy.Institution) *bool { return &i.Declared }).NoInput(),
		field.Own("hours", "開庁時間", "Hours", func(i *policy.Institution) *policy.Week { return &i.Hours },
			func(i *policy.Institution, v forms.Value, _ *time.Location) { i.Hours = hours(v) }, nil,
			func(i *policy.Institution, _ string) string { return "" }).Parts(hoursByDay),
		field.Length("lead", "申請から開始まで", "Lead", rules.LongestLead, func(i *policy.Institution) *time.Duration { return &i.Lead }),
		field.List("certifications", "求める認証", "Certifications", func(i *policy.Institution) *[]string { return &i.Certifications }).
			Reading(func(i *policy.Institution, v forms.Value) { i.Certifications = certifications(v) }),
		field.Bool("pledge_copy", "誓約書の写し", "Pledge copy", func(i *policy.Institution) *bool { return &i.PledgeCopy }),
		field.Bool("special_clauses", "特記事項", "Special clauses", func(i *policy.Institution) *bool { return &i.SpecialClauses }),
		field.Bool("audit_report", "監査報告書", "Audit report", func(i *policy.Institution) *bool { return &i.AuditReport }),
		field.Int("space_days", "記録の空き(日)", "Days of space", 0, maxSpaceDays, func(i *policy.Institution) *int { return &i.SpaceDays }),
		field.Bool("standing_permits", "包括許可", "Standing permits", func(i *policy.Institution) *bool { return &i.StandingPermits }).Late(),
		field.Own("roster_from", "従事者の月次確認", "Monthly roster from", func(i *policy.Institution) *policy.Date { return &i.RosterFrom },
			readRosterFrom,
			func(i *policy.Institution) string { return string(i.RosterFrom) },
			func(i *policy.Institution, _ string) string { return string(i.RosterFrom) }).Late(),
		field.Own("tell", "事案のとき知らせる先", "To be told of an incident", func(i *policy.Institution) *[]policy.Tell { return &i.Tell },
			func(i *policy.Institution, v forms.Value, _ *time.Location) { i.Tell = tells(v) }, nil,
			func(i *policy.Institution, lang string) string { return "" }).Parts(tellByKey).Late(),
		field.List("review_weights", "点検の理由の重み", "Weights of reasons for review", func(i *policy.Institution) *[]string { return &i.ReviewWeights }).
			Bound(func(i *policy.Institution) bool { _, ok := api.PickWeights(i.ReviewWeights); return !ok }, "unknown-weight",
				"rv-cut=20 のように、理由の符号と 0 から 100 の重みを一度ずつ書いてください。", "write each reason once with a weight from 0 to 100, like rv-cut=20").Late(),
	},
	apart: func(*policy.Institution) {},
}

// term is a field of two days, the last one inclusive. The file has them as days; the zone makes instants of them when it is applied.
func term[T any](key, ja, en, first, last string, wrong text.Text, days func(*T) (from, until *forms.Day), instants func(*T) (from, until *time.Time)) field.Field[T] {
	read := func(t *T, v forms.Value, _ *time.Location) {
		if !v.Present() {
			return
		}
		m := v.Map(first, last)
		from, until := days(t)
		*from, *until = m.Need(first).Day(), m.Need(last).Day()
		if !from.IsZero() && !until.IsZero() && until.Before(*from) {
			m.Get(last).Problem("end-before-start", wrong.JA, wrong.EN)
		}
	}
	whole := func(t *T, _ string) string {
		from, until := instants(t)
		return strings.TrimSpace(instant(*from) + " " + instant(*until))
	}
	return field.Own(key, ja, en, func(t *T) *time.Time { from, _ := instants(t); return from }, read, nil, whole).
		Taking(func(to, from *T) {
			toFrom, toUntil := instants(to)
			fromFrom, fromUntil := instants(from)
			*toFrom, *toUntil = *fromFrom, *fromUntil
			dayFrom, dayUntil := days(to)
			wasFrom, wasUntil := days(from)
			*dayFrom, *dayUntil = *wasFrom, *wasUntil
		}).
		Parts(func(t *T) []field.Part {
			from, until := instants(t)
			return []field.Part{{Name: key + "." + first, Value: instant(*from)}, {Name: key + "." + last, Value: instant(*until)}}
		}).Unguarded()
}

func readRoles(p *PersonEntry, v forms.Value) {
	for _, r := range v.List() {
		role := policy.Role(r.Choice(string(policy.Requester), string(policy.Approver), string(policy.SecondApprover),
			string(policy.Attendant), string(policy.Auditor), string(policy.Administrator), string(policy.PermitOfficer)))
		if !slices.Contains(p.Roles, role) {
			p.Roles = append(p.Roles, role)
		}
	}
}

func readEncoding(t *store.Target, v forms.Value) {
	if !v.Present() {
		return
	}
	known, err := recordings.ParseEncoding(v.Text())
	if err != nil {
		v.Problem("bad-encoding", "文字コードは utf-8、cp932、euc-jp のどれかです。", "the encoding is utf-8, cp932 or euc-jp")
	}
	if t.Encoding = string(known); known == recordings.UTF8 {
		t.Encoding = "" // as if the file gave no encoding
	}
}

func hoursByDay(i *policy.Institution) []field.Part {
	var parts []field.Part
	for d, h := range i.Hours {
		open := ""
		if h.From < h.Until {
			open = hourMinute(h.From) + "-" + hourMinute(h.Until)
		}
		parts = append(parts, field.Part{Name: "hours." + weekdays[d], Value: open})
	}
	return parts
}

func readRosterFrom(i *policy.Institution, v forms.Value, _ *time.Location) {
	i.RosterFrom = ""
	if !v.Present() {
		return
	}
	if d := v.Day(); !d.IsZero() {
		i.RosterFrom = policy.DateOf(d.Start(time.UTC), time.UTC)
	}
}
