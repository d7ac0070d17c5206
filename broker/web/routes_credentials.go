package web

import "sekimori/policy"

// releasers are those whose agreement counts towards the end of a lock or a freeze.
func releasers() who {
	return those(policy.Approver, policy.SecondApprover, policy.InformationSystems)
}

// stopRoutes: what one presses and two release, the evidence it keeps, the alarms it raises.
func stopRoutes() []route {
	archivists := those(policy.Auditor, policy.InformationSystems)
	return []route{
		{"POST", "/v1/people/{id}/lock-note", everyStaff(), (*Server).notePerson},
		{"POST", "/v1/vendors/{id}/lock-note", everyStaff(), (*Server).noteVendor},
		{"POST", "/v1/freezes/{id}/note", everyStaff(), (*Server).freezeNote},
		{"POST", "/v1/freezes/{id}/agree", everyStaff(), (*Server).agreeDrill},
		{"POST", "/v1/recordings/{id}/hold", those(policy.Auditor, policy.InformationSystems, policy.Approver), (*Server).holdRecording},
		{"POST", "/v1/recordings/{id}/release", archivists, (*Server).releaseRecording},
		{"GET", "/v1/alarms", everyStaff(), (*Server).alarms},
		{"POST", "/v1/alarms/{id}/ack", everyStaff(), (*Server).ackAlarm},
	}
}

// credentialRoutes: what people do with their own keys, password and second factor, and what the administrator and
// the information-systems section do with other people's. Whose it is, the registry looks at.
func credentialRoutes() []route {
	return []route{
		{"GET", "/v1/keys", everySignedIn(), (*Server).keys},
		{"POST", "/v1/keys", everySignedIn(), (*Server).addKey},
		{"POST", "/v1/keys/revoke", everySignedIn(), (*Server).revokeKey},
		{"POST", "/v1/password", everySignedIn(), (*Server).changePassword},
		{"POST", "/v1/factor/begin", everySignedIn(), (*Server).beginFactor},
		{"POST", "/v1/factor/finish", everySignedIn(), (*Server).finishFactor},
		{"POST", "/v1/people/{id}/revoke-tokens", everySignedIn(), (*Server).revokeTokens},
	}
}
