package requests

import (
	"fmt"
	"slices"

	"sekimori/broker/store"
	"sekimori/policy"
)

// commands checks that a request asks for no command beyond the system's rules.
func (c *checking) commands(r *store.Request, sys store.System) error {
	if len(sys.Commands) == 0 {
		return nil
	}
	refused := func(key, asked string) {
		c.problem(key, "command-not-listed", asked+" は、このシステムの決まりにありません。情報システム課へ。",
			fmt.Sprintf("The system's rules do not permit the command %q. Ask the IS section.", asked))
	}
	switch {
	case r.Body.ForcedCommand != "":
		if !policy.ListsCommand(sys.Commands, r.Body.ForcedCommand) {
			refused("forced_command", r.Body.ForcedCommand)
		}
	case len(r.Body.Commands) == 0:
		c.problem("commands", "commands-required", "このシステムでは端末を使えません。決まりにある命令から選んでください。",
			"This system gives no shell. Name commands that its rules list.")
	}
	for _, asked := range r.Body.Commands {
		if !slices.Contains(sys.Commands, asked) && !policy.ListsCommand(sys.Commands, asked) {
			refused("commands", asked)
		}
	}
	return nil
}
