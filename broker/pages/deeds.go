package pages

import (
	"sekimori/broker/api"
)

// elsewhere are the acts of the API that have a page of their own, each with the address to which its form is posted.
var elsewhere = map[string]string{
	string(api.EnrollBeginPath): "/enrol", string(api.EnrollFinishPath): "/enrol/finish", string(api.LoginPath): "/signin", string(api.LogoutPath): "/signout",
	string(api.PasswordPath): "/me/signin/password", string(api.PasskeyEndPath): "/me/signin/passkey/{key}/end", string(api.FactorBeginPath): "/me/signin/code", string(api.FactorFinishPath): "/me/signin/code/finish",
	api.People.Pattern("id", "enroll-code"): "/people/{id}/enrol",
	string(api.ApplyPath):                   "/changes/file", string(api.HolidaysPath): "/calendar/holidays",
	api.Changes.Pattern("no", "confirm"): "/changes/{no}/confirm", api.Changes.Pattern("no", "drop"): "/changes/{no}/drop",
	api.Alarms.Pattern("id", "ack"): "/alarms/{id}/ack",
	string(api.NoticesSeenPath):     "/notifications/seen", string(api.NotifyTestPath): "/notifications/test",
	string(api.Feeds): "/calendar/subscribe", api.Feeds.Pattern("id", "revoke"): "/calendar/feeds/{id}/revoke",
	string(api.Freezes): "/incidents/freeze", string(api.Deputies): "/me/deputy", string(api.Permits): "/permits/new", string(api.LateEntries): "/late-entries/new",
	string(api.Requests): "/requests/new", api.Requests.Pattern("no", "edit"): "/requests/{no}/edit",
	string(api.Drafts): "/requests/new", api.Drafts.Pattern("id", "save"): "/requests/new", api.Drafts.Pattern("id", "submit"): "/requests/{no}/check",
	api.Requests.Pattern("no", "approve"): "/requests/{no}/decide", api.Requests.Pattern("no", "note"): "/requests/{no}/decide",
	string(api.EmergenciesPath): "/requests/{no}/emergency",
	string(api.Papers):          "/vendors/{id}/papers", string(api.Reports): "/v/report/{id}", api.Vendors.Pattern("id", "roster"): "/v/roster",
}

// Deeds are the acts that pages do: for each path of the API that is posted to, the address to which the page's form is posted.
func Deeds() map[string]string {
	out := map[string]string{}
	for _, s := range actSpecs() {
		if s.Parameter() != "" && !ownPage[s.Path] {
			out[s.Path] = pagePath(s.Path)
		}
	}
	for _, a := range ownActs() {
		out[a.api] = a.path
	}
	for path, page := range elsewhere {
		out[path] = page
	}
	return out
}
