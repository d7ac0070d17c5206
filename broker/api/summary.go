package api

import (
	"strconv"
	"strings"
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

// Summary is what passed in a session, as a timeline in plain words. It is derived from the recording.
type Summary struct {
	Session  string        `json:"session_id"`
	Started  time.Time     `json:"started_at"`
	LengthMS int64         `json:"length_ms"`
	Live     bool          `json:"live,omitempty"` // under way: it goes up to now
	Counts   []MarkCount   `json:"counts"`         // in the order of the groups
	IdleMS   int64         `json:"idle_ms"`        // of all stretches without output and events together
	Steps    []SummaryStep `json:"steps"`          // in order
	Left     int           `json:"left"`           // moments that it has no room for; the recording as text has all
	AidJA    string        `json:"aid_ja"`         // SaidAid
	AidEN    string        `json:"aid_en"`
	DamageJA string        `json:"damage_ja,omitempty"` // the recording does not hold
	DamageEN string        `json:"damage_en,omitempty"`
}

// SaidAid stands with each summary.
var SaidAid = text.Of("この要約は端末の出力と記録されたできごとから作った、見るための助けです。証明ではありません。画面に出ない入力は含まず、接続先は表示を偽れます。確かめるには操作記録を再生してください。",
	"This summary is made from the output of the terminal and the recorded events. It is an aid, not proof: input without an echo is missing, and a target can forge what it shows. Play the recording to be sure.")

// MarkCount is how many moments of a group there are.
type MarkCount struct {
	Group MarkGroup `json:"group"`
	Count int       `json:"count"`
}

// SummaryStep is one moment of a session, or several of one group that follow each other.
type SummaryStep struct {
	Group MarkGroup `json:"group"`
	Marks []Mark    `json:"marks"` // in order; at least one
}

// At is when it began, and Until when its last moment was.
func (s SummaryStep) At() time.Time    { return s.Marks[0].At }
func (s SummaryStep) Until() time.Time { return s.Marks[len(s.Marks)-1].At }

// Say is the step in words: the moment's own, or what there are several of.
func (s SummaryStep) Say() text.Text {
	if len(s.Marks) == 1 {
		return text.Of(s.Marks[0].JA, s.Marks[0].EN)
	}
	return MarkCount{s.Group, len(s.Marks)}.Say()
}

// Say is the count in words.
func (c MarkCount) Say() text.Text {
	n, label := strconv.Itoa(c.Count), c.Group.Label()
	return text.Of(label.JA+" "+n+"件", label.EN+": "+n)
}

// SayCounts joins counts; empty: there are none.
func SayCounts(all []MarkCount) text.Text {
	var ja, en []string
	for _, c := range all {
		said := c.Say()
		ja, en = append(ja, said.JA), append(en, said.EN)
	}
	return text.Of(strings.Join(ja, "、"), strings.Join(en, ", "))
}

// Say tells in one sentence how long the session took and what was counted in it.
func (s Summary) Say() text.Text {
	length, counts := text.Length((time.Duration(s.LengthMS) * time.Millisecond).Round(time.Second)), SayCounts(s.Counts)
	ja, en := s.Started.Format("15:04:05")+"から"+length.JA, "From "+s.Started.Format("15:04:05")+", "+length.EN
	if s.Live {
		ja, en = ja+"(接続中、ここまで)", en+" (under way, up to now)"
	}
	if !counts.IsZero() {
		ja, en = ja+"。"+counts.JA, en+". "+counts.EN
	}
	if s.IdleMS > 0 {
		idle := text.Length((time.Duration(s.IdleMS) * time.Millisecond).Round(time.Second))
		ja, en = ja+"。無操作は合わせて"+idle.JA, en+". Idle for "+idle.EN+" in all"
	}
	return text.Of(ja+"。", en+".")
}

// SayLeft says how many moments are left out; empty: none.
func (s Summary) SayLeft() text.Text {
	if s.Left == 0 {
		return text.Text{}
	}
	n := strconv.Itoa(s.Left)
	return text.Of("ほかに "+n+"件あります。文字で読む画面にすべてあります。", n+" more; the text view has all.")
}

// SayBrief tells how long a session of a day or of a review took, why it ended, and what the ledger counts in it.
func (s Session) SayBrief() text.Text {
	said := text.Of("接続中", "under way")
	if s.EndCause != "" {
		minutes, cause := strconv.Itoa(int(s.Seconds+59)/60), policy.Reason(s.EndCause).Label()
		number := "[" + strconv.Itoa(s.EndNumber) + "] "
		said = text.Of(minutes+"分、終了: "+number+cause.JA, minutes+" min, end: "+number+cause.EN)
	}
	counts := SayCounts(s.Counts)
	if counts.IsZero() {
		counts = text.Of("ほかに数えた記載はありません", "nothing else is counted")
	}
	return text.Of(said.JA+"。"+counts.JA, said.EN+". "+counts.EN)
}

// SaidLedgerOnly stands under counts that come from the ledger.
var SaidLedgerOnly = text.Of("件数は台帳からのもので、操作の中身を含みません。中身の要約を開くには閲覧目的が要り、閲覧は記録されます。",
	"The counts are from the ledger and hold nothing of what was done. A summary of the contents needs a purpose of viewing, and the look is recorded.")
