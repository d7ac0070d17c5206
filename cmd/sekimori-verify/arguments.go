package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// arguments are the parsed command line.
type arguments struct {
	export     string // "-": standard input
	incident   string // an incident's evidence bundle, in place of export and recordings
	key        string
	witnesses  []string
	recordings []string
	report     string // figures of a yearly report
	since      string
	policy     string // in place of key and witnesses
	proof      string // in place of export
	paper      string // the text of a checkpoint, as typed
	partial    bool
	json, help bool
}

func (p *program) arguments(args []string) (a arguments, failed *failure) {
	p.lang = p.locale()
	a.json = p.glance(args)
	lang := ""
	flags := flag.NewFlagSet("sekimori-verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&a.key, "key", "", "")
	flags.StringVar(&a.incident, "incident", "", "")
	flags.StringVar(&a.since, "since", "", "")
	flags.StringVar(&a.policy, "policy", "", "")
	flags.StringVar(&a.proof, "proof", "", "")
	flags.StringVar(&a.paper, "checkpoint-text", "", "")
	flags.StringVar(&a.report, "report", "", "")
	flags.StringVar(&lang, "lang", "", "")
	flags.BoolVar(&a.partial, "partial", false, "")
	flags.BoolVar(&a.json, "json", a.json, "")
	flags.Func("witness-key", "", func(s string) error { a.witnesses = append(a.witnesses, s); return nil })
	flags.Func("recording", "", func(s string) error { a.recordings = append(a.recordings, s); return nil })

	var files []string
	for rest := args; ; {
		before := len(rest)
		recordings := len(a.recordings)
		err := flags.Parse(rest)
		p.choose(lang)
		switch {
		case errors.Is(err, flag.ErrHelp):
			a.help = true
			return a, nil
		case err != nil:
			return a, flagFailure(err)
		case lang != "" && lang != "ja" && lang != "en":
			return a, usageFailure(fmt.Sprintf("--lang は ja か en です(%q)", lang), fmt.Sprintf("--lang is ja or en, not %q", lang))
		}
		rest = flags.Args()
		if len(rest) == 0 {
			break
		}
		if n := before - len(rest); n > 0 && args[len(args)-len(rest)-1] == "--" {
			files = append(files, rest...)
			break
		}
		// The shell expands `--recording DIR/*` into words after the flag.
		if (len(files) > 0 || a.proof != "") && len(a.recordings) > recordings {
			n := plainWords(rest)
			a.recordings = append(a.recordings, rest[:n]...)
			rest = rest[n:]
			continue
		}
		files, rest = append(files, rest[0]), rest[1:]
	}
	switch {
	case a.incident != "" && (len(files) > 0 || len(a.recordings) > 0 || a.partial):
		return a, usageFailure("--incident の証拠一式には、台帳と操作記録が入っています。ほかには指定できません", "the bundle of --incident has its own ledger and recordings; give no others")
	case a.incident != "":
		return a, nil
	case a.policy != "" && (a.key != "" || len(a.witnesses) > 0):
		return a, usageFailure("--policy は --key や --witness-key と一緒に使えません(方針だけを信じます)", "--policy stands alone: it takes the place of --key and --witness-key")
	case a.proof != "" && (len(files) > 0 || a.since != ""):
		return a, usageFailure("--proof は、台帳の書き出しや --since と一緒に使えません", "--proof takes the place of an export, and --since has no meaning with it")
	case a.proof != "":
		return a, nil
	case len(files) == 0:
		return a, usageFailure("台帳の書き出し(ファイル)を指定してください", "no ledger export was given")
	case len(files) > 1:
		return a, usageFailure(
			fmt.Sprintf("台帳の書き出しは一つだけ指定できます(%q が余分です)", files[1]),
			fmt.Sprintf("only one ledger export can be given (%q is one too many)", files[1]))
	}
	a.export = files[0]
	return a, nil
}

// glance finds the language and the form of errors before the arguments are parsed, because parsing may fail.
func (p *program) glance(args []string) (asJSON bool) {
	for i, a := range args {
		name := strings.TrimLeft(a, "-")
		switch v, ok := strings.CutPrefix(name, "lang="); {
		case name == a:
		case name == "json":
			asJSON = true
		case name == "lang" && i+1 < len(args):
			p.choose(args[i+1])
		case ok:
			p.choose(v)
		}
	}
	return asJSON
}

func plainWords(args []string) int {
	for i, a := range args {
		if strings.HasPrefix(a, "-") && a != "-" {
			return i
		}
	}
	return len(args)
}

func usageFailure(ja, en string) *failure {
	return &failure{code: "usage", message: text{ja, en}, hint: text{
		"sekimori-verify --help をご覧ください", "see sekimori-verify --help",
	}}
}

// flagFailure is the error of package flag about an option, in both languages.
func flagFailure(err error) *failure {
	said := err.Error()
	if name, ok := strings.CutPrefix(said, "flag provided but not defined: "); ok {
		return usageFailure("知らないオプション "+name, "unknown option "+name)
	}
	if name, ok := strings.CutPrefix(said, "flag needs an argument: "); ok {
		return usageFailure("オプション "+name+" には値が要ります", "option "+name+" needs a value")
	}
	return usageFailure("引数が正しくありません: "+said, said)
}

func (p *program) usage() {
	io.WriteString(p.out, p.pick(text{
		`使い方: sekimori-verify {台帳の書き出し | --proof FILE} [--policy FILE | --key FILE] [--witness-key FILE] [--recording FILE …]
                        [--checkpoint-text T] [--report FILE] [--partial] [--since CHECKPOINT] [--json] [--lang ja|en]
        sekimori-verify --incident BUNDLE.zip [--key FILE] [--witness-key FILE] [--since CHECKPOINT] [--json] [--lang ja|en]

台帳の書き出し(sekimori ledger export --format jsonl)を、通信せずに検証します。合わない最初の箇所を示します。

  --key FILE          台帳の公開鍵。書き出しとは別の経路で受け取ったもの。なければ署名者は検証されません
  --policy FILE       信じるものを一つにまとめた方針(sekimori ledger policy)。台帳の公開鍵、立会署名者、必要な人数
  --proof FILE        書き出しの代わりに、一つの接続の証明(sekimori session proof)を検証します
  --checkpoint-text T 紙に控えた確定点(8文字の8組)。台帳のどこかまでがその値になることを確かめます
  --witness-key FILE  立会署名者の公開鍵。その署名が確定点になければなりません(複数可)
  --recording FILE …  操作記録。それ自身と、台帳にある検証値との両方に照らします
                      どの接続のものかは中身で判断します。台帳が知っていて示されなかったものを挙げます
  --incident BUNDLE   事案の証拠一式(sekimori incident export)。中身の一覧、台帳、操作記録をすべて確かめます
  --report FILE       年次報告の検証ファイル。すべての数値を台帳から数え直し、違う最初のものを示します
  --partial           操作記録は一部だけであると認め、揃っていることを求めません
  --since CHECKPOINT  以前に保管した確定点。台帳がその続きであることを確かめます
  --json              結果を JSON で出します
  --lang ja|en        言語(既定は LANG)

判定は二つです。真正: 示されたものが署名されたとおりであること。網羅: 台帳の知る操作記録がすべて示されたこと
終了コード: 0 両方を満たす(操作記録を示さないときは真正だけ) / 1 真正でない、または署名者が検証されていない
            2 使い方の誤り / 3 真正だが、示されていない操作記録がある
`, `Usage: sekimori-verify {LEDGER-EXPORT | --proof FILE} [--policy FILE | --key FILE] [--witness-key FILE] [--recording FILE …]
                       [--checkpoint-text T] [--report FILE] [--partial] [--since CHECKPOINT] [--json] [--lang ja|en]
       sekimori-verify --incident BUNDLE.zip [--key FILE] [--witness-key FILE] [--since CHECKPOINT]
                       [--json] [--lang ja|en]

Verifies an export of the ledger (sekimori ledger export --format jsonl) offline and names the
first place that does not hold. LEDGER-EXPORT may be - for standard input.

  --key FILE          the ledger's public key, obtained by another way than the export;
                      without it the signer is not verified
  --policy FILE       a trust policy (sekimori ledger policy): the ledger's key, the witnesses, their
                      quorum; in place of --key and --witness-key
  --proof FILE        in place of an export: the proof of one session's end (sekimori session proof)
  --checkpoint-text T a checkpoint from paper, 8 groups of 8 digits; some first entries must give it
  --witness-key FILE  a witness's public key; the checkpoint must carry its signature (repeatable)
  --recording FILE …  recordings, held against themselves and against their digest in the ledger
                      (their session is read inside them, not from the name); those that the
                      ledger knows and that were not shown are listed
  --incident BUNDLE   an incident's evidence bundle (sekimori incident export): its manifest, its
                      ledger and its recordings are all checked
  --report FILE       the figures of a yearly report; all are counted again from the ledger, and
                      the first that differs is named
  --partial           the recordings are a selection: do not ask that all be shown
  --since CHECKPOINT  a checkpoint kept earlier; the ledger must be its continuation
  --json              the result as JSON
  --lang ja|en        language (by LANG otherwise)

There are two verdicts. Intact: what was shown is what was signed. Complete: every recording that
the ledger knows was shown.
Exit status: 0 both (intact alone where no recording is given), 1 not intact or the signer is not
             verified, 2 usage, 3 intact, and recordings were not shown
`}))
}
