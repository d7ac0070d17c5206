package web

import (
	"sekimori/broker/api"
	"sekimori/broker/view"
)

// alarmRoutes are the routes of alarms.
func alarmRoutes() []route {
	return []route{
		{"GET", string(api.Alarms), everyStaff(), (*Server).alarms},
		{"GET", api.Alarms.Pattern("id"), everyStaff(), one((*view.Views).Alarm)},
		{"POST", api.Alarms.Pattern("id", "ack"), everyStaff(), (*Server).ackAlarm},
	}
}

// credentialRoutes are the acts of people on their own keys, password and second factor, and those of the administrator and
// the information-systems section on other people's. The registry checks whose credential it is.
func credentialRoutes() []route {
	return []route{
		{"GET", string(api.Keys), everySignedIn(), (*Server).keys},
		{"POST", string(api.Keys), everySignedIn(), (*Server).addKey},
		{"POST", string(api.KeyRevokePath), everySignedIn(), (*Server).revokeKey},
		{"GET", string(api.Passkeys), everySignedIn(), (*Server).passkeys},
		{"POST", string(api.PasskeyEndPath), everySignedIn(), (*Server).endPasskey},
		{"POST", string(api.PasswordPath), everySignedIn(), (*Server).changePassword},
		{"POST", string(api.FactorBeginPath), everySignedIn(), (*Server).beginFactor},
		{"POST", string(api.FactorFinishPath), everySignedIn(), (*Server).finishFactor},
		{"POST", api.People.Pattern("id", "revoke-tokens"), everySignedIn(), (*Server).revokeTokens},
	}
}
