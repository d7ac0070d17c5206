package ledger

// kindsOfStops are those of freezes, locks, drills and alarms.
var kindsOfStops = func() []Kind {
	why := text("reason", "why, in words; may be empty")
	freeze := []Member{
		text("incident", "number of the freeze (`I-001`)"), text("scope", "`all`, `vendor` or `system`"), text("subject", "id of the vendor or system; empty for `all`"), why,
		yesno("drill", "true: it is a drill; absent: it is not"),
	}
	kinds := []Kind{
		{Name: "freeze.on", Says: "Somebody froze everything, a vendor or a system: sessions end, and no new one begins.", Subjects: "the incident, the vendor or system", Members: freeze},
		{Name: "freeze.noted", Says: "Somebody added to the reason of a freeze.", Subjects: "the incident, the vendor or system", Members: []Member{text("incident", "number of the freeze"), text("reason", "what was added")}},
		{Name: "freeze.lift-agreed", Says: "One of two people agreed to end a freeze.", Subjects: "the incident, the vendor or system", Members: freeze},
		{Name: "freeze.lifted", Says: "The second agreed: the freeze has ended.", Subjects: "the incident, the vendor or system", Members: freeze},
		{Name: "drill.asked", Says: "Somebody asked for a drill. Nothing is frozen yet.", Subjects: "the incident, the vendor or system", Members: freeze},
		{Name: "drill.agreed", Says: "A second person agreed to the drill; a `freeze.on` follows.", Subjects: "the incident, the vendor or system", Members: []Member{
			text("incident", "number of the freeze"), text("asked_by", "id of the person who asked"), yesno("drill", "always true"),
		}},
		{Name: "alarm.raised", Says: "An alarm went to several desks.", Subjects: "the alarm, and what it is about, where that has an id", Members: []Member{
			text("alarm", "number of the alarm (`A-0007`)"),
			text("what", "`locked-out`, `failures`, `re-enrolment`, `lock`, `freeze`, `nobody-present`, `evidence`, `target`, `checkpoint`, `unrecordable`, `client-too-old`"),
			text("about", "id of a person, a vendor, an incident, a session, a target; empty: an address"),
			list("to", "the desks: `information-systems`, and `section:` with the id of each section"),
			object("detail", "particulars for people; they depend on `what`, and may change"),
		}},
		{Name: "alarm.acknowledged", Says: "Somebody acknowledged an alarm for one desk.", Subjects: "the alarm, and what it is about, where that has an id", Members: []Member{
			text("alarm", "number of the alarm"), text("desk", "which desk"), text("note", "what was said with it; may be empty"),
		}},
	}
	for _, who := range []string{"person", "vendor"} {
		members := []Member{text(who, "id of the "+who), why}
		kinds = append(kinds,
			Kind{Name: who + ".locked", Says: "A " + who + " was locked: nothing is let in, and sessions end.", Subjects: "the " + who, Members: members},
			Kind{Name: who + ".lock-noted", Says: "Somebody added to the reason of that lock.", Subjects: "the " + who, Members: members},
			Kind{Name: who + ".unlock-agreed", Says: "One of two people agreed to end the lock.", Subjects: "the " + who, Members: members},
			Kind{Name: who + ".unlocked", Says: "The second agreed: the lock has ended.", Subjects: "the " + who, Members: members},
		)
	}
	return kinds
}()
