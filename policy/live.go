package policy

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sekimori/policy/text"
)

// LiveEffect says what a live rule does with a command that it matches.
type LiveEffect string

// The effects, the mildest first. The zero value is no effect.
const (
	LiveWarn   LiveEffect = "warn"   // both people are told, the command goes on
	LiveHold   LiveEffect = "hold"   // the command waits for the attendant
	LiveRefuse LiveEffect = "refuse" // the command does not reach the target
	LiveEnd    LiveEffect = "end"    // nor does it, and the session ends (EndedByRule)
)

// LiveEffects lists them, the mildest first.
func LiveEffects() []LiveEffect { return []LiveEffect{LiveWarn, LiveHold, LiveRefuse, LiveEnd} }

var liveEffects = map[LiveEffect]Text{
	LiveWarn: text.Of("警告", "warn"), LiveHold: text.Of("立会者の確認", "hold for the attendant"),
	LiveRefuse: text.Of("拒否", "refuse"), LiveEnd: text.Of("切断", "end the session"),
}

// Label is the effect as people read it.
func (e LiveEffect) Label() Text { return text.Label(liveEffects, e) }

// LiveLimit is what live rules cannot do. It stands wherever people meet the rules.
var LiveLimit = Text{
	JA: "シェルの中では補助であり、境界ではありません(言い換えれば通ります)",
	EN: "inside a shell an aid, no boundary (another wording passes)",
}

// Bounds of live rules, and of a line that is judged.
const (
	MostLiveRules    = 50
	LongestLive      = 4096 // bytes of a judged line; a longer one cannot be judged
	longestLiveRule  = 256  // bytes
	mostLiveWords    = 16
	mostLiveProgram  = 2000 // instructions of a compiled expression
	liveExpression   = "re:"
	deepestLiveShell = 3 // shells within a command's words
)

// LiveRuleForm says how a live rule is written.
var LiveRuleForm = Text{
	JA: "warn・hold・refuse・end のどれか、空白、命令の順に書いてください。命令は語(* は語の中の任意の文字列。引数は間にほかの語があっても合います)か、re: に続く正規表現(RE2)です。50件までです。",
	EN: "Write warn, hold, refuse or end, a space, and the command: words (* is any text within a word; other arguments may stand between), or re: and an RE2 expression. At most 50.",
}

// liveRule is one rule, read.
type liveRule struct {
	effect LiveEffect
	text   string // as the rule is written
	words  []string
	re     *regexp.Regexp // nil: words
	broken bool           // it cannot be read: it refuses every command
}

// BadLiveRules reports that a list of live rules cannot be kept.
func BadLiveRules(rules []string) bool {
	return len(rules) > MostLiveRules || slices.ContainsFunc(rules, func(r string) bool { _, err := readLiveRule(r); return err != nil })
}

func readLiveRule(s string) (r liveRule, err error) {
	effect, pattern, _ := strings.Cut(s, " ")
	r = liveRule{effect: LiveEffect(effect), text: s}
	switch {
	case !slices.Contains(LiveEffects(), r.effect):
		return r, fmt.Errorf("%q is no effect", effect)
	case len(s) > longestLiveRule || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return r, errors.New("too long, or not plain text")
	}
	if expression, ok := strings.CutPrefix(pattern, liveExpression); ok {
		r.re, err = liveExpressionOf(expression)
		return r, err
	}
	r.words = strings.Split(pattern, " ")
	if len(r.words) > mostLiveWords || slices.ContainsFunc(r.words, func(w string) bool {
		return w == "" || strings.ContainsAny(w, "\"'\\`;|&()<>$#{}") || strings.ContainsFunc(w, unicode.IsSpace)
	}) {
		return r, errors.New("the command is not of plain words with one space between")
	}
	if strings.Trim(r.words[0], "*") == "" {
		return r, errors.New("the first word would match every command")
	}
	return r, nil
}

// liveExpressionOf compiles an expression of bounded size. One that matches an empty line would match every line.
func liveExpressionOf(expression string) (*regexp.Regexp, error) {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	if len(program.Inst) > mostLiveProgram {
		return nil, errors.New("the expression is too large")
	}
	re, err := regexp.Compile(expression)
	if err == nil && re.MatchString("") {
		err = errors.New("the expression matches an empty line")
	}
	return re, err
}

// LiveRules are a system's live rules, ready to judge. They are immutable.
type LiveRules struct {
	rules    []liveRule
	strictly bool // one of them does more than warn
}

// NewLiveRules reads a system's rules; nil: it has none. A rule that cannot be read refuses every command.
func NewLiveRules(rules []string) *LiveRules {
	if len(rules) == 0 {
		return nil
	}
	l := &LiveRules{}
	for _, s := range rules {
		r, err := readLiveRule(s)
		if err != nil {
			r = liveRule{effect: LiveRefuse, text: s, broken: true}
		}
		l.rules = append(l.rules, r)
		l.strictly = l.strictly || r.effect != LiveWarn
	}
	return l
}

// LiveLine is a command to be judged.
type LiveLine struct {
	Text string
	// Loose: it is not known where in the text a command begins, as on a screen. Each word may begin one, and signs of the shell's
	// language mean nothing.
	Loose bool
	// Typed: a person's shell reads it, which may replace "!" by an earlier command.
	Typed bool
}

// LiveVerdict is what the rules say to a command. The zero value lets it go on.
type LiveVerdict struct {
	Effect   LiveEffect
	Rule     string // as it is written; empty: no rule matches
	Unjudged bool   // it could not be judged
}

// Stricter is the verdict with the stronger effect. A rule that matches counts before a command that could not be judged.
func (v LiveVerdict) Stricter(w LiveVerdict) LiveVerdict {
	all := LiveEffects()
	a, b := slices.Index(all, v.Effect), slices.Index(all, w.Effect)
	if b > a || b == a && v.Unjudged && !w.Unjudged {
		return w
	}
	return v
}

// Unjudged is the verdict on a command that cannot be judged: it is held, or where rules only warn, it is told.
func (l *LiveRules) Unjudged() LiveVerdict {
	if l.strictly {
		return LiveVerdict{Effect: LiveHold, Unjudged: true}
	}
	return LiveVerdict{Effect: LiveWarn, Unjudged: true}
}

// Judge says what the rules do with a command: the strictest of those that match. A command whose name only the target's shell will
// know cannot be judged, unless a rule matches.
func (l *LiveRules) Judge(line LiveLine) (v LiveVerdict) {
	if len(line.Text) > LongestLive {
		return l.Unjudged()
	}
	read := readShell(line)
	for i := range l.rules {
		if r := &l.rules[i]; r.matches(line.Text, read.commands) {
			v = v.Stricter(LiveVerdict{Effect: r.effect, Rule: r.text})
		}
	}
	if read.over || read.unknown && !line.Loose {
		v = v.Stricter(l.Unjudged())
	}
	return v
}

func (r *liveRule) matches(line string, commands []shellCommand) bool {
	switch {
	case r.broken:
		return strings.TrimSpace(line) != ""
	case r.re == nil:
		return slices.ContainsFunc(commands, r.names)
	}
	return r.re.MatchString(line) || slices.ContainsFunc(commands, func(c shellCommand) bool { return r.re.MatchString(strings.Join(c.words, " ")) })
}

// names reports whether the command is the rule's: its name, or of another program's arguments the first that could be one, and then the
// rule's other words in their order.
func (r *liveRule) names(c shellCommand) bool {
	for i, w := range c.words {
		if !c.begins(i) || !wordIs(r.words[0], w) {
			continue
		}
		rest := r.words[1:]
		for _, arg := range c.words[i+1:] {
			if len(rest) > 0 && glob(rest[0], arg) {
				rest = rest[1:]
			}
		}
		return len(rest) == 0 // a later beginning has fewer arguments
	}
	return false
}

// wordIs compares a command's name with a rule's: as it stands, or without its directory where the rule names none.
func wordIs(pattern, word string) bool {
	if glob(pattern, word) {
		return true
	}
	at := strings.LastIndexByte(word, '/')
	return at >= 0 && !strings.Contains(pattern, "/") && glob(pattern, word[at+1:])
}

// glob matches a word with a pattern in which * is any text. Its cost is at most the product of both lengths.
func glob(pattern, word string) bool {
	prefix, rest, open := strings.Cut(pattern, "*")
	if !open {
		return pattern == word
	}
	word, ok := strings.CutPrefix(word, prefix)
	if !ok {
		return false
	}
	for {
		part, more, open := strings.Cut(rest, "*")
		if !open {
			return strings.HasSuffix(word, part)
		}
		at := strings.Index(word, part)
		if at < 0 {
			return false
		}
		word, rest = word[at+len(part):], more
	}
}

// SayLiveRules tells that a system has so many live rules, and not which: their words would help to get around them. No text: it has none.
func SayLiveRules(rules int) Text {
	if rules == 0 {
		return Text{}
	}
	return Text{
		JA: fmt.Sprintf("%d件の決まりで拒否・立会者の確認・警告・切断があります。%s", rules, LiveLimit.JA),
		EN: fmt.Sprintf("%d live rule(s) may refuse, hold, warn or end; %s", rules, LiveLimit.EN),
	}
}
