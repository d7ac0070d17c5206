package ledger

// kindsOfTheLedger are those of looking, of refusals, and of the ledger and the broker themselves.
var kindsOfTheLedger = func() []Kind {
	kinds := []Kind{
		{Name: "access.refused", Says: "A look or an act was refused by rule. Those alike within ten minutes are summed up in `refusals.summed`.", Subjects: "the person, then what was asked for", Members: []Member{
			text("reason", "code of why, from `policy/RULES.md`"), number("number", "number of that reason; over SSH only"),
			text("act", "what was to be done, a word of the policy (`look`, `watch`, `play`, …); absent where `route` stands"), text("what", "with what: `session`, `recording`, `request`, `ledger`, …; absent where `route` stands"),
			text("route", "method and pattern of the API's route, or `ssh`; absent where `act` stands"), text("source", "address and port of the connection; over SSH only"),
		}},
		{Name: "refusals.summed", Says: "Refusals like one that has its own entry, within the ten minutes after it.", Subjects: "the person, where it is one", Members: []Member{
			text("kind", "kind of the entry that was not written again"), text("person", "id of the person; empty: people beyond those counted singly"),
			text("what", "the route or act"), text("reason", "codes of why, separated by spaces; absent in entries of earlier versions, where they stood in `what`"),
			instant("from", "the first, which has its own entry"), instant("until", "the last"), number("count", "how many after the first"),
			object("subjects", "how often each of at most 64 ids was asked for; absent: none was named"), number("more_subjects", "mentions of ids beyond those; absent: 0"),
		}},
		{Name: "ledger.listed", Says: "Somebody listed entries.", Subjects: "the person", Members: []Member{
			number("limit", "at most how many"), text("kind", "of which kind; empty: any"), text("subject", "about whom; empty: anybody"), number("before", "only entries of a lower index; 0: all"),
		}},
		{Name: "ledger.viewed", Says: "Somebody opened an entry.", Subjects: "the person", Members: []Member{number("entry", "index of the entry")}},
		{Name: "ledger.exported", Says: "Somebody took the ledger out. This entry is in it.", Subjects: "the person", Members: []Member{
			text("purpose", "why, a word of the list of purposes"), text("explanation", "what was said with it; absent: nothing"), text("format", "always `jsonl`"),
		}},
		{Name: KindDisposed, Says: "Payloads were disposed of. FORMAT.md, section 1.", Subjects: "the person who ordered it", Members: []Member{
			text("rule", "by which rule"), text("by", "id of the person who ordered it"), list("leaves", "the entries, each with `entry` (index) and `leaf` (hex)"),
		}},
		{Name: "state.bound", Says: "Rows of the database are bound here: those of the entry before that found no room there, or those that a migration changed. FORMAT.md, section 7.", Members: []Member{
			number("schema_before", "version of the database before the migration; absent: there was none"), number("schema", "version after it; absent likewise"),
			number("number", "how many rows it changed; absent likewise"), number("left_out", "how many had been edited by hand before and stay unbound; absent likewise"),
		}},
		{Name: "broker.zone", Says: "The institution's zone, when the broker first starts and whenever it was changed since. FORMAT.md, section 6.", Members: []Member{text("zone", "an IANA name, such as `Asia/Tokyo`")}},
		{Name: "files.listed", Says: "Over SSH, somebody listed the files that their work may leave or take.", Subjects: "the person", Members: overSSH()},
	}
	for _, what := range []string{"account", "person", "system", "target", "vendor"} {
		kinds = append(kinds, Kind{Name: what + ".viewed", Says: "Somebody opened the page of the " + what + ".", Subjects: "the " + what + ", the person who looked",
			Members: []Member{text(what, "id of the "+what)}})
	}
	return kinds
}()
