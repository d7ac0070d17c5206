package ledger

const (
	namesSession = "the session, the engineer, the request, the system"
	namesLook    = "the session, the person"
	namesAttempt = "the attempt, the person, and the window where a grant fits"
)

// kindsOfSessions are those of sessions and their recordings.
var kindsOfSessions = func() []Kind {
	id := text("session_id", "number of the session (`S-20261124-03`)")
	purpose := []Member{text("purpose", "why, a word of the list of purposes"), text("explanation", "what was said with it; absent: nothing")}
	paused := []Member{
		id, text("window", "number of the window"),
		text("cause", "`attendant` (somebody pressed it) or `attendant-absent` (the attendant was not heard of)"),
		instant("at", "when"), text("note", "what was said with it; absent: nothing"),
	}
	damaged := text("damaged", "what is wrong with the recording: `missing`, `differs`, `corrupt`, `cut-short`, `other-session`, `unledgered`, `digest-gone`, `unproved`, `unreadable`; absent: it holds")
	sum := text("sha256", "of the recording's file, in hex; absent while the session goes on")
	return []Kind{
		{Name: "session.attempted", Says: "Somebody proved key and second factor at the gate. The attempt has its number from here.", Subjects: namesAttempt, Common: groupAttempt,
			Members: []Member{text("notice", "version of the notice that was consented to before; only where `factor` is `remembered`")}},
		{Name: "session.consented", Says: "The person consented to the notice.", Subjects: namesAttempt, Common: groupAttempt,
			Members: []Member{text("notice", "version of the notice")}},
		{Name: "session.refused", Says: "An attempt was refused. Those over the connections of one person (135) that are alike within ten minutes are summed up in `refusals.summed`. What was refused at the opening of the session, and what a crash found waiting, has at most `session_id`, `reason`, `number`, `target`, `account` and `source`.", Subjects: namesAttempt, Common: groupAttempt,
			Members: reasonOf()},
		{Name: "session.opening", Says: "A session was let in; its recording is begun. The target is not reached yet.", Subjects: namesSession, Members: []Member{
			id, text("request_no", "number of the request"), text("grant", "number of the grant"), text("window", "number of the window"),
			text("system", "id of the system"), text("target", "id of the target"), text("account", "login on the target"), text("vendor", "id of the vendor"), text("engineer", "id of the engineer"),
			text("key", "fingerprint of the key that was proved"), text("source", "address and port of the connection"),
			text("factor", "`code` or `remembered`"), text("notice_version", "of the notice that was consented to"), text("client", "what the SSH client calls itself"),
			text("attendant", "id of the attendant; empty: nobody"), instant("until", "when the session ends at the latest"),
		}},
		{Name: "session.started", Says: "The target was reached.", Subjects: namesSession, Members: []Member{id, text("target", "id of the target"), instant("started_at", "when")}},
		{Name: "session.ended", Says: "A session ended, or was found to have ended in a crash. FORMAT.md, section 6.", Subjects: namesSession, Members: []Member{
			id, text("request_no", "number of the request"),
			instant("started_at", "when the target was reached; absent: never"), instant("ended_at", "when it ended"),
			number("seconds", "connected to the target, in seconds with up to three decimals; 0: it was never reached"),
			text("end_cause", "code of why, from `policy/RULES.md`"), number("number", "number of that reason"),
			text("note", "what the person who ended it said, or the particulars; absent: nothing"),
			list("refused", "what the engineer asked for within the session and did not get, each with `feature`, `reason`, `number` and `count`; absent: nothing"),
			object("recording", "the recording's digest: `sha256`, `size`, `file`, `segments`, `chain`, … (`recordings/FORMAT.md`, section 4); absent: none was begun"),
		}},
		{Name: "session.feature-refused", Says: "The engineer asked for something within the session that is not granted. The first of each sort has an entry; the counts are in `session.ended`.", Subjects: namesSession,
			Members: with(reasonOf(), id, text("feature", "what: `shell`, `exec`, `sftp`, `scp`, `forward`, `agent`, `x11`, `other`, `channel`, `request` or `env`"))},
		{Name: "session.paused", Says: "The engineer's input is held back.", Subjects: namesSession + ", the window", Members: paused},
		{Name: "session.resumed", Says: "The engineer's input passes again.", Subjects: namesSession + ", the window", Members: paused},
		{Name: "session.viewed", Says: "Somebody opened a session's page.", Subjects: namesLook, Members: []Member{id}},
		{Name: "session.watched", Says: "Somebody began to watch a live session.", Subjects: namesLook, Members: purpose},
		{Name: "session.watch-ended", Says: "They stopped watching, or the session ended.", Subjects: namesLook, Members: purpose},

		{Name: "recording.viewed", Says: "Somebody played a recording, or took its sealed file.", Subjects: namesLook,
			Members: with(purpose, text("scope", "`output`: played, without what was typed; `input`: the sealed file, which holds that too"),
				text("sha256", "of the recording's file, in hex; with `input` only"), damaged)},
		{Name: "recording.exported", Says: "Somebody took a recording out in a readable form.", Subjects: namesLook,
			Members: with(purpose, text("format", "`asciicast`, `text` or `raw`"), text("channel", "number of the channel, in decimal, or `all`"), sum, damaged)},
		{Name: "recording.held", Says: "Recordings are kept beyond their time, by hand or with a freeze or lock. Many go into several entries.", Subjects: "the incident or lock, where one is the cause, and the sessions", Members: []Member{
			text("cause", "number of the freeze (`I-001`) or lock (`lock-1`); absent: by hand"), list("sessions", "numbers of the sessions"), text("reason", "why, in words; absent where a `cause` stands"),
		}},
		{Name: "recording.release-agreed", Says: "One of two people agreed that a recording need not be kept any longer.", Subjects: "the session", Members: []Member{text("reason", "why, in words")}},
		{Name: "recording.released", Says: "The second agreed: its holds have ended.", Subjects: "the session", Members: []Member{text("reason", "why, in words")}},
		{Name: "recordings.reread", Says: "Sealed recordings were read again and held against the ledger.", Members: []Member{
			number("read", "how many"), number("bytes", "how much, in bytes"), list("bad", "sessions whose recording does not hold"), number("entries", "size of the ledger at that time"),
			list("ends", "stretches of the ledger, each as its first and last entry `session.ended`: every recording that one of those in a stretch names was read; absent in entries of before"),
		}},
		{Name: "review.signed", Says: "An auditor signed the review of a session.", Subjects: "the session, the system", Members: []Member{
			id, text("verdict", "`ok`, `question` or `fix`"), text("note", "what was said with it; may be empty"),
		}},
		{Name: "review.viewed", Says: "Somebody opened a review.", Subjects: "the session, the person", Members: []Member{text("review", "as it was asked for: the session's number"), id}},
	}
}()
