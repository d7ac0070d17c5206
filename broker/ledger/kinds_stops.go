package ledger

// kindsOfStops are the kinds for freezes, locks, drills and alarms.
var kindsOfStops = func() []Kind {
	why := text("reason", "why, in words; may be empty")
	freeze := []Member{
		text("incident", "number of the freeze (`I-001`)"), text("scope", "`all`, `vendor` or `system`"), text("subject", "id of the vendor or system; empty for `all`"), text("system", "of a vendor's: the one system on which it is stopped; absent: everywhere"), why,
		yesno("drill", "true: it is a drill; absent: it is not"),
	}
	kinds := []Kind{
		{Name: "freeze.on", JA: "緊急凍結", Says: "A person froze everything, a vendor (everywhere or on one system) or a system: sessions end, and no new one begins.", Subjects: "the incident, the vendor or system", Members: with(freeze,
			list("tell", "who must be told of it, from the institution's list: each with `key` and `due`; absent: the institution has no list"))},
		{Name: "freeze.viewed", JA: "凍結の閲覧", Says: "A person opened the page of a freeze or drill.", Subjects: "the incident, the person", Members: []Member{text("incident", "number of the freeze")}},
		{Name: "freeze.noted", JA: "凍結の理由の追記", Says: "A person added to the reason of a freeze.", Subjects: "the incident, the vendor or system", Members: []Member{text("incident", "number of the freeze"), text("reason", "what was added")}},
		{Name: "freeze.lift-agreed", JA: "凍結の解除に同意", Says: "One of two people agreed to end a freeze.", Subjects: "the incident, the vendor or system", Members: freeze},
		{Name: "freeze.lifted", JA: "凍結の解除", Says: "The second person agreed: the freeze has ended.", Subjects: "the incident, the vendor or system", Members: freeze},
		{Name: "drill.asked", JA: "訓練の申出", Says: "A person asked for a drill. Nothing is frozen yet.", Subjects: "the incident, the vendor or system", Members: freeze},
		{Name: "drill.agreed", JA: "訓練への同意", Says: "A second person agreed to the drill; a `freeze.on` follows.", Subjects: "the incident, the vendor or system", Members: []Member{
			text("incident", "number of the freeze"), text("asked_by", "id of the person who asked"), yesno("drill", "always true"),
		}},
		{Name: "alarm.raised", JA: "警報", Says: "An alarm went to several desks.", Subjects: "the alarm, and what it is about, where that has an id", Members: []Member{
			text("alarm", "number of the alarm (`A-0007`)"),
			text("what", "`locked-out`, `failures`, `re-enrolment`, `lock`, `freeze`, `nobody-present`, `evidence`, `target`, `checkpoint`, `unrecordable`, `space-short`, `undelivered`, `client-too-old`, `unconfirmed`, `review-overdue`, `untold`, `ledger`"),
			text("about", "id of a person, a vendor, an incident, a session, a target; empty: an address"),
			list("to", "the desks: `information-systems`, and `section:` with the id of each section"),
			object("detail", "particulars for people; they depend on `what`, and may change"),
		}},
		{Name: "alarm.acknowledged", JA: "警報の確認", Says: "A person acknowledged an alarm for one desk.", Subjects: "the alarm, and what it is about, where that has an id", Members: []Member{
			text("alarm", "number of the alarm"), text("desk", "which desk"), text("note", "what was said with it; may be empty"),
		}},
	}
	for who, ja := range map[string]string{"person": "利用停止", "vendor": "保守事業者の利用停止"} {
		members := []Member{text(who, "id of the "+who), why}
		kinds = append(kinds,
			Kind{Name: who + ".locked", JA: ja, Says: "A " + who + " was locked: nothing is let in, and sessions end.", Subjects: "the " + who, Members: members},
			Kind{Name: who + ".lock-noted", JA: ja + "の理由の追記", Says: "A person added to the reason of that lock.", Subjects: "the " + who, Members: members},
			Kind{Name: who + ".unlock-agreed", JA: ja + "の解除に同意", Says: "One of two people agreed to end the lock.", Subjects: "the " + who, Members: members},
			Kind{Name: who + ".unlocked", JA: ja + "の解除", Says: "The second person agreed: the lock has ended.", Subjects: "the " + who, Members: members},
		)
	}
	return kinds
}()
