package ledger

// kindsOfPermits are the kinds for standing permits and for the vendors' statements of who works for them.
var kindsOfPermits = func() []Kind {
	const names = "the permit, the vendor, the system, the applicant"
	whole := []Member{
		text("permit", "number of the permit (`SP-001`)"), text("vendor", "id of the vendor"), text("system", "id of the system"),
		instant("from", "its first instant"), instant("until", "its end, exclusive"), text("purpose", "what it is for"),
		list("accounts", "ids of the accounts; empty: every account of the system"), yesno("root", "root-equivalent accounts too"), yesno("files", "files may be exchanged"),
		text("hours", "part of the day (`09:00-17:00`); empty: no limit"), yesno("office_hours", "office hours only"), number("longest_ms", "longest window, in milliseconds; 0: the system's own limit"),
		text("asked_by", "id of the applicant"),
	}
	return []Kind{
		{Name: "permit.asked", JA: "包括許可の申請", Says: "A section applied for a standing permit.", Subjects: names, Members: whole},
		{Name: "permit.granted", JA: "包括許可", Says: "The office granted a standing permit.", Subjects: names, Members: with(whole, text("reason", "what was said with it; may be empty"))},
		{Name: "permit.refused", JA: "包括許可の不許可", Says: "The office refused a standing permit.", Subjects: names, Members: with(whole, text("reason", "why, in words"))},
		{Name: "permit.withdrawn", JA: "包括許可の取消し", Says: "A standing permit, or the application for one, was withdrawn.", Subjects: names,
			Members: with(whole, text("reason", "why, in words; may be empty"), text("before", "its state before: `asked` or `granted`"))},
		{Name: "roster.confirmed", JA: "従事者の確認", Says: "A contact of a vendor stated who works for it. Those who have left are locked, with entries of their own.", Subjects: "the vendor, the contact, the engineers who have left",
			Members: []Member{text("vendor", "id of the vendor"), list("staying", "ids of the engineers who work for it"), list("left", "ids of those who no longer do"), text("note", "what was said with it; may be empty")}},
		{Name: "roster.overdue", JA: "従事者の確認の遅れ", Says: "A vendor's statement of who works for it did not come in time.", Subjects: "the vendor, its contacts, the sections",
			Members: []Member{text("vendor", "id of the vendor"), instant("due", "when it was due"), instant("stops", "from when no new window of the vendor starts"), object("told", "who is told: `contacts` (ids), `sections` (ids)")}},
	}
}()
