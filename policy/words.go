package policy

import (
	"slices"
	"strings"
	"time"

	"sekimori/policy/text"
)

// The names of arguments are the placeholders of the rows in reasons_*.go: reason, date, time (any instant, already in words), n,
// item, role, request, session, granted, source, feature, limit, minutes, hours, scope, subject, what, who, target, file, purposes
// (those that an act may have).
//
// An argument's value is either free text or one of the words below, which the texts give in the reader's language. Decide gives
// words, so that one decision serves both languages.
var argWords = map[string]map[string]Text{
	"role": {
		string(Engineer):           Engineer.Label(),
		string(Contact):            Contact.Label(),
		string(Requester):          Requester.Label(),
		string(Approver):           Approver.Label(),
		string(SecondApprover):     SecondApprover.Label(),
		string(Attendant):          Attendant.Label(),
		string(Auditor):            Auditor.Label(),
		string(Administrator):      Administrator.Label(),
		string(InformationSystems): InformationSystems.Label(),
		string(PermitOfficer):      PermitOfficer.Label(),
		"section":                  {JA: "所管課", EN: "section in charge"},
		"approver-once-taken":      {JA: "担当職員が引き受けた後の承認者(いまは提案)", EN: "approvers, once a requester has taken the proposal over,"},
		"approver-again":           {JA: "所管課の承認者(一次承認は、承認した人が停止中か資格を失ったため無効)", EN: "an approver of the section, since who gave the first approval is locked or may not any more,"},
		"attendant-not-confirming": {JA: "その日の立会者でない所管課の者", EN: "staff of the owning section who did not attend that day"},
		"approver-not-attending":   {JA: "立会者を兼ねない承認者", EN: "an approver who is not the attendant"},
		"viewer":                   {JA: "点検担当、所管課の承認者、その接続の立会者", EN: "auditors, the section's approvers, the session's attendants"},
		"watcher":                  {JA: "その接続の立会者、所管課の承認者、情報システム課", EN: "the session's attendants, the section's approvers, the IS section"},
		"addressee":                {JA: "点検が回答を求めた相手", EN: "the addressee of the review's question"},
		"ledger-reader":            {JA: "承認者、情報システム課、点検担当、管理者", EN: "approvers, the IS section, auditors, administrators"},
		"staff":                    {JA: "利用停止でない職員", EN: "staff who are not locked"},
		"emergency-opener":         {JA: "所管課の承認者・代決者と第二承認者", EN: "the section's approver, a deputy, a second approver"},
		"emergency-again":          {JA: "新しい緊急利用を開く二人(一人目が停止中か資格を失ったため、この緊急利用は開けません)", EN: "two people who open a new emergency window, since the first of this one is locked or may not any more,"},
		"emergency-second":         {JA: "緊急利用を開く二人目", EN: "second of the two who open an emergency window"},
		"extension":                {JA: "この時間枠の立会者、所管課の承認者・代決者、第二承認者", EN: "the window's attendant, the section's approver, a deputy, a second approver"},
		"extension-second":         {JA: "第二承認者(延びる時間には、申請になかった第二承認が要るため。新しい申請でもかまいません)", EN: "a second approver, as the longer window needs one whom the request did not have (a new request does too),"},
		"extension-head":           {JA: "所管課の承認者(立会者に任された延長の長さを超えるため)", EN: "the section's approver, as it is beyond what the attendant may extend by,"},
	},
	"scope": {
		string(FreezeAll):    FreezeAll.Label(),
		string(FreezeVendor): FreezeVendor.Label(),
		string(FreezeSystem): FreezeSystem.Label(),
	},
	"feature": {
		"shell":          {JA: "端末", EN: "terminal"},
		"exec":           {JA: "コマンドの実行", EN: "running a command"},
		"command":        {JA: "この命令(一覧にあるものを、そのままの語で。記号や引用符は使えません)", EN: "this command (run a listed one in its very words, without quotes or other signs)"},
		"sftp":           {JA: "ファイル転送", EN: "file transfer"},
		"scp":            {JA: "ファイル転送", EN: "file transfer"},
		"forward":        {JA: "ポート転送", EN: "port forwarding"},
		"forward-remote": {JA: "逆方向のポート転送", EN: "remote port forwarding"},
		"forward-socket": {JA: "ソケットの転送", EN: "forwarding of a Unix socket"},
		"tunnel":         {JA: "トンネル", EN: "a network tunnel"},
		"agent":          {JA: "鍵エージェントの転送", EN: "agent forwarding"},
		"x11":            {JA: "X11転送", EN: "X11 forwarding"},
		"other":          {JA: "この種類の通信", EN: "this kind of channel"},
		"root":           {JA: "管理者相当のアカウント(理由と第二承認が必要)", EN: "a root-equivalent account (needs a reason and a second approval)"},

		string(RefusedIn):         {JA: "ファイルの持込み", EN: "bringing files in"},
		string(RefusedOut):        {JA: "ファイルの持出し", EN: "taking files out"},
		string(RefusedPath):       {JA: "この場所のファイル", EN: "files in this place"},
		string(RefusedSize):       {JA: "この大きさのファイル", EN: "files of this size"},
		string(RefusedUnresolved): {JA: "場所を確かめられないファイル", EN: "files in a place that cannot be determined"},
		string(RefusedUnread):     {JA: "検査できない方法の転送(sftp か、-O なしの scp を使ってください)", EN: "a transfer that cannot be inspected (use sftp, or scp without -O)"},

		"extension":        {JA: "この長さの延長", EN: "an extension by so much"},
		"extension-length": {JA: "最長の時間枠と任された延長を超える延長(続きは新しい申請で)", EN: "an extension beyond the longest window and what is delegated (file a new request for the rest)"},
		"emergency-length": {JA: "2時間を超える緊急利用", EN: "an emergency window of more than two hours"},
	},
	"who": {
		"engineer": {JA: "保守要員", EN: "engineer"},
		"vendor":   {JA: "保守事業者", EN: "vendor"},
	},
	"what": {
		"account-not-prepared": {JA: "作業用アカウントを準備できません", EN: "the account could not be prepared"},
		"account-not-probed":   {JA: "作業用アカウントの検査ができません", EN: "the account could not be probed"},
		"account-readable":     {JA: "作業用アカウントで、読めてはならないもの(個人番号など)が読めます", EN: "the account can read what it must not (such as individual numbers)"},

		"pledge":        {JA: "誓約書", EN: "pledge"},
		"contract":      {JA: "契約", EN: "contract"},
		"certification": {JA: "認証", EN: "certification"},
		"subcontract":   {JA: "再委託の承認", EN: "approval of the subcontract"},
		"privacy-mark":  {JA: "プライバシーマーク", EN: "privacy mark"},
		"isms":          {JA: "ISMS", EN: "ISMS"},
		"permit":        {JA: "包括許可", EN: "standing permit"},

		"prime-contract":      {JA: "元請の契約", EN: "contract of the prime contractor"},
		"prime-certification": {JA: "元請の認証", EN: "certification of the prime contractor"},

		"individual-number": {JA: "個人番号が見える(特例の理由なし)", EN: "individual numbers are visible, without a special-case reason"},
	},
	"item": {
		"certification": {JA: "認証", EN: "certification"},
		"subcontract":   {JA: "再委託の承認", EN: "approval of the subcontract"},
		"privacy-mark":  {JA: "プライバシーマーク", EN: "privacy mark"},
		"isms":          {JA: "ISMS", EN: "ISMS"},

		"prime-certification": {JA: "元請の認証", EN: "certification of the prime contractor"},

		permitNone:   {JA: "この事業者とシステムの包括許可がない", EN: "there is no standing permit for this vendor and system"},
		permitPeriod: {JA: "期間", EN: "its period"},
		permitRights: {JA: "作業用アカウントと権限", EN: "its accounts and rights"},
		permitFiles:  {JA: "ファイル授受", EN: "file exchange"},
		permitHours:  {JA: "時間帯", EN: "its hours"},
		permitLength: {JA: "1回の長さ", EN: "the length of one window"},
	},
	"date": {
		"no-copy": {JA: "写しの提出なし", EN: "no copy on file"},
	},
	"reason": {
		"contract": {JA: "契約期間外", EN: "outside the contract period"},

		"special-clauses": {JA: "契約に特記事項の添付がない", EN: "the contract's special clauses are not on file"},
		"responsible":     {JA: "責任を負う事業者が決まっていない", EN: "no responsible company is named"},
		"no-work":         {JA: "作業禁止日", EN: "a no-work day"},
		"unknown":         {JA: "登録がない", EN: "not registered"},

		"prime-locked":          {JA: "元請が利用停止中", EN: "the prime contractor is locked"},
		"prime-unknown":         {JA: "元請の登録がない", EN: "the prime contractor is not registered"},
		"prime-contract":        {JA: "元請の契約期間外", EN: "outside the contract of the prime contractor"},
		"prime-special-clauses": {JA: "元請の契約に特記事項の添付がない", EN: "the special clauses of the prime contractor's contract are not on file"},

		"cut":      {JA: "作業時間枠は強制的に閉じられた", EN: "the window was cut"},
		"cancel":   {JA: "作業時間枠は取り止められた", EN: "the window was cancelled"},
		"withdrew": {JA: "申請は取り下げられた", EN: "the request was withdrawn"},
		"void":     {JA: "申請の変更により無効", EN: "void, the request was changed"},
	},
	"time": {
		"closed": {JA: "立会者が閉じた", EN: "closed by the attendant"},
		"lapsed": {JA: "未決のまま開始時刻を過ぎた", EN: "the start passed undecided"},
	},
}

// argFallbacks replace an argument without a value, so that no one reads a brace.
var argFallbacks = map[string]Text{
	"reason":  {JA: "理由の記載なし", EN: "no reason stated"},
	"date":    {JA: "記載なし", EN: "none on file"},
	"time":    {JA: "時刻の記載なし", EN: "no time stated"},
	"n":       {JA: "(番号なし)", EN: "(no number)"},
	"item":    {JA: "所管課が確認中", EN: "the section knows"},
	"role":    {JA: "担当者", EN: "person in charge"},
	"request": {JA: "番号なし", EN: "no number"},
	"session": {JA: "番号なし", EN: "no number"},
	"granted": {JA: "なし", EN: "none"},
	"source":  {JA: "不明", EN: "unknown"},
	"feature": {JA: "この機能", EN: "this feature"},
	"limit":   {JA: "1", EN: "1"},
	"minutes": {JA: "15", EN: "15"},
	"hours":   {JA: "24", EN: "24"},
	"decided": {JA: "", EN: ""}, // the person who decided, and when
	"scope":   {JA: "すべて", EN: "everything"},
	"subject": {JA: "", EN: ""},
	"what":    {JA: "所管課が確認中", EN: "the section knows"},
	"who":     {JA: "保守要員", EN: "engineer"},
	"target":  {JA: "接続先", EN: "the target"},
	"paper":   {JA: "書類", EN: "the paper"},
	"file":    {JA: "名前の記載なし", EN: "no name stated"},
}

// filled puts the arguments into the placeholders of both languages.
func filled(t Text, args map[string]string) Text {
	return Text{JA: fill(t.JA, args, "ja"), EN: fill(t.EN, args, "en")}
}

// fill puts the arguments into the placeholders of a text of lang. It makes one pass: a value that looks like a placeholder is not
// expanded again. clean makes the values harmless.
func fill(sentence string, args map[string]string, lang string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(sentence, '{')
		if open < 0 {
			break
		}
		length := strings.IndexByte(sentence[open:], '}')
		if length < 0 {
			break
		}
		b.WriteString(sentence[:open])
		b.WriteString(argument(sentence[open+1:open+length], args, lang))
		sentence = sentence[open+length+1:]
	}
	b.WriteString(sentence)
	return strings.TrimSpace(b.String())
}

// listed gives several roles in the reader's language.
func listed(value, lang string) string {
	var said []string
	for one := range strings.SplitSeq(value, ", ") {
		said = append(said, argument("role", map[string]string{"role": one}, lang))
	}
	return strings.Join(said, Text{JA: "、", EN: ", "}.In(lang))
}

// offered gives each of these purposes as it is typed and, in Japanese, its meaning. It leaves out a value that is no purpose; if none
// is left, it gives all purposes.
func offered(value, lang string) string {
	var said []string
	for _, p := range Purposes(ActWatch) {
		if value != "" && !slices.Contains(strings.Split(value, ", "), string(p)) {
			continue
		}
		said = append(said, Text{JA: string(p) + "(" + p.Label().JA + ")", EN: string(p)}.In(lang))
	}
	if len(said) == 0 && value != "" {
		return offered("", lang)
	}
	return strings.Join(said, Text{JA: "、", EN: ", "}.In(lang))
}

func argument(name string, args map[string]string, lang string) string {
	value := args[name]
	if word, ok := argWords[name][value]; ok {
		return word.In(lang)
	}
	if name == "role" && strings.Contains(value, ", ") {
		return listed(value, lang)
	}
	if name == "purposes" {
		return offered(value, lang)
	}
	if value = clean(value); value != "" {
		return value
	}
	if fallback, ok := argFallbacks[name]; ok {
		return fallback.In(lang)
	}
	return Text{JA: "記載なし", EN: "not stated"}.In(lang)
}

// longestArgument bounds one value, in runes: people and vendors type reasons.
const longestArgument = 160

// clean makes a value one harmless line, bounded.
func clean(value string) string { return strings.TrimSpace(text.OneLine(value, longestArgument)) }

// defaultZone is the institution's zone if none is set: Japan, which has no summer time.
func defaultZone() *time.Location { return time.FixedZone("JST", 9*60*60) }

// sayTime writes an instant for people, in the institution's zone; empty for the zero time, so that the text's fallback is used.
func sayTime(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if zone == nil {
		zone = defaultZone()
	}
	return t.In(zone).Format("2006-01-02 15:04 MST")
}

// sayDate writes the day of an instant, as sayTime.
func sayDate(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if zone == nil {
		zone = defaultZone()
	}
	return t.In(zone).Format("2006-01-02")
}

// The words about a one-time code that is not accepted, the same at every door.
var (
	WrongCode = text.Of("認証コードが違います。", "the one-time code is wrong")
	UsedCode  = text.Of("この認証コードは使用済みです。", "this one-time code was used before")
	NextCode  = text.Of("次のコードを待ってください", "wait for the next one")
)
