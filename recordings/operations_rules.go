package recordings

import "fmt"

// ruled tells the effect of a live rule on a command.
func ruled(r Rule, say func(ja, en string)) {
	line, lineEN := said(r.Line), said(r.Line)
	if r.Line == "" {
		line, lineEN = "(画面に出ない入力)", "(typed without an echo)"
	}
	rule, ruleEN := "規則「"+said(r.Rule)+"」", "rule \""+said(r.Rule)+"\""
	if r.Unjudged {
		rule, ruleEN = "規則で判定できません", "the rules cannot judge it"
	}
	switch r.Effect {
	case "hold":
		say(fmt.Sprintf("確認待ち%d: %s(%s)", r.Held, line, rule), fmt.Sprintf("held %d: %s (%s)", r.Held, lineEN, ruleEN))
	case "warn":
		say("警告: "+line+"("+rule+")", "warning: "+lineEN+" ("+ruleEN+")")
	case "refuse":
		say("規則により拒否: "+line+"("+rule+")", "refused by rule: "+lineEN+" ("+ruleEN+")")
	case "end":
		say("規則により切断: "+line+"("+rule+")", "ended by rule: "+lineEN+" ("+ruleEN+")")
	}
}

// answers are the words for Ruled.Answer.
func answers(a string) (ja, en string) {
	switch a {
	case "allowed":
		return "許可", "allowed"
	case "refused":
		return "拒否", "refused"
	case "timed-out":
		return "返事がなく拒否", "refused, no answer"
	case "unattended":
		return "立会者がおらず拒否", "refused, no attendant"
	case "gone":
		return "接続が先に終了", "the connection ended first"
	case "not-kept":
		return "記録できず拒否", "refused, not recorded"
	}
	return said(a), said(a)
}
