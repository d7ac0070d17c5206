package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// lookBackup: one was stated, it succeeded, and it is no older than the system's rule (R19).
func lookBackup(a *Application, f *finding, now time.Time) {
	age := a.Request.System.BackupAge
	if age <= 0 {
		f.fine(Text{"求めていません(このシステムの決まり)", "not asked for (this system's rule)"})
		return
	}
	b := a.Backup
	fix := Text{"バックアップを取り、立会者が記録してください。取れないときは理由を書けば進めます", "make a backup and state it, or go on with a reason"}
	soft := func(what Text) {
		args := map[string]string{}
		if b != nil {
			args["time"] = sayTime(b.At, a.Calendar.Zone)
		}
		f.soft(BackupTooOld, args, OverrideBackup, what, fix)
	}
	switch {
	case b == nil || b.At.IsZero():
		soft(Text{"バックアップの記録がありません", "no backup is stated"})
	case b.At.After(now):
		soft(say("バックアップの時刻 %s はまだ来ていません", "the backup's time, %s, lies ahead", sayTime(b.At, a.Calendar.Zone)))
	case !b.OK:
		soft(say("%s のバックアップは失敗しました", "the backup of %s failed", sayTime(b.At, a.Calendar.Zone)))
	case backupTooOld(b.At, age, now):
		soft(say("最後のバックアップは %s で、決まり(%s時間以内)より古い", "the last backup is of %s, older than the rule (%s h)", sayTime(b.At, a.Calendar.Zone), hours(age)))
	case b.How != BackupAutomatic:
		f.careful(say("%s に取った、と手で記録されました(%s)", "of %s, as typed in by hand (%s)", sayTime(b.At, a.Calendar.Zone), b.By),
			Text{"バックアップの結果を目で確かめてください", "look at the backup's result"})
	default:
		f.fine(say("%s 成功", "%s, succeeded", sayTime(b.At, a.Calendar.Zone)))
	}
}

// lookRights: registered accounts of this vendor alone, and no more than last time without a word.
func lookRights(a *Application, f *finding, _ time.Time) {
	ids := accountIDs(a.Accounts)
	if len(a.Accounts)+len(a.UnknownAccounts) == 0 {
		f.bad(AccountNotGranted, nil, Text{"作業用アカウントが選ばれていません", "no account is named"}, Text{"作業用アカウントを選んでください", "name the accounts"})
	}
	if len(a.UnknownAccounts) > 0 {
		f.bad(AccountNotGranted, map[string]string{"granted": strings.Join(ids, ", ")},
			say("接続先に登録のない作業用アカウントです: %s", "not registered for a target of the system: %s", names(a.UnknownAccounts)),
			Text{"情報システム課に登録を依頼してください", "ask the IS section to register it"})
	}
	shared := slices.DeleteFunc(slices.Clone(a.SharedAccounts), func(id string) bool { return !slices.Contains(ids, id) })
	if len(shared) > 0 {
		f.bad(AccountNotGranted, map[string]string{"granted": strings.Join(ids, ", ")},
			say("ほかの保守事業者と共用の作業用アカウントです: %s", "shared with another vendor: %s", names(shared)),
			Text{"この保守事業者だけの作業用アカウントを登録してください", "register an account for this vendor alone"})
	}
	if root := rootAccounts(a); root != "" {
		why := clean(a.Request.RootReason)
		if why == "" {
			f.bad(FeatureNotGranted, map[string]string{"feature": "root"}, say("管理者相当のアカウントの理由がありません: %s", "no reason is given for the root-equivalent account %s", root),
				Text{"理由を書くか、別のアカウントにしてください", "give the reason, or choose another account"})
		} else {
			f.careful(say("管理者相当のアカウントです: %s(理由: %s)", "root-equivalent: %s (reason: %s)", root, why),
				Text{"管理者の権限が要るかを確かめてください。第二承認も要ります", "confirm that root is needed; a second approval is needed too"})
		}
	}
	if more := wider(a); len(more) > 0 {
		f.careful(say("前回より広い: %s", "wider than last time: %s", names(more)), Text{"広げる理由を確かめてください", "confirm why it must be wider"})
	}
	f.fine(say("%s", "%s", names(append(ids, a.ExtraRights...))))
}

// lookIndividualNumber: no account has been probed here, so nothing is said to be unreadable.
func lookIndividualNumber(a *Application, f *finding, _ time.Time) {
	switch why := clean(a.IndividualReason); {
	case a.Request.IndividualNumber && why == "":
		f.bad(AccountProbeFailed, map[string]string{"what": "individual-number"},
			Text{"個人番号が見える作業ですが、特例の理由がありません", "individual numbers will be visible, and no special-case reason is given"},
			Text{"特例の理由を書くか、見えないアカウントにしてください", "give the special-case reason, or use an account that cannot see them"})
	case a.Request.IndividualNumber:
		f.careful(say("個人番号が見える作業です(特例の理由: %s)", "individual numbers will be visible (special case: %s)", why),
			Text{"特例に当たるかを確かめてください。第二承認も要ります", "confirm the special case; a second approval is needed too"})
	case a.Request.System.PersonalData || a.Request.PersonalData:
		f.careful(Text{"個人番号が読めないことは、まだ検査していません", "that individual numbers cannot be read has not been probed yet"},
			Text{"アカウントの権限を書面で確かめてください", "confirm from the papers what the account can read"})
	default:
		f.fine(Text{"個人情報を扱いません(届出による。検査はしていません)", "no personal data is handled (as declared; nothing was probed)"})
	}
}

// lookFiles: none move, or it is said which and what for. A shell is part of every grant, so a rule that forbids more
// than "none" could not be kept.
func lookFiles(a *Application, f *finding, _ time.Time) {
	switch a.Request.Files {
	case FilesNone:
		f.fine(Text{"なし(転送は遮断。画面からの書き写しは防げません)", "none (transfers are blocked; copying from the screen cannot be prevented)"})
	case FilesAllowed:
		detail := clean(a.FilesDetail)
		if detail == "" {
			f.bad(FeatureNotGranted, map[string]string{"feature": "sftp"}, Text{"授受するファイルの名前と目的がありません", "the files and their purpose are not named"},
				Text{"ファイルの名前と目的を書いてください", "name the files and their purpose"})
			return
		}
		f.careful(say("ファイルを授受します: %s", "files move: %s", detail), Text{"授受が要るかを確かめてください", "confirm that the files must move"})
	default:
		f.bad(FeatureNotGranted, map[string]string{"feature": "shell"},
			Text{"この決まりは、端末を許す限り守れません(端末からもファイルは運べます)", "this rule cannot be kept while a shell is granted: a shell can carry files"},
			Text{"「なし」か「あり」にしてください", "choose none or allowed"})
	}
}

// wider names what is asked for beyond last time's rights.
func wider(a *Application) []string {
	var more []string
	for _, d := range Differences(a.Last, *a) {
		if d.Kind != DiffAdded {
			continue
		}
		switch d.Field {
		case FieldAccounts, FieldRights:
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

// names lists what is named, cut where it is too long to read.
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
