package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// completing is what shells put last on the command line to ask which words may follow. The library answers.
const completing = "--generate-bash-completion"

const bashCompletion = `_sekimori() {
  local cur="${COMP_WORDS[COMP_CWORD]}"
  local line=("${COMP_WORDS[@]:0:COMP_CWORD}")
  [[ "$cur" == -* ]] && line+=("$cur")
  COMPREPLY=($(compgen -W "$("${line[@]}" ` + completing + ` 2>/dev/null)" -- "$cur"))
}
complete -o default -F _sekimori sekimori
`

const zshCompletion = `#compdef sekimori
_sekimori() {
  local -a line found
  line=("${words[@]:0:$((CURRENT-1))}")
  [[ "${words[CURRENT]}" == -* ]] && line+=("${words[CURRENT]}")
  found=("${(@f)$("${line[@]}" ` + completing + ` 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then _describe 'sekimori' found; else _files; fi
}
compdef _sekimori sekimori
`

func (p *program) completionCommand() *cli.Command {
	c := p.leaf("completion", "SHELL", "補完の設定を出す(bash、zsh、fish)。例: source <(sekimori completion bash)", "print completion for bash, zsh or fish, such as: source <(sekimori completion bash)", p.completion)
	c.BashComplete = func(c *cli.Context) { fmt.Fprintln(p.out, "bash\nzsh\nfish") }
	return c
}

func (p *program) completion(c *cli.Context) error {
	script := map[string]string{"bash": bashCompletion, "zsh": zshCompletion}[c.Args().First()]
	if c.Args().First() == "fish" {
		var err error
		if script, err = p.app().ToFishCompletion(); err != nil {
			return fmt.Errorf("write completion: %w", err)
		}
	}
	if script == "" {
		return &usageError{ja: "bash、zsh、fish のどれかです", en: "one of bash, zsh, fish"}
	}
	_, err := fmt.Fprint(p.out, script)
	return err
}

func (p *program) manCommand() *cli.Command {
	return p.leaf("man", "", "マニュアルページを出す。例: sekimori man | man -l -", "print the man page, such as: sekimori man | man -l -", func(c *cli.Context) error {
		app := p.app()
		for _, one := range app.Commands { // the program itself lists once the options that every command has
			withoutCommon(one, len(p.commonFlags()))
		}
		app.Description = p.say("終了コード:", "Exit status:")
		for _, row := range exits() {
			app.Description += "\n\n**" + p.words(row[0]) + "** " + p.words(row[1])
		}
		page, err := app.ToManWithSection(1)
		if err != nil {
			return fmt.Errorf("write man page: %w", err)
		}
		_, err = fmt.Fprint(p.out, strings.TrimLeft(page, "\n"))
		return err
	})
}

// withoutCommon drops the flags of every command, which stand last, from a command and those below it.
func withoutCommon(c *cli.Command, common int) {
	c.Flags = c.Flags[:len(c.Flags)-common]
	for _, sub := range c.Subcommands {
		withoutCommon(sub, common)
	}
}
