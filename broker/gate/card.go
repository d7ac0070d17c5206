package gate

import (
	"context"
	"strings"
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

// cardFacts holds the facts on the card, already looked up.
type cardFacts struct {
	number, request           string
	system, target, account   string
	note                      string // of the account
	legacy                    string // reason for weak algorithms with the target; empty: none are used
	from, to                  time.Time
	attendant, attendantPhone string // empty: not known yet
	section                   string
	files                     bool
	terms                     policy.FileTerms
	carries, noShell          bool // a shell could carry files that the terms bound; the rule takes shell and commands away
	drill, emergency          bool
	due                       time.Time   // of the follow-up of an emergency; zero: not known
	rights                    string      // beyond those that the account has anyway
	commands                  policy.Text // that may run; none: a full shell
	forwards                  string      // destinations of port forwards
	conditions                policy.Text
	line                      policy.Text // what separates the system from the office network, and how far that goes; none: the system has no line
	live                      policy.Text // of the live rules; none: the system has none
	masks                     bool        // individual numbers are masked on the screen
}

// card is the text after code and decision, before consent. It tells what is permitted, what
// is recorded, why, for how long, and which people may look. It ends in a newline; the question follows.
func (c *caller) card(ctx context.Context, auth *authResult) string {
	g, f := auth.decision.Grant, auth.facts
	system := f.Systems[f.Targets[g.Target].System]
	account := f.Accounts[g.Account]
	k := cardFacts{
		number: auth.number, request: g.Request, system: system.Name, target: g.Target,
		account: account.Login, note: account.Note, legacy: f.Targets[g.Target].LegacyAlgorithms,
		from: g.Window.Start.In(c.s.o.Zone), to: g.Window.End.In(c.s.o.Zone),
		files: g.Files == policy.FilesAllowed, terms: policy.FilesOf(&g, &system), forwards: strings.Join(g.Forwards, ", "),
	}
	k.masks, k.commands = system.MaskNumbers, policy.SayCommands(commandsOf(&g, &system), g.Forced)
	k.live = policy.SayLiveRules(len(system.LiveRules))
	k.carries, k.noShell = policy.ShellCarries(k.terms, &system), policy.DeniesShell(k.terms, &system)
	if system.Line != policy.LineNone {
		k.line = f.Runtime.Lines[system.ID].How.Said()
	}
	a := c.aboutOf(ctx, g)
	k.drill, k.emergency, k.due = g.Window.Drill, g.Window.Emergency, a.due.In(c.s.o.Zone)
	k.rights, k.conditions = strings.Join(a.rights, ", "), a.conditions
	k.attendant, k.section, k.attendantPhone = c.s.namesFor(ctx, a.named, system)
	var b strings.Builder
	if auth.person.Lang != "en" {
		b.WriteString(cardJA(k, c.s.o.Notice))
	}
	if auth.person.Lang != "ja" {
		b.WriteString(cardEN(k, c.s.o.Notice))
	}
	return b.String()
}

// commandsOf are the commands that the card names: the grant's, or where it lists none the system's.
func commandsOf(g *policy.Grant, s *policy.System) []string {
	if len(g.Commands) > 0 {
		return g.Commands
	}
	return s.Commands
}

// field is one line of the card: a label of fixed width, and what follows clipped to the card.
func field(b *strings.Builder, label string, labelCells int, value string) {
	b.WriteString(text.Pad(label, labelCells))
	b.WriteString(text.Cut(text.OneLine(value, 200), text.Screen-labelCells))
	b.WriteByte('\n')
}

// entire is a field that goes on over further lines: text that binds the engineer is not cut off.
func entire(b *strings.Builder, label string, labelCells int, value string) {
	if value == "" {
		return
	}
	for _, line := range text.Wrap(text.OneLine(value, 1000), text.Screen-labelCells, "") {
		field(b, label, labelCells, line)
		label = ""
	}
}

// marked are the lines before all others: a drill, or an emergency and its follow-up.
func marked(b *strings.Builder, k cardFacts, lang string) {
	if k.drill {
		entire(b, "", 0, policy.Text{
			JA: "訓練 / DRILL  これは訓練です。記録と点検は本番と同じです。",
			EN: "DRILL / 訓練  This is a drill. It is recorded and reviewed like any other.",
		}.In(lang))
	}
	if k.emergency {
		due := text.Of("終了の翌開庁日", "the next working day")
		if !k.due.IsZero() {
			due = text.Same(k.due.Format("2006-01-02 15:04"))
		}
		entire(b, "", 0, policy.Text{
			JA: "緊急利用  事後承認と報告が必要です(期限 " + due.JA + ")。済むまで新しい時間枠は使えません。",
			EN: "EMERGENCY  Later approval and a report are due (by " + due.EN + "); no new window until done.",
		}.In(lang))
	}
}

// attended names the attendant and the forbidden features: on one line, or on two where a name is long, because neither
// may be cut off.
func attended(b *strings.Builder, label string, labelCells int, k cardFacts, attendant, denied string) {
	who := strings.Join(strings.Fields(k.section+" "+attendant+" "+k.attendantPhone), " ")
	if line := who + "   " + denied; text.Width(line) <= text.Screen-labelCells {
		field(b, label, labelCells, line)
		return
	}
	field(b, label, labelCells, who)
	field(b, "", labelCells, denied)
}

func rule(b *strings.Builder, title string) {
	line := "---- " + text.OneLine(title, 40) + " "
	b.WriteString(line + strings.Repeat("-", max(text.Screen-text.Width(line), 4)) + "\n")
}

func cardJA(k cardFacts, n Notice) string {
	var b strings.Builder
	account := k.account
	if k.note != "" {
		account += "(" + k.note + ")"
	}
	attendant := "未定"
	if k.attendant != "" {
		attendant = k.attendant
	}
	denied := "転送・他の接続先"
	if k.forwards != "" {
		denied = "ほかの転送・他の接続先"
	}
	if !k.files {
		denied = "ファイル授受・" + denied
	}
	if k.noShell {
		denied = "端末・コマンド・" + denied
	}
	marked(&b, k, "ja")
	field(&b, "", 0, "関守 "+k.number+"   申請 "+text.Request(k.request).JA)
	field(&b, "許可", 7, k.system+" / "+k.target+" / "+account)
	entire(&b, "追加", 7, k.rights)
	entire(&b, "命令", 7, k.commands.JA)
	entire(&b, "決まり", 7, k.live.JA)
	entire(&b, "転送先", 7, k.forwards)
	entire(&b, "条件", 7, k.conditions.JA)
	if k.legacy != "" {
		entire(&b, "暗号", 7, "接続先とは古い方式で通信します: "+k.legacy)
	}
	field(&b, "時間枠", 7, text.Day(k.from).JA+k.from.Format("15:04")+"〜"+text.SpanEnd(k.from, k.to)+
		k.from.Format(" MST  2006-01-02T15:04Z07:00"))
	attended(&b, "立会者", 7, k, attendant, "使えないもの "+denied)
	filesLines(&b, k, 7, "ja")
	entire(&b, "回線", 7, k.line.JA)
	if k.masks {
		entire(&b, "番号", 7, "画面の個人番号らしい番号は伏せます(見落としがあり、閲覧の制限ではありません)")
	}
	rule(&b, "監視と記録について(第"+n.Version+"版)")
	field(&b, "目的", 7, n.Purposes.JA)
	field(&b, "記録", 7, text.Pad("画面・コマンド・ファイル名・日時(入力は封印)", 44)+" 保存 "+n.Retention)
	field(&b, "見る人", 7, text.Pad(n.SeenBy.JA, 44)+fullText(" 全文 ", n.URL, 44))
	if fullText(" 全文 ", n.URL, 44) == "" && n.URL != "" {
		field(&b, "全文", 7, n.URL)
	}
	field(&b, "問合せ", 7, n.Contact)
	return b.String()
}

// filesLines tell the terms for files, and that a shell must not be used around them.
func filesLines(b *strings.Builder, k cardFacts, labelCells int, lang string) {
	if k.files && !k.terms.Free() {
		entire(b, text.Of("ファイル", "Files").In(lang), max(labelCells, 9), k.terms.Say().In(lang))
	}
	if k.carries {
		entire(b, text.Of("注意", "Note").In(lang), labelCells, text.Of("端末でファイルを運ぶことも許可されていません(すべて記録されます)",
			"carrying files through the shell is not permitted either (all is recorded)").In(lang))
	}
	if k.noShell {
		entire(b, text.Of("注意", "Note").In(lang), labelCells, text.Of("端末とコマンドはファイルを運べるので、使えません", "no shell and no command: they could carry files").In(lang))
	}
}

func cardEN(k cardFacts, n Notice) string {
	var b strings.Builder
	account := k.account
	if k.note != "" {
		account += " (" + k.note + ")"
	}
	attendant := "not yet named"
	if k.attendant != "" {
		attendant = k.attendant
	}
	denied := "forwarding"
	if k.forwards != "" {
		denied = "other forwarding"
	}
	if !k.files {
		denied = "files, " + denied
	}
	if k.noShell {
		denied = "shell, commands, " + denied
	}
	marked(&b, k, "en")
	field(&b, "", 0, "Sekimori "+k.number+"   Request "+k.request)
	field(&b, "Grant", 10, k.system+" / "+k.target+" / "+account)
	entire(&b, "Extra", 10, k.rights)
	entire(&b, "Commands", 10, k.commands.EN)
	entire(&b, "Rules", 10, k.live.EN)
	entire(&b, "Forward", 10, k.forwards)
	entire(&b, "Provided", 10, k.conditions.EN)
	if k.legacy != "" {
		entire(&b, "Ciphers", 10, "outdated ones are spoken with the target: "+k.legacy)
	}
	field(&b, "Window", 10, text.Day(k.from).EN+k.from.Format(" 15:04")+"-"+text.SpanEnd(k.from, k.to)+
		k.from.Format(" MST  2006-01-02T15:04Z07:00"))
	attended(&b, "Attendant", 10, k, attendant, "Not allowed: "+denied)
	filesLines(&b, k, 10, "en")
	entire(&b, "Line", 10, k.line.EN)
	if k.masks {
		entire(&b, "Numbers", 10, "what looks like an individual number is masked (some are missed; this is no access control)")
	}
	rule(&b, "Monitoring and recording (version "+n.Version+")")
	field(&b, "Purpose", 10, n.Purposes.EN)
	field(&b, "Recorded", 10, "Screen, commands, file names, times; input (sealed). Kept "+n.RetentionEN)
	field(&b, "Seen by", 10, n.SeenBy.EN)
	if n.URL != "" {
		field(&b, "Full text", 10, n.URL)
	}
	field(&b, "Questions", 10, n.Contact)
	return b.String()
}

// fullText is the address of the whole notice where it fits on a line that is used up to
// column used; empty where it needs a line of its own.
func fullText(label, url string, used int) string {
	if url == "" || 7+used+text.Width(label)+text.Width(url) > text.Screen {
		return ""
	}
	return label + url
}

func (n Notice) withDefaults() Notice {
	if n.Version == "" {
		n.Version = "1"
	}
	if n.Retention == "" {
		n.Retention = "1年"
		n.RetentionEN = "1 year"
	}
	if n.RetentionEN == "" {
		n.RetentionEN = n.Retention
	}
	if n.Purposes == (policy.Text{}) {
		n.Purposes = policy.Text{
			JA: "承認された範囲の作業であることの確認。評価など他の目的に使いません。",
			EN: "To confirm work stays within approval. Never used for appraisal.",
		}
	}
	if n.SeenBy == (policy.Text{}) {
		n.SeenBy = policy.Text{
			JA: "立会者・所管課長・情報システム課・点検担当",
			EN: "Attendant, section head, IS section, auditors.",
		}
	}
	return n
}
