package view

import (
	"sekimori/broker/api"
	"sekimori/broker/store"
)

func System(s store.System) api.System { return api.System{System: s} }

func Target(t store.Target) api.Target {
	return api.Target{ID: t.ID, System: t.System, Host: t.Host, Port: t.Port, HostKey: t.HostKey, Drill: t.Drill, Note: t.Note, Encoding: t.Encoding, Legacy: t.LegacyAlgorithms, Steward: t.Steward, Egress: t.Egress}
}

func Account(a store.Account) api.Account {
	return api.Account{ID: a.ID, Target: a.Target, Login: a.Login, Root: a.Root, Credential: string(a.Credential), Note: a.Note, Groups: a.Groups, Probe: a.Probe, RolePassword: a.RolePassword}
}
