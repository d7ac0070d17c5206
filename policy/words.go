package policy

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The names of arguments are the placeholders of the rows in reasons_*.go: reason, date, time
// (any instant, already in words), n, item, role, request, session, granted, source, feature,
// limit, minutes, hours, scope, subject, what, who, target, file, purposes (those that an act may have).
//
// An argument's value is either free text or one of the words below, which the texts say in
// the reader's language. Decide gives words, so that one decision serves both languages.
var argWords = map[string]map[string]Text{
	"role": {
		"engineer":               {"保守要員", "engineer"},
		"requester":              {"担当職員", "requester"},
		"approver":               {"承認者", "approver"},
		"second-approver":        {"第二承認者", "second approver"},
		"attendant":              {"立会者", "attendant"},
		"auditor":                {"点検担当", "auditor"},
		"administrator":          {"管理者", "administrator"},
		"information-systems":    {"情報システム課", "IS section"},
		"section":                {"所管課", "section in charge"},
		"approver-once-taken":    {"担当職員が引き受けた後の承認者(いまは提案)", "approvers, once a requester has taken the proposal over,"},
		"approver-again":         {"所管課の承認者(一次承認は、承認した人が停止中か資格を失ったため無効)", "an approver of the section, since who gave the first approval is locked or may not any more,"},
		"approver-not-attending": {"立会者を兼ねない承認者", "an approver who is not the attendant"},
		"viewer":                 {"点検担当、所管課の承認者、その接続の立会者", "auditors, the section's approvers, the session's attendants"},
		"watcher":                {"その接続の立会者、所管課の承認者、情報システム課", "the session's attendants, the section's approvers, the IS section"},
		"ledger-reader":          {"承認者、情報システム課、点検担当、管理者", "approvers, the IS section, auditors, administrators"},
		"staff":                  {"利用停止でない職員", "staff who are not locked"},
		"emergency-opener":       {"所管課の承認者・代決者と第二承認者", "the section's approver, a deputy, a second approver"},
		"emergency-again":        {"新しい緊急利用を開く二人(一人目が停止中か資格を失ったため、この緊急利用は開けません)", "two people who open a new emergency window, since the first of this one is locked or may not any more,"},
		"emergency-second":       {"緊急利用を開く二人目", "second of the two who open an emergency window"},
		"extension":              {"この時間枠の立会者、所管課の承認者・代決者、第二承認者", "the window's attendant, the section's approver, a deputy, a second approver"},
		"extension-second":       {"第二承認者(延びる時間には、申請になかった第二承認が要るため。新しい申請でもかまいません)", "a second approver, as the longer window needs one whom the request did not have (a new request does too),"},
		"extension-head":         {"所管課の承認者(立会者に任された延長の長さを超えるため)", "the section's approver, as it is beyond what the attendant may extend by,"},
	},
	"scope": {
		"all":    {"すべて", "everything"},
		"vendor": {"保守事業者", "vendor"},
		"system": {"対象システム", "system"},
	},
	"feature": {
		"shell":   {"端末", "terminal"},
		"exec":    {"コマンドの実行", "running a command"},
		"sftp":    {"ファイル転送", "file transfer"},
		"scp":     {"ファイル転送", "file transfer"},
		"forward": {"ポート転送", "port forwarding"},
		"agent":   {"鍵エージェントの転送", "agent forwarding"},
		"x11":     {"X11転送", "X11 forwarding"},
		"other":   {"この種類の通信", "this kind of channel"},
		"root":    {"管理者相当のアカウント(理由と第二承認が必要)", "a root-equivalent account (needs a reason and a second approval)"},

		"extension":        {"この長さの延長", "an extension by so much"},
		"extension-length": {"最長の時間枠と任された延長を超える延長(続きは新しい申請で)", "an extension beyond the longest window and what is delegated (file a new request for the rest)"},
		"emergency-length": {"2時間を超える緊急利用", "an emergency window of more than two hours"},
	},
	"who": {
		"engineer": {"保守要員", "engineer"},
		"vendor":   {"保守事業者", "vendor"},
	},
	"what": {
		"pledge":        {"誓約書", "pledge"},
		"contract":      {"契約", "contract"},
		"certification": {"認証", "certification"},
		"subcontract":   {"再委託の承認", "approval of the subcontract"},
		"privacy-mark":  {"プライバシーマーク", "privacy mark"},
		"isms":          {"ISMS", "ISMS"},

		"prime-contract":      {"元請の契約", "contract of the prime contractor"},
		"prime-certification": {"元請の認証", "certification of the prime contractor"},

		"individual-number": {"個人番号が見える(特例の理由なし)", "individual numbers are visible, without a special-case reason"},
	},
	"item": {
		"certification": {"認証", "certification"},
		"subcontract":   {"再委託の承認", "approval of the subcontract"},
		"privacy-mark":  {"プライバシーマーク", "privacy mark"},
		"isms":          {"ISMS", "ISMS"},

		"prime-certification": {"元請の認証", "certification of the prime contractor"},
	},
	"date": {
		"no-copy": {"写しの提出なし", "no copy on file"},
	},
	"reason": {
		"contract": {"契約期間外", "outside the contract period"},

		"special-clauses": {"契約に特記事項の添付がない", "the contract's special clauses are not on file"},
		"responsible":     {"責任を負う事業者が決まっていない", "no responsible company is named"},
		"no-work":         {"作業禁止日", "a no-work day"},
		"unknown":         {"登録がない", "not registered"},

		"prime-locked":          {"元請が利用停止中", "the prime contractor is locked"},
		"prime-unknown":         {"元請の登録がない", "the prime contractor is not registered"},
		"prime-contract":        {"元請の契約期間外", "outside the contract of the prime contractor"},
		"prime-special-clauses": {"元請の契約に特記事項の添付がない", "the special clauses of the prime contractor's contract are not on file"},

		"cut":      {"作業時間枠は強制的に閉じられた", "the window was cut"},
		"cancel":   {"作業時間枠は取り止められた", "the window was cancelled"},
		"withdrew": {"申請は取り下げられた", "the request was withdrawn"},
		"void":     {"申請の変更により無効", "void, the request was changed"},
	},
	"time": {
		"closed": {"立会者が閉じた", "closed by the attendant"},
		"lapsed": {"未決のまま開始時刻を過ぎた", "the start passed undecided"},
	},
}

// argFallbacks stand where an argument has no value, so that no brace reaches a person.
var argFallbacks = map[string]Text{
	"reason":  {"理由の記載なし", "no reason stated"},
	"date":    {"記載なし", "none on file"},
	"time":    {"時刻の記載なし", "no time stated"},
	"n":       {"(番号なし)", "(no number)"},
	"item":    {"所管課が確認中", "the section knows"},
	"role":    {"担当者", "person in charge"},
	"request": {"番号なし", "no number"},
	"session": {"番号なし", "no number"},
	"granted": {"なし", "none"},
	"source":  {"不明", "unknown"},
	"feature": {"この機能", "this feature"},
	"limit":   {"1", "1"},
	"minutes": {"15", "15"},
	"hours":   {"24", "24"},
	"decided": {"", ""}, // who decided, and when
	"scope":   {"すべて", "everything"},
	"subject": {"", ""},
	"what":    {"所管課が確認中", "the section knows"},
	"who":     {"保守要員", "engineer"},
	"target":  {"接続先", "the target"},
	"file":    {"名前の記載なし", "no name stated"},
}

// fill puts the arguments into the text's placeholders. One pass: a value that looks like a
// placeholder is not expanded again. Values are neutralised by clean.
func fill(t Text, args map[string]string, lang string) string {
	text := t.In(lang)
	var b strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		length := strings.IndexByte(text[open:], '}')
		if length < 0 {
			break
		}
		b.WriteString(text[:open])
		b.WriteString(argument(text[open+1:open+length], args, lang))
		text = text[open+length+1:]
	}
	b.WriteString(text)
	return strings.TrimSpace(b.String())
}

// listed says each role of several in the reader's language.
func listed(value, lang string) string {
	var said []string
	for one := range strings.SplitSeq(value, ", ") {
		said = append(said, argument("role", map[string]string{"role": one}, lang))
	}
	return strings.Join(said, Text{"、", ", "}.In(lang))
}

// offered says each of these purposes as it is typed and, in Japanese, what it means. What is no purpose is left out; where nothing is left, all are said.
func offered(value, lang string) string {
	var said []string
	for _, p := range Purposes(ActWatch) {
		if value != "" && !slices.Contains(strings.Split(value, ", "), string(p)) {
			continue
		}
		said = append(said, Text{string(p) + "(" + p.Label().JA + ")", string(p)}.In(lang))
	}
	if len(said) == 0 && value != "" {
		return offered("", lang)
	}
	return strings.Join(said, Text{"、", ", "}.In(lang))
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
	return Text{"記載なし", "not stated"}.In(lang)
}

// longestArgument bounds one value, in runes: reasons are typed by people and by vendors.
const longestArgument = 160

// clean makes a value safe to print on a terminal: no control characters (and so no escape
// sequences), nothing that turns the writing direction or hides, one line, bounded.
func clean(value string) string {
	var b strings.Builder
	n := 0
	for _, r := range value {
		if n == longestArgument {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\t' || r == '\n' || r == '\r' || unicode.Is(unicode.Zs, r):
			r = ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			r = '?'
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}

// defaultZone is the institution's zone where none is set: Japan, which has no summer time.
func defaultZone() *time.Location { return time.FixedZone("JST", 9*60*60) }

// sayTime writes an instant for people, in the institution's zone; empty for the zero time,
// so that the text's fallback stands.
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
