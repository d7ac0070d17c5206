package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// lookBackup checks that a backup was stated, that it succeeded, and that it is no older than the system's rule (R19).
func lookBackup(a *Application, f *finding, now time.Time) {
	age := a.Request.System.BackupAge
	if age <= 0 {
		f.fine(Text{JA: "求めていません(このシステムの決まり)", EN: "not asked for (this system's rule)"})
		return
	}
	b := a.Backup
	fix := Text{JA: "バックアップを取り、立会者が記録してください。取れないときは理由を書けば進めます", EN: "make a backup and state it, or go on with a reason"}
	soft := func(what Text) {
		args := map[string]string{}
		if b != nil {
			args["time"] = sayTime(b.At, a.Calendar.Zone)
		}
		f.soft(BackupTooOld, args, OverrideBackup, what, fix)
	}
	switch {
	case b == nil || b.At.IsZero():
		soft(Text{JA: "バックアップの記録がありません", EN: "no backup is stated"})
	case b.At.After(now):
		soft(say("バックアップの時刻 %s はまだ来ていません", "the backup's time, %s, lies ahead", sayTime(b.At, a.Calendar.Zone)))
	case !b.OK:
		soft(say("%s のバックアップは失敗しました", "the backup of %s failed", sayTime(b.At, a.Calendar.Zone)))
	case backupTooOld(b.At, age, now):
		soft(say("最後のバックアップは %s で、決まり(%s時間以内)より古い", "the last backup is of %s, older than the rule (%s h)", sayTime(b.At, a.Calendar.Zone), hours(age)))
	case b.How != BackupAutomatic:
		f.careful(say("%s に取った、と手で記録されました(%s)", "of %s, as typed in by hand (%s)", sayTime(b.At, a.Calendar.Zone), b.By),
			Text{JA: "バックアップの結果を目で確かめてください", EN: "look at the backup's result"})
	default:
		f.fine(say("%s 成功", "%s, succeeded", sayTime(b.At, a.Calendar.Zone)))
	}
}

// lookRights checks that the accounts are registered, belong to this vendor alone, and give no more than last time without an
// explanation.
func lookRights(a *Application, f *finding, _ time.Time) {
	ids := accountIDs(a.Accounts)
	if len(a.Accounts)+len(a.UnknownAccounts) == 0 {
		f.bad(AccountNotGranted, nil, Text{JA: "作業用アカウントが選ばれていません", EN: "no account is named"}, Text{JA: "作業用アカウントを選んでください", EN: "name the accounts"})
	}
	if len(a.UnknownAccounts) > 0 {
		f.bad(AccountNotGranted, map[string]string{"granted": strings.Join(ids, ", ")},
			say("接続先に登録のない作業用アカウントです: %s", "not registered for a target of the system: %s", names(a.UnknownAccounts)),
			Text{JA: "情報システム課に登録を依頼してください", EN: "ask the IS section to register it"})
	}
	shared := slices.DeleteFunc(slices.Clone(a.SharedAccounts), func(id string) bool { return !slices.Contains(ids, id) })
	if len(shared) > 0 {
		f.bad(AccountNotGranted, map[string]string{"granted": strings.Join(ids, ", ")},
			say("ほかの保守事業者と共用の作業用アカウントです: %s", "shared with another vendor: %s", names(shared)),
			Text{JA: "この保守事業者だけの作業用アカウントを登録してください", EN: "register an account for this vendor alone"})
	}
	if root := rootAccounts(a); root != "" {
		why := clean(a.Request.RootReason)
		if why == "" {
			f.bad(FeatureNotGranted, map[string]string{"feature": "root"}, say("管理者相当のアカウントの理由がありません: %s", "no reason is given for the root-equivalent account %s", root),
				Text{JA: "理由を書くか、別のアカウントにしてください", EN: "give the reason, or choose another account"})
		} else {
			what := say("管理者相当のアカウントです: %s(理由: %s)", "root-equivalent: %s (reason: %s)", root, why)
			f.careful(withCommands(what, a), // what the account may run weighs most where it is root
				Text{JA: "管理者の権限が要るかを確かめてください。第二承認も要ります", EN: "confirm that root is needed; a second approval is needed too"})
		}
	}
	if len(a.Forwards) > 0 {
		f.careful(say("接続先から先へのポート転送があります: %s(両方向のデータを記録します。転送先での操作は命令としては見えません)",
			"ports are forwarded from the target to %s (both directions are recorded; work done there does not show as commands)", names(a.Forwards)),
			Text{JA: "転送が要るかを確かめてください", EN: "confirm that forwards are needed"})
	}
	if more := wider(a); len(more) > 0 {
		f.careful(say("前回より広い: %s", "wider than last time: %s", names(more)), Text{JA: "広げる理由を確かめてください", EN: "confirm why it must be wider"})
	}
	f.fine(withCommands(say("%s", "%s", names(append(ids, a.ExtraRights...))), a))
}

// withCommands adds the commands that the request is bounded to; nothing where it asks for a shell.
func withCommands(t Text, a *Application) Text {
	if said := SayCommands(a.Request.Commands, a.Request.Forced); said != (Text{}) {
		t = Text{JA: t.JA + "。命令: " + said.JA, EN: t.EN + "; commands: " + said.EN}
	}
	return t
}

// lookIndividualNumber checks the special case of individual numbers, and what the accounts' probes showed. A probe is no complete proof,
// so the item never says that they cannot be read without it.
func lookIndividualNumber(a *Application, f *finding, now time.Time) {
	var reads []string
	var oldest time.Time
	for _, p := range a.Probes {
		if p.Reads {
			reads = append(reads, p.Account+" → "+p.What)
		}
		if oldest.IsZero() || p.At.Before(oldest) {
			oldest = p.At
		}
	}
	probed := len(a.Probes) > 0 && len(a.Unprobed) == 0
	switch why := clean(a.IndividualReason); {
	case a.Request.IndividualNumber && why == "":
		f.bad(AccountProbeFailed, map[string]string{"what": "individual-number"},
			Text{JA: "個人番号が見える作業ですが、特例の理由がありません", EN: "individual numbers will be visible, and no special-case reason is given"},
			Text{JA: "特例の理由を書くか、見えないアカウントにしてください", EN: "give the special-case reason, or use an account that cannot see them"})
	case a.Request.IndividualNumber:
		f.careful(say("個人番号が見える作業です(特例の理由: %s)", "individual numbers will be visible (special case: %s)", why),
			Text{JA: "特例に当たるかを確かめてください。第二承認も要ります", EN: "confirm the special case; a second approval is needed too"})
	case len(reads) > 0:
		f.bad(AccountProbeFailed, map[string]string{"what": "account-readable"},
			say("検査で、読めてはならないものが読めました: %s", "the probe read what must not be readable: %s", names(reads)),
			Text{JA: "アカウントの権限を直してください。検査は1時間ごとにやり直します", EN: "mend the account's rights; the probe is made again every hour"})
	case probed && now.Sub(oldest) <= ProbeAge:
		f.fine(say("読めないことを検査で確認(%s)。検査は完全な証明ではありません", "a probe showed that they cannot be read (%s); it is no complete proof", sayTime(oldest, a.Calendar.Zone)))
	case probed:
		f.careful(say("読めないことの検査が古い(%s)", "the probe that they cannot be read is old (%s)", sayTime(oldest, a.Calendar.Zone)),
			Text{JA: "次の接続の前に検査します。それまでは書面で確かめてください", EN: "it is made before the next session; until then confirm from the papers"})
	case a.Request.System.PersonalData || a.Request.PersonalData:
		f.careful(Text{JA: "個人番号が読めないことは、まだ検査していません", EN: "that individual numbers cannot be read has not been probed yet"},
			Text{JA: "アカウントの権限を書面で確かめてください", EN: "confirm from the papers what the account can read"})
	default:
		f.fine(Text{JA: "個人情報を扱いません(届出による。検査はしていません)", EN: "no personal data is handled (as declared; nothing was probed)"})
	}
}

// lookFiles checks that no files move, or that the request says which and what for. A shell can carry files past every rule but
// deny_shell, and the item says so.
func lookFiles(a *Application, f *finding, _ time.Time) {
	t, carries := &a.Request.FileTerms, Text{}
	switch {
	case ShellCarries(*t, &a.Request.System):
		carries = Text{JA: "。端末からはファイルを運べます", EN: "; a shell can carry files"}
	case DeniesShell(*t, &a.Request.System):
		carries = Text{JA: "。端末と命令はファイルを運べるので、使えません(deny_shell)", EN: "; no shell and no command, because they could carry files (deny_shell)"}
	}
	switch a.Request.Files {
	case FilesNone:
		said := Text{JA: "なし(転送は遮断。画面からの書き写しは防げません)", EN: "none (transfers are blocked; copying from the screen cannot be prevented)"}
		f.fine(Text{JA: said.JA + carries.JA, EN: said.EN + carries.EN})
	case FilesAllowed:
		detail := clean(a.FilesDetail)
		if detail == "" {
			f.bad(FeatureNotGranted, map[string]string{"feature": "sftp"}, Text{JA: "授受するファイルの名前と目的がありません", EN: "the files and their purpose are not named"},
				Text{JA: "ファイルの名前と目的を書いてください", EN: "name the files and their purpose"})
			return
		}
		terms := t.Say()
		f.careful(Text{JA: "ファイルを授受します: " + detail + "(" + terms.JA + ")" + carries.JA, EN: "files move: " + detail + " (" + terms.EN + ")" + carries.EN},
			Text{JA: "授受が要るかを確かめてください", EN: "confirm that the files must move"})
	default:
		f.bad(FeatureNotGranted, map[string]string{"feature": "shell"},
			Text{JA: "この決まりは、端末を許す限り守れません(端末からもファイルは運べます)", EN: "this rule cannot be kept while a shell is granted: a shell can carry files"},
			Text{JA: "「なし」か「あり」にしてください", EN: "choose none or allowed"})
	}
}

// wider lists what is asked for beyond last time's rights.
func wider(a *Application) []string {
	var more []string
	for _, d := range Differences(a.Last, *a) {
		if d.Kind != DiffAdded {
			continue
		}
		switch d.Field {
		case FieldAccounts, FieldRights, FieldCommands, FieldForwards:
			more = append(more, d.To.JA)
		case FieldRoot:
			more = append(more, rootAccounts(a))
		}
	}
	return more
}

func rootAccounts(a *Application) string {
	var ids []string
	for i := range a.Accounts {
		if a.Accounts[i].Root {
			ids = append(ids, a.Accounts[i].ID)
		}
	}
	if len(ids) == 0 && a.Request.Root {
		return "root"
	}
	return names(ids)
}

func accountIDs(accounts []Account) []string {
	ids := make([]string, 0, len(accounts))
	for i := range accounts {
		ids = append(ids, accounts[i].ID)
	}
	return ids
}

// names joins names into a list, cut if it is too long to read.
func names(of []string) string {
	var set nameSet
	for _, name := range of {
		set.add(clean(name))
	}
	return set.String()
}

func hours(d time.Duration) string {
	return strconv.FormatFloat(d.Hours(), 'f', -1, 64)
}
