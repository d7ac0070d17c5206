package web

import (
	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/view"
	"sekimori/policy"
)

// sealingRoutes are the looks at the keys that open recordings. policy.SeesViewingKeys says the same of each person.
func sealingRoutes() []route {
	lookers := callers{Callers: act.Those(policy.Administrator, policy.Auditor, policy.InformationSystems)}
	return []route{
		{"GET", string(api.ViewingKeys), lookers, listed((*view.Views).ViewingKeys)},
		{"GET", string(api.Accesses), lookers, listed((*view.Views).Accesses)},
	}
}
