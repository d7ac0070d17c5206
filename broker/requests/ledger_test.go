package requests_test

import "sekimori/broker/ledger"

func ledgerDraft(kind string) ledger.Draft {
	return ledger.Draft{Kind: kind, Actor: ledger.Actor{Kind: "person", ID: "admin", Via: "cli"}}
}
