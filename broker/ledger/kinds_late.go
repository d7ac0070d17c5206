package ledger

// kindsOfLateEntries are the kinds for work that was done on paper while the system was down.
var kindsOfLateEntries = func() []Kind {
	const names = "the late entry, the system, the vendor, the person who entered it, the papers, the engineers"
	whole := []Member{
		text("late_entry", "number of the late entry (`LE-0001`)"), list("forms", "numbers of the papers (`HF-0001`)"), text("system", "id of the system"), text("vendor", "id of the vendor"),
		list("engineers", "ids of the engineers"), instant("from", "when the work began, as the papers say"), instant("until", "when it ended"), text("targets", "what the work was on; may be empty"),
		text("account", "the account; may be empty"), text("approver", "id of the person who approved on paper; empty: the papers name none"), text("attendant", "id of the attendant; empty: the papers name none"),
		text("purpose", "what it was for; may be empty"), text("done", "what was done"), text("deviation", "departure from the request, and why; may be empty"), text("remarks", "what was noticed; may be empty"),
		text("kept_at", "where the papers are kept"), text("entered_by", "id of the person who entered it"),
	}
	return []Kind{
		{Name: "late-entry.entered", JA: "後日入力", Says: "A person entered work that was done on paper. No other person has compared it with the papers yet.", Subjects: names, Members: whole},
		{Name: "late-entry.confirmed", JA: "後日入力の確認", Says: "Another person compared a late entry with its papers and confirmed it.", Subjects: names, Members: with(whole, text("reason", "what was said with it; may be empty"))},
		{Name: "late-entry.rejected", JA: "後日入力の却下", Says: "A late entry was rejected or taken back. Its papers can be entered anew.", Subjects: names, Members: with(whole, text("reason", "why, in words"))},
		{Name: "late-entry.viewed", JA: "後日入力の閲覧", Says: "A person opened a late entry.", Subjects: "the late entry, the person", Members: []Member{text("late_entry", "number of the late entry")}},
	}
}()
