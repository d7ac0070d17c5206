package view

import (
	"context"
	"fmt"

	"sekimori/broker/api"
)

// Level says what the ledger gets when a person opens something (screens §2).
type Level int

// The levels.
const (
	L0 Level = iota // nothing
	L1              // an entry
	L2              // an entry, and a purpose of viewing before anything is shown
)

// list is a list that people open.
type list struct {
	level Level
	kind  string // of the entry; empty at L1: the view that reads the list writes it, with what was asked for
	name  string // in the entry list.viewed
}

func opens(name string) list { return list{L1, "list.viewed", name} }

// lists has every list by its address in the API. Both doors read it: the API's route, and the page that shows the same list.
var lists = map[string]list{
	string(api.People): opens("people"), string(api.Systems): opens("systems"), string(api.Targets): opens("targets"), string(api.Accounts): opens("accounts"), string(api.Lines): opens("lines"), string(api.Changes): opens("changes"),
	string(api.Freezes): opens("incidents"), string(api.Files): opens("files"), string(api.Findings): opens("findings"), string(api.Reconciliations): opens("reconciliations"), string(api.UnknownLogins): opens("unknown-logins"), string(api.Vendors): {level: L1, kind: "vendor.listed"}, string(api.Reviews): {level: L1}, string(api.LedgerPath): {level: L1},
	string(api.Requests): {}, string(api.Forms): {}, string(api.Drafts): {}, string(api.Windows): {}, string(api.Extensions): {}, string(api.Deputies): {}, string(api.Sessions): {}, string(api.Recordings): {},
	string(api.Days): {}, string(api.Reports): {}, string(api.Alarms): {}, string(api.Papers): {}, string(api.PapersDuePath): {}, string(api.Permits): {}, string(api.LateEntries): {},
	string(api.ViewingKeys): {}, string(api.Accesses): {}, string(api.Feeds): {}, string(api.Keys): {}, string(api.Passkeys): {}, string(api.NotificationsPath): {}, string(api.UndeliveredPath): {}, string(api.NamesPath): {}, string(api.CalendarPath): {}, string(api.QuestionsPath): {},
}

// LevelOf is the level of a list, by its address in the API. ok: it is a list.
func LevelOf(address string) (level Level, ok bool) {
	l, ok := lists[address]
	return l.level, ok
}

// Opened ledgers that a person opens a list, where its level says so and the list's own view does not. The entry is committed when Opened
// returns. An address that is no list is an error.
func (v *Views) Opened(ctx context.Context, by Reader, address string) error {
	l, ok := lists[address]
	switch {
	case !ok:
		return fmt.Errorf("open %s: it is no list", address)
	case l.level == L0 || l.kind == "":
		return nil
	case l.name == "":
		return v.Looked(ctx, by, l.kind, []string{by.ID}, struct{}{})
	}
	return v.Looked(ctx, by, l.kind, []string{by.ID}, map[string]string{"list": l.name})
}
