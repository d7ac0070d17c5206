package ledger

var keepingChange = []Member{
	number("change", "number of the change"), number("version", "version of the notice"), number("kept_before", "how long recordings are kept before it, in days"), number("kept_days", "and after it"),
	instant("earliest", "not before this it takes effect"),
	number("ledger_before", "how long payloads of the ledger are kept before it, in days; 0: for ever; absent: that does not change"), number("ledger_days", "and after it"),
	number("looks_before", "how long payloads of entries about looks are kept before it, in days; 0: for ever; absent: that does not change"), number("looks_days", "and after it"),
}

// kindsOfNotices are the kinds for the ways by which people are told.
var kindsOfNotices = []Kind{
	{Name: "alarm.delivered", JA: "警報の到達", Says: "The mail server took the first mail of an alarm for one desk. Each desk has an entry of its own.", Subjects: "the alarm", Members: []Member{
		text("alarm", "number of the alarm"), text("desk", "which desk: `information-systems`, or `section:` with the id of a section"), text("channel", "`mail`"),
	}},
	{Name: "notice.undelivered", JA: "届かない知らせ", Says: "A notice was given up: its address is refused, or no try succeeded in time.", Subjects: "the person, where it was for one", Members: []Member{
		text("code", "what the notice says (`request.approved`)"), text("channel", "`mail` or `webhook`"), number("tries", "how many"), text("error", "what the last try met; of the server, shortened"),
		text("person", "id of the person; absent: it was for a desk or a program"), text("desk", "which desk, `vendor:` with an id, or `webhook`; absent: none"),
	}},
	{Name: "notice.announced", JA: "保存期間の変更の予告", Says: "The configuration proposes another time of keeping. The notice tells of it from here on; what was in force stays.", Members: keepingChange},
	{Name: "notice.agreed", JA: "保存期間の変更への同意", Says: "One of two people agreed to that change.", Members: keepingChange},
	{Name: "notice.withdrawn", JA: "保存期間の変更の取下げ", Says: "The configuration does not propose that change any more.", Members: keepingChange},
	{Name: "notice.in-force", JA: "監視の告知の版", Says: "From here on this version of the notice and this time of keeping are in force. The first entry of this kind is about the first start; a later one with another time follows two agreements.", Members: []Member{
		number("version", "version of the notice"), number("kept_days", "how long recordings are kept, in days"),
		number("ledger_days", "how long payloads of the ledger are kept, in days; absent: for ever"), number("looks_days", "how long payloads of entries about looks are kept, in days; absent: for ever"),
	}},
	{Name: "siem.tested", JA: "ログ基盤への送信の試験", Says: "A person sent a test message, which is no entry, to the collector of logs.", Subjects: "the person", Members: []Member{
		text("collector", "its address, host:port"), yesno("ok", "the collector confirmed that it has read the message"), text("error", "why not; empty: it did"),
	}},
	{Name: "notice.tested", JA: "通知の試験", Says: "A person tested the ways by which people are told.", Subjects: "the person", Members: []Member{
		list("channels", "those tried, each with `channel`, `ok` and, where it failed, `error`"),
	}},
}
