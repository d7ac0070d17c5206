package main

import "github.com/urfave/cli/v2"

// moreCommands are commands whose files stand apart from the nouns.
func (p *program) moreCommands() []*cli.Command {
	return []*cli.Command{p.demoCommand(), p.versionCommand(), p.completionCommand(), p.manCommand()}
}
