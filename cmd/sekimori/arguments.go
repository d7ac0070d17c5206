package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// usageError is a command line that means nothing: exit status 2.
type usageError struct{ ja, en, hintJA, hintEN string }

func (e *usageError) Error() string { return e.en }

// resolve walks the command line down the tree of commands. It names what is unknown together
// with what comes nearest, and moves options before the operands: people write
// `recording play ID --purpose review`, the flag package stops at the first operand. words are the command's own, as far as they are known.
func resolve(app *cli.App, args []string) (resolved, words []string, err error) {
	if n := len(args); n > 0 && args[n-1] == completing {
		return args, nil, nil
	}
	if err := spoken(args); err != nil {
		return nil, nil, err
	}
	var path []string // the arguments walked, with options
	commands, flags := app.Commands, app.Flags
	var leaf *cli.Command
	i := 0
	for i < len(args) && leaf == nil {
		a := args[i]
		if a == "--version" && len(words) == 0 {
			a = "version" // an option everywhere else
		}
		if strings.HasPrefix(a, "-") && a != "-" {
			taken, err := option(flags, args[i:])
			if err != nil {
				return nil, words, err
			}
			path = append(path, args[i:i+taken]...)
			i += taken
			continue
		}
		if a == "help" {
			return append(path, args[i:]...), words, nil // the library's own
		}
		c := find(commands, a)
		if c == nil {
			return nil, words, unknownCommand(words, commands, a)
		}
		path, words = append(path, a), append(words, a)
		i++
		flags, commands = c.Flags, c.Subcommands
		if len(commands) == 0 {
			leaf = c
		}
	}
	if leaf == nil {
		return path, words, nil // the tree's own help
	}
	var options, operands []string
	for i < len(args) {
		a := args[i]
		if a == "--" {
			operands = append(operands, args[i+1:]...)
			break
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			operands = append(operands, a)
			i++
			continue
		}
		taken, err := option(flags, args[i:])
		if err != nil {
			return nil, words, err
		}
		options = append(options, args[i:i+taken]...)
		i += taken
	}
	if leaf.Name == "enroll" && len(words) == 1 && len(operands) > 0 { // not "target enroll", whose operand is no secret
		return nil, words, codeAsArgument()
	}
	if err := countOperands(leaf, strings.Join(words, " "), operands, options); err != nil {
		return nil, words, err
	}
	out := append(path, options...)
	if helps(options) {
		return out, words, nil // the library looks up an operand as a topic of its help
	}
	if len(operands) > 0 {
		out = append(append(out, "--"), operands...)
	}
	return out, words, nil
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// option tells how many arguments the option at args[0] takes.
func option(flags []cli.Flag, args []string) (int, error) {
	name, _, inline := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
	if name == "help" || name == "h" {
		return 1, nil
	}
	var names []string
	for _, f := range flags {
		names = append(names, f.Names()...)
		if !slices.Contains(f.Names(), name) {
			continue
		}
		if _, toggle := f.(*cli.BoolFlag); toggle || inline {
			return 1, nil
		}
		if len(args) < 2 {
			return 0, &usageError{
				ja: fmt.Sprintf("オプション --%s には値が要ります", name),
				en: fmt.Sprintf("option --%s needs a value", name),
			}
		}
		return 2, nil
	}
	e := &usageError{ja: fmt.Sprintf("知らないオプション --%s", name), en: fmt.Sprintf("unknown option --%s", name)}
	if near := nearest(name, names); near != "" {
		e.hintJA, e.hintEN = fmt.Sprintf("近いのは --%s です", near), fmt.Sprintf("did you mean --%s?", near)
	}
	return 0, e
}

func unknownCommand(path []string, commands []*cli.Command, typed string) error {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	whole := strings.Join(append(slices.Clone(path), typed), " ")
	e := &usageError{
		ja: fmt.Sprintf("知らないコマンド %q", whole), en: fmt.Sprintf("unknown command %q", whole),
	}
	near := nearest(typed, names)
	if meant := synonyms[typed]; slices.Contains(names, meant) {
		near = meant
	}
	if near != "" {
		nearWhole := strings.Join(append(slices.Clone(path), near), " ")
		e.hintJA, e.hintEN = fmt.Sprintf("近いのは `sekimori %s` です", nearWhole), fmt.Sprintf("did you mean `sekimori %s`?", nearWhole)
	}
	return e
}

// synonyms are words that people know from other commands, and the word that a group may have for it.
var synonyms = map[string]string{"list": "status", "status": "list", "ls": "list", "end": "close", "add": "file", "stop": "on", "get": "show", "view": "show"}

// countOperands holds the operands against ArgsUsage: words in brackets may be left out, a
// trailing "…" takes any number.
func countOperands(c *cli.Command, name string, operands, options []string) error {
	if c.HasName("help") || helps(options) {
		return nil
	}
	least, most := 0, 0
	for _, word := range strings.Fields(c.ArgsUsage) {
		most++
		if !strings.HasPrefix(word, "[") {
			least++
		}
		if strings.HasSuffix(strings.Trim(word, "[]"), "…") {
			most = 1 << 16
		}
	}
	switch {
	case len(operands) < least:
		return &usageError{
			ja: fmt.Sprintf("足りません: %s", c.ArgsUsage), en: fmt.Sprintf("missing: %s", c.ArgsUsage),
			hintJA: fmt.Sprintf("`sekimori %s --help` をご覧ください", name), hintEN: fmt.Sprintf("see `sekimori %s --help`", name),
		}
	case len(operands) > most:
		return &usageError{
			ja: fmt.Sprintf("余分な引数 %q", operands[most]), en: fmt.Sprintf("unexpected argument %q", operands[most]),
			hintJA: fmt.Sprintf("`sekimori %s --help` をご覧ください", name), hintEN: fmt.Sprintf("see `sekimori %s --help`", name),
		}
	}
	return nil
}

// helps tells whether the options ask for the command's help.
func helps(options []string) bool {
	return slices.Contains(options, "--help") || slices.Contains(options, "-h")
}

// nearest is the name with the fewest edits, when it is near enough to have been meant.
func nearest(typed string, names []string) string {
	best, least := "", len([]rune(typed))/3+2
	for _, n := range names {
		if d := edits(typed, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// edits counts insertions, deletions and replacements.
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(y)]
}
