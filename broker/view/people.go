package view

import (
	"time"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
)

func Lock(l *policy.Lock, z *time.Location) *api.Lock {
	if l == nil {
		return nil
	}
	return &api.Lock{By: l.By, Reason: l.Reason, Since: At(l.Since, z)}
}

func Person(p store.Person, z *time.Location) api.Person {
	out := api.Person{
		ID: p.ID, Login: p.Login, Kind: string(p.Kind), Name: p.Name, Title: p.Title, Section: p.Section, Vendor: p.Vendor,
		Language: p.Lang, Phone: p.Phone, Locked: Lock(p.Locked, z), PledgeUntil: At(p.Pledge.Until, z),
	}
	for _, r := range p.Roles {
		out.Roles = append(out.Roles, string(r))
	}
	for _, s := range p.Sources {
		out.Sources = append(out.Sources, s.String())
	}
	return out
}

func Key(k store.Key, z *time.Location) api.Key {
	return api.Key{Fingerprint: k.Fingerprint, Label: k.Label, State: string(k.State), Added: At(k.Added, z)}
}

func Vendor(v store.Vendor, z *time.Location) api.Vendor {
	return api.Vendor{
		ID: v.ID, Login: v.Login, Name: v.Name, Phone: v.Phone,
		ContractFrom: At(v.ContractFrom, z), ContractUntil: At(v.ContractUntil, z),
		Prime: v.Prime, PrimeApproved: v.PrimeApproved, Qualified: v.Qualified, Unmet: v.Unmet, Locked: Lock(v.Locked, z),
	}
}
