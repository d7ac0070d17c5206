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

// commandsTaken checks the commands that a condition takes away from those that are left of the request, and gives each once. An empty
// list of commands would be a full shell, so one command stays.
func commandsTaken(have, taken []string, problem func(field, code, ja, en string)) (out []string) {
	if len(taken) == 0 {
		return nil
	}
	if len(have) == 0 {
		problem("commands", "condition-unknown", "この申請は命令の一覧を求めていません。命令に限るには差し戻します。",
			"The request lists no commands. To bound it to commands, return it.")
		return nil
	}
	for _, command := range taken {
		switch {
		case slices.Contains(out, command):
		case slices.Contains(have, command):
			out = append(out, command)
		default:
			problem("commands", "condition-unknown", "命令「"+command+"」は申請にないか、先の承認で除かれています。",
				fmt.Sprintf("The command %q is not asked for, or an earlier approval took it away.", command))
		}
	}
	left := without(have, out)
	if len(left) == 0 {
		problem("commands", "condition-leaves-nothing", "実行できる命令が残りません。却下するか差し戻してください。", "No command would be left: reject or return it.")
	}
	for _, command := range out {
		if by := policy.CoversCommands(left, command); by != "" {
			problem("commands", "condition-no-effect", "命令「"+command+"」は、残る「"+by+"」でも実行できます。それも除くか、差し戻してください。",
				fmt.Sprintf("The command %q would still run under %q: take that away too, or return the request.", command, by))
		}
	}
	return out
}
