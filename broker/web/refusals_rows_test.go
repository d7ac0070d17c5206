package web

import (
	"maps"
	"slices"

	"sekimori/policy"
)

// Short names of the roles, for the rows.
const (
	req, app, sec, att = policy.Requester, policy.Approver, policy.SecondApprover, policy.Attendant
	aud, adm, inf, per = policy.Auditor, policy.Administrator, policy.InformationSystems, policy.PermitOfficer
)

type (
	roles  = []policy.Role
	fields = map[string]any
	people = map[string]string
)

var why = fields{"reason": "x"}

const (
	noPurpose = string(policy.ViewPurposeRequired)
	unseen    = "not-found" // a thing that the person does not see is no other than one that is not there
)

// with is a copy of people with one more.
func with(all people, who, code string) people {
	out := maps.Clone(all)
	out[who] = code
	return out
}

func evidenceRefusals() []refusal {
	return slices.Concat(reviewRefusals(), recordingRefusals(), keyRefusals(), ledgerRefusals(), incidentRefusals())
}

func reviewRefusals() []refusal {
	conflict := string(policy.AuditorConflict)
	parts := people{"requested": conflict, "approved": conflict, "attended": conflict}
	return []refusal{
		{route: "GET /v1/reviews", path: "/v1/reviews", roles: roles{aud, app}},
		{route: "GET /v1/reviews/{id}", path: "/v1/reviews/R8-0001-1", roles: roles{aud}, own: roles{app}, but: people{"other-approver": unseen}},
		{route: "POST /v1/reviews/{id}/hand-over", path: "/v1/reviews/R8-0001-1/hand-over", body: fields{"auditor": "no-one", "reason": "x"}, but: people{"named": "invalid"}},
		{route: "POST /v1/reviews/{id}/sign", path: "/v1/reviews/R8-0001-1/sign", body: fields{"verdict": "fix", "note": "x", "addressee": "V-001", "answer_by": "2020-01-01"}, but: with(parts, "named", "invalid")},
		{route: "POST /v1/reviews/{id}/answer", path: "/v1/reviews/R8-0001-1/answer", body: fields{"answer": "x"}},
		{route: "POST /v1/reviews/{id}/take", path: "/v1/reviews/R8-0001-1/take", roles: roles{aud}, but: parts},
		{route: "GET /v1/findings/{id}", path: "/v1/findings/F-001", roles: roles{aud, inf, sec}, own: roles{app}, refused: unseen},
		{route: "POST /v1/findings/{no}/close", path: "/v1/findings/F-001/close", body: fields{"verified": "x"}, roles: roles{aud}, but: with(parts, "answered", conflict)},
		{route: "POST /v1/findings/{no}/answer", path: "/v1/findings/F-001/answer", body: fields{"correction": "x"}, but: people{"answered": "already-decided", "once": "already-decided"}},
	}
}

func recordingRefusals() []refusal {
	const of = "/v1/recordings/" + evidenceSession
	exports := string(policy.ExportAuditorOnly)
	return []refusal{
		{route: "GET /v1/recordings", path: "/v1/recordings", roles: roles{app, sec, att, aud, inf}},
		{route: "GET /v1/recordings/{id}", path: of, roles: roles{sec, aud, inf}, own: roles{app, att}, but: people{"other-approver": unseen, "other-attendant": unseen}},
		{route: "GET /v1/recordings/{id}/verify", path: of + "/verify", roles: roles{sec, aud, inf}, own: roles{app, att}, but: people{"other-approver": unseen, "other-attendant": unseen}},
		{route: "GET /v1/recordings/{id}/play", path: of + "/play", roles: roles{aud}, own: roles{app, sec, inf}, granted: noPurpose},
		{route: "GET /v1/recordings/{id}/file", path: of + "/file", roles: roles{aud}, refused: exports, granted: noPurpose},
		{route: "GET /v1/recordings/{id}/keys", path: of + "/keys", roles: roles{aud}, refused: exports, granted: noPurpose},
		{route: "GET /v1/recordings/{id}/export", path: of + "/export?format=text", roles: roles{aud}, refused: exports, granted: noPurpose},
		{route: "GET /v1/recordings/search", path: "/v1/recordings/search?words=x", roles: roles{app, sec, att, aud, inf}, granted: noPurpose},
		{route: "GET /v1/recordings/index", path: "/v1/recordings/index", roles: everyRole, granted: "search-off"},
		{route: "POST /v1/recordings/index", path: "/v1/recordings/index", roles: roles{adm}, granted: "search-off"},
		{route: "GET /v1/sessions/{id}/summary", path: "/v1/sessions/" + evidenceSession + "/summary", roles: roles{aud}, own: roles{app, sec, inf}, granted: noPurpose},
		{route: "GET /v1/sessions/{id}/proof", path: "/v1/sessions/" + evidenceSession + "/proof", roles: roles{aud}, refused: exports, granted: noPurpose},
		{route: "POST /v1/recordings/{id}/hold", path: of + "/hold", body: fields{"reason": " "}, roles: roles{aud, inf}, own: roles{app}, granted: "invalid", but: people{"other-approver": unseen}},
		{route: "POST /v1/recordings/{id}/release", path: of + "/release", body: why, roles: roles{aud, inf}, granted: unproven, but: people{"once": string(policy.LiftNeedsSecond)}, proved: true},
		{route: "POST /v1/recordings/{id}/purge", path: of + "/purge", body: why, roles: roles{aud, inf}, granted: unproven},
	}
}

func keyRefusals() []refusal {
	self := string(policy.SelfApproval)
	return []refusal{
		{route: "GET /v1/viewing-keys", path: "/v1/viewing-keys", roles: roles{adm, aud, inf}},
		{route: "POST /v1/viewing-keys/{id}/replace", path: "/v1/viewing-keys/VK-1/replace", body: why, roles: roles{adm}, granted: unproven, but: people{"once": "already-decided"}, proved: true},
		{route: "POST /v1/viewing-keys/{id}/confirm", path: "/v1/viewing-keys/VK-2/confirm", roles: roles{inf}, granted: unproven, but: people{"once": self}, proved: true},
		{route: "POST /v1/viewing-keys/{id}/roll-back", path: "/v1/viewing-keys/VK-2/roll-back", body: why, roles: roles{adm, inf}, granted: unproven},
		{route: "GET /v1/recording-access", path: "/v1/recording-access", roles: roles{adm, aud, inf}},
		{route: "POST /v1/recording-access", path: "/v1/recording-access", body: fields{"recipient": "x", "holder": "x", "all": true, "reason": "x"}, roles: roles{adm, aud, inf}, granted: "invalid"},
		{route: "POST /v1/recording-access/{id}/give", path: "/v1/recording-access/RA-001/give", roles: roles{inf}, granted: unproven, but: people{"once": self}, proved: true},
		{route: "POST /v1/recording-access/{id}/refuse", path: "/v1/recording-access/RA-001/refuse", body: fields{"reason": " "}, roles: roles{inf}, granted: "invalid"},
		{route: "POST /v1/recording-access/{id}/end", path: "/v1/recording-access/RA-002/end", body: fields{"reason": " "}, roles: roles{adm, aud, inf}, granted: "invalid"},
	}
}

func ledgerRefusals() []refusal {
	return []refusal{
		{route: "GET /v1/ledger", path: "/v1/ledger", roles: roles{app, sec, aud, adm, inf}},
		{route: "GET /v1/ledger/entries/{no}", path: "/v1/ledger/entries/1", roles: roles{app, sec, aud, adm, inf}},
		{route: "GET /v1/ledger/export", path: "/v1/ledger/export", roles: roles{aud}, refused: string(policy.ExportAuditorOnly), granted: noPurpose},
		{route: "GET /v1/ledger/verify", path: "/v1/ledger/verify", roles: everyRole},
		{route: "GET /v1/ledger/checkpoint", path: "/v1/ledger/checkpoint", roles: everyRole},
		{route: "GET /v1/ledger/policy", path: "/v1/ledger/policy", roles: everyRole},
		{route: "GET /v1/ledger/siem", path: "/v1/ledger/siem", roles: roles{app, sec, aud, adm, inf}},
		{route: "POST /v1/ledger/siem", path: "/v1/ledger/siem", body: fields{}, roles: roles{adm, inf}},
		{route: "POST /v1/ledger/entries/{no}/correct", path: "/v1/ledger/entries/{about}/correct", body: fields{"text": "x"}, roles: roles{sec, inf}, own: roles{app}},
		{route: "GET /v1/late-entries", path: "/v1/late-entries", roles: roles{req, app, sec, att, aud, inf}},
		{route: "GET /v1/late-entries/{id}", path: "/v1/late-entries/LE-0001", roles: roles{sec, aud, inf}, own: roles{req, app, att}, but: people{"other-requester": unseen, "other-approver": unseen, "other-attendant": unseen}},
		{route: "POST /v1/late-entries", path: "/v1/late-entries", body: fields{"system": "hr"}, roles: roles{req, app, att}, granted: "invalid", but: people{"once": "invalid"}},
		{route: "POST /v1/late-entries/{id}/countersign", path: "/v1/late-entries/LE-0001/countersign", roles: roles{sec}, own: roles{app}, granted: unproven, but: people{"other-approver": unproven, "once": string(policy.OwnLateEntry)}, proved: true},
		{route: "POST /v1/late-entries/{id}/reject", path: "/v1/late-entries/LE-0001/reject", body: fields{"reason": " "}, roles: roles{sec}, own: roles{req, app, att}, granted: "invalid", but: people{"once": "invalid"}},
		{route: "GET /v1/conformance", path: "/v1/conformance", roles: roles{app, sec, aud, adm, inf}},
		{route: "POST /v1/notice/changes/{no}/agree", path: "/v1/notice/changes/1/agree", roles: roles{aud, inf}, granted: unproven, but: people{"once": "already-decided"}, proved: true},
		{route: "GET /v1/annual/{fy}", path: "/v1/annual/R6", roles: roles{app, sec, aud, inf}},
		{route: "POST /v1/annual/{fy}/finalise", path: "/v1/annual/R7/finalise", body: fields{}, roles: roles{sec, aud, inf}, granted: unproven, but: people{"once": string(policy.OtherOfficeAgrees)}, proved: true},
		{route: "POST /v1/annual/{fy}/withdraw", path: "/v1/annual/R7/withdraw", body: why, roles: roles{sec, aud, inf}, granted: unproven},
		{route: "POST /v1/annual/{fy}/correct", path: "/v1/annual/R7/correct", body: fields{"place": "x", "wrong": "x", "correct": "x", "reason": "x"}, roles: roles{sec, aud, inf}, granted: unproven},
		{route: "POST /v1/annual/{fy}/opinion", path: "/v1/annual/R6/opinion", body: fields{"said_on": "2026-06-10", "opinion": "x"}, roles: roles{sec, inf}},
		{route: "POST /v1/annual/{fy}/respond", path: "/v1/annual/R6/respond", body: fields{"no": 1, "response": "x"}, roles: roles{sec, inf}},
		{route: "GET /v1/forms", path: "/v1/forms", roles: everyRole},
		{route: "GET /v1/forms/{form}", path: "/v1/forms/annual?id=R6&format=pdf", roles: roles{aud}, refused: string(policy.ExportAuditorOnly), granted: noPurpose, but: people{"own-plain": string(policy.Forbidden)}},
	}
}

func incidentRefusals() []refusal {
	exports := string(policy.ExportAuditorOnly)
	return []refusal{
		{route: "GET /v1/freezes", path: "/v1/freezes", roles: everyRole},
		{route: "GET /v1/freezes/{id}", path: "/v1/freezes/I-001", roles: everyRole},
		{route: "GET /v1/freezes/{id}/timeline", path: "/v1/freezes/I-001/timeline", roles: roles{app, sec, aud, adm, inf}},
		{route: "GET /v1/freezes/{id}/bundle", path: "/v1/freezes/I-001/bundle", roles: roles{aud}, refused: exports, granted: noPurpose},
		{route: "POST /v1/freezes", path: "/v1/freezes", body: fields{"scope": "system", "subject": "no-system"}, roles: everyRole, granted: "not-found"},
		{route: "POST /v1/freezes/{id}/note", path: "/v1/freezes/I-001/note", body: why, roles: everyRole},
		{route: "POST /v1/freezes/{id}/told", path: "/v1/freezes/I-001/told", body: fields{"key": "no-key", "text": "x"}, roles: everyRole, granted: "invalid"},
		{route: "POST /v1/freezes/{id}/lift", path: "/v1/freezes/I-001/lift", body: why, roles: roles{app, sec, inf}, granted: unproven, but: people{"once": string(policy.LiftNeedsSecond)}, proved: true},
		{route: "POST /v1/freezes/{id}/agree", path: "/v1/freezes/I-002/agree", roles: everyRole, granted: unproven, but: people{"once": string(policy.SelfApproval)}, proved: true},
	}
}
