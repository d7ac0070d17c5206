package ledger

// kindsOfLines are the kinds for the lines of systems.
var kindsOfLines = func() []Kind {
	line := func(more ...Member) []Member {
		return append([]Member{
			text("window", "number of the window"), text("request", "number of its request"), text("system", "id of the system"),
			text("how", "what stands behind the verdict: `simulated` (nothing is moved; the demonstration), `attested` (a person pulled the cable and said so), `probed` (and probes agree), `driven` (a driver was set and read back, and probes agree)"),
			text("limit", "how far that goes, in Japanese"), text("state", "the broker's verdict at that moment: `separated`, `joined` or `unknown`"),
			text("internal", "the side toward the office network: `up`, `down` or `unknown`"), text("maintenance", "the side toward the maintenance line, likewise"),
		}, more...)
	}
	return []Kind{
		{Name: "line.cut", JA: "庁内網切断確認", Says: "The office network is cut for a window; the section's own terminals cannot be used.", Subjects: namesWindow, Members: line()},
		{Name: "line.on", JA: "保守回線接続", Says: "The maintenance line is on.", Subjects: namesWindow, Members: line()},
		{Name: "line.off", JA: "保守回線切断", Says: "The maintenance line is off. The actor is the broker where the window was over.", Subjects: namesWindow, Members: line()},
		{Name: "line.restored", JA: "庁内網復旧", Says: "The office network is back; the section's own terminals can be used again.", Subjects: namesWindow, Members: line()},
		{Name: "line.lost", JA: "庁内網との分離を失った", Says: "The separation from the office network was lost, or became unknown, while the maintenance line was on. Sessions are cut.", Subjects: namesWindow, Members: line()},
		{Name: "line.left-on", JA: "保守回線がつながったまま", Says: "A maintenance line was still on a quarter of an hour after its window.", Subjects: namesWindow, Members: line()},
		{Name: "line.reconciled", JA: "起動時の回線の確認", Says: "The broker started and ordered a maintenance line off that was on when it stopped. `maintenance` is how its driver was read back; anything but `down` raised an alarm.", Subjects: namesWindow, Members: line()},
		{Name: "line.tested", JA: "回線の試験", Says: "A line was tested.", Subjects: "the system", Members: []Member{
			text("system", "id of the system"), text("how", "as in `line.cut`"), yesno("ok", "it went well"), list("probes", "what each probe saw at the end, in words"),
		}},
	}
}()
