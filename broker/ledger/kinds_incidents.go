package ledger

// kindsOfIncidents are the kinds for what follows a freeze or a drill.
var kindsOfIncidents = []Kind{
	{Name: "incident.exported", JA: "事案の証拠一式の書き出し", Says: "A person took out the evidence bundle of an incident. This entry is in the bundle, and names every session that the bundle has to have.", Subjects: "the incident, the person", Members: []Member{
		text("incident", "number of the freeze"), text("purpose", "why"), text("explanation", "more of it, in words; absent: nothing"),
		list("sessions", "the sessions whose recordings the incident holds or held"), yesno("drill", "true: it is a drill; absent: it is not"),
	}},
	{Name: "incident.told", JA: "事案を知らせた", Says: "A person noted that somebody on the institution's list was told of the incident.", Subjects: "the incident, the vendor or system", Members: []Member{
		text("incident", "number of the freeze"), text("key", "row of the list"), text("who", "whom, in Japanese, as the list has it"), instant("due", "by when it was due"),
		number("seconds", "from the declaration of the incident until this entry"), text("text", "what the person wrote: whom, how, in which words"), yesno("drill", "true: it is a drill; absent: it is not"),
	}},
	{Name: "incident.timeline-viewed", JA: "事案の経過の閲覧", Says: "A person opened the timeline of an incident.", Subjects: "the incident, the person", Members: []Member{
		text("incident", "number of the freeze"), number("after", "the page begins behind this entry; absent: at the beginning"),
	}},
}
