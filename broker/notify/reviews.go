package notify

import (
	"fmt"
	"slices"
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// ofReviews are the notices about reviews and recordings.
func ofReviews() []telling {
	reviewed := func(m *matter) string { return "review queued " + first(m.window.ID, m.session.ID) }
	return []telling{
		{code: "review.queued", kind: "session.ended", told: "A", page: toReviews, quiet: always, similar: reviewed,
			subject: text.Of("点検 {work}: 点検待ち", "Review {work}: queued"), lead: text.Of("接続が終わり、作業が点検待ちになりました。", "A session has ended; its work awaits review."), next: nextRead},
		{code: "review.taken", kind: "review.taken", told: "A", page: toReviews, quiet: always, next: nextRead,
			subject: text.Of("点検 {work}: 点検中", "Review {work}: in review"), lead: text.Of("点検担当の一人が点検を引き受けました。", "An auditor took the review.")},
		{code: "review.assigned", kind: "review.assigned", told: "B", page: toReview, quiet: always, next: nextRead,
			subject: text.Of("点検 {work}: 担当に決まりました", "Review {work}: named to you"), lead: text.Of("作業の点検担当に決まりました。", "You were named to review the work.")},
		{code: "review.handed-over", kind: "review.handed-over", told: "B", page: toReview,
			subject: text.Of("点検 {work}: 引き継がれました", "Review {work}: handed over to you"), lead: text.Of("別の点検担当から、作業の点検を引き継ぎました。", "Another auditor handed the review of the work over to you."),
			next: text.Of("期限までに点検して署名してください。", "Review it and sign in time.")},
		{code: "review.due-soon", kind: ReviewSoon, told: "B", also: ofNoAuditor, page: toReview, similar: func(m *matter) string { return "review due soon " + m.review.Auditor },
			subject: text.Of("点検 {work}: 期限が近づいています", "Review {work}: due soon"), lead: text.Of("作業の点検の期限が近づいています。", "The review of the work is due soon."),
			next: text.Of("期限までに点検して署名してください。できないときは、理由を書いて別の点検担当に引き継いでください。期限を過ぎると、このシステムの新しい利用が止まります。",
				"Review it and sign in time. If you cannot, hand it over to another auditor with the reason. Reviews that are overdue stop new use of the system.")},
		{code: "review.overdue", kind: ReviewOverdue, told: "ASH", page: toReviews, similar: func(m *matter) string { return "review overdue " + m.system.ID },
			subject: text.Of("点検 {work}: 期限超過", "Review {work}: overdue"),
			lead:    text.Of("作業の点検が期限までに済んでいません。遅れが続くと、このシステムの新しい利用は止まります。", "The work was not reviewed in time. Reviews that stay overdue stop new use of the system."),
			next:    text.Of("点検担当は点検して署名してください。引き受ける人がいないときは、課長と情報システム課で決めてください。", "The auditor reviews and signs it. If no one has taken it, the head and the IS section decide who does.")},
		{code: "review.ok", kind: "review.signed", when: is("verdict", "ok"), told: "HT", page: toReviews, next: nextRead, quiet: always,
			subject: text.Of("点検 {work}: 適正", "Review {work}: appropriate"), lead: text.Of("点検の判定は「適正」です。", "The review found the work appropriate.")},
		{code: "review.question", kind: "review.signed", when: is("verdict", "question"), told: "FHTV", page: toQuestions,
			subject: text.Of("点検 {work}: 要確認", "Review {work}: needs clarification"), lead: text.Of("点検の判定は「要確認」です。", "The review asks for clarification."), next: text.Of("判定の理由を読み、期限までに「点検からの質問」の画面か review answer で答えてください。", "Read the grounds and answer in time, on the page “Questions from reviews” or with review answer.")},
		{code: "review.answered", kind: "review.answered", told: "A", page: toReview,
			subject: text.Of("点検 {work}: 回答あり", "Review {work}: answered"), lead: text.Of("点検の質問に回答がありました。", "The question of the review was answered."), next: text.Of("回答を読み、もう一度判定してください。", "Read the answer and sign the review again.")},
		{code: "review.fix", kind: "review.signed", when: is("verdict", "fix"), told: "FHSVT", page: toReviews,
			subject: text.Of("点検 {work}: 是正要", "Review {work}: corrective action required"), lead: text.Of("点検の判定は「是正要」です。", "The review asks for corrective action."), next: text.Of("指摘事項に期限までに答えてください。", "Answer the finding in time.")},
		{code: "finding.opened", kind: "finding.opened", told: "F", page: toFinding,
			subject: text.Of("指摘 {work}: 是正を求めています", "Finding {work}: a correction is wanted"), lead: text.Of("作業の点検で、是正を求める指摘事項がありました。", "The review of the work asks for a correction."),
			next: text.Of("指摘を読み、期限までに「指摘事項」の画面か finding answer で、是正の内容を答えてください。", "Read the finding and say in time what was corrected, on the page of the finding or with finding answer.")},
		{code: "finding.answered", kind: "finding.answered", told: "AS", page: toFinding,
			subject: text.Of("指摘 {work}: 是正報告あり", "Finding {work}: answered"), lead: text.Of("指摘事項に是正の報告がありました。", "A finding was answered."),
			next: text.Of("点検担当は是正を確かめ、指摘を完了してください。", "An auditor verifies the correction and closes the finding.")},
		{code: "finding.closed", kind: "finding.closed", told: "FHS", page: toFinding, quiet: always, next: nextRead,
			subject: text.Of("指摘 {work}: 指摘完了", "Finding {work}: closed"), lead: text.Of("点検担当が是正を確かめ、指摘を完了しました。", "An auditor verified the correction and closed the finding.")},
		{code: "review.answer-overdue", kind: AnswerOverdue, told: "FASH", page: toQuestions,
			subject: text.Of("点検 {work}: 答えの期限を過ぎました", "Review {work}: the answer is due"), lead: text.Of("点検が求めた答えや是正の期限を過ぎました。", "The date is over by which the review wanted an answer or a correction."),
			next: text.Of("相手の方は、まだなら点検担当に答えてください。質問には「点検からの質問」の画面で答えます。点検担当は、答えが届いたかお確かめください。", "The addressee answers the auditor if that is still to do: a question is answered on the page “Questions from reviews”. The auditor makes sure that the answer has come.")},
		{code: "recording.gap", kind: "session.ended", when: gap, told: "ASMH", page: toSession,
			subject: text.Of("接続 {session}: 記録に欠け", "Session {session}: gap in the recording"), lead: text.Of("接続先につながった接続の操作記録が、そろっていません。", "The session reached its target, and its recording is not whole."),
			next: text.Of("情報システム課は原因を調べ、所管課と点検担当は作業の内容を別の方法で確かめてください。", "The IS section looks for the cause; the section and the auditor find out by other means what was done.")},
	}
}

// ofNoAuditor gives the letter of all auditors for a review that no one was named for.
func ofNoAuditor(m *matter) string {
	if m.reminds && m.review.Auditor == "" {
		return "A"
	}
	return ""
}

// gap tells whether a session reached its target and left no sealed recording. The attempt without a recording at all is refused instead.
func gap(m *matter) bool {
	return !m.session.Started.IsZero() && m.session.RecordingSum == ""
}

// reviewFacts are the lines of a card about a review: from whom an answer is wanted, until when, and when the review was due.
func (m *matter) reviewFacts(add func(ja, en string, v text.Text)) {
	r := m.review
	if r.ID == "" {
		return
	}
	if m.out.What == ReviewOverdue || m.out.What == ReviewSoon {
		add("点検の期限", "Review due", text.Moment(r.Due.In(m.zone)))
		return
	}
	add("相手", "Addressee", text.Same(text.OneLine(r.Addressee, longestReason)))
	if !r.AnswerBy.IsZero() {
		add("答えの期限", "Answer by", text.Day(r.AnswerBy.In(m.zone).Add(-time.Nanosecond)))
	}
	if m.out.What == AnswerOverdue {
		add("判定の理由", "Grounds", text.Same(text.OneLine(r.Note, longestReason)))
	}
}

// answerers are the people or the mailbox behind the addressee of a review, which the auditor wrote in words. Words that name none of
// them add no one; the row's other letters stand. People of another vendor are not told.
func (s *Service) answerers(snap *store.Snap, m *matter, people []store.Person) ([]addressee, error) {
	asked, err := snap.AddresseesOf(m.review.Addressee, m.vendor, people)
	if err != nil {
		return nil, err
	}
	_, byID := plainly(people)
	var to []addressee
	for _, a := range asked {
		letters, circle := "V", policy.Circle{Vendor: a.Vendor}
		switch {
		case a.Person != "":
			to = append(to, ofPerson(byID[a.Person], ""))
			continue
		case a.Section != "":
			section, err := snap.Section(a.Section)
			if err != nil {
				return nil, fmt.Errorf("read section %s: %w", a.Section, err)
			}
			letters, circle = "HQ", policy.Circle{Section: section.ID, Head: section.Head}
			if slices.ContainsFunc(people, func(p store.Person) bool { return p.Section == section.ID && p.Has(policy.InformationSystems) }) {
				letters = "S"
			}
		}
		more, err := s.ofLetters(snap, letters, circle, people)
		if err != nil {
			return nil, err
		}
		to = append(to, more...)
	}
	return to, nil
}

// ofLetters are the people behind letters in a circle; the mailbox of their desk stands in where a letter has no one.
func (s *Service) ofLetters(snap *store.Snap, letters string, c policy.Circle, people []store.Person) ([]addressee, error) {
	plain, byID := plainly(people)
	var to []addressee
	for _, letter := range letters {
		ids := policy.Addressees(letter, c, plain)
		for _, id := range ids {
			to = append(to, ofPerson(byID[id], ""))
		}
		if len(ids) > 0 {
			continue
		}
		box, err := s.mailbox(snap, letter, c)
		if err != nil {
			return nil, err
		}
		if box.email != "" {
			to = append(to, box)
		}
	}
	return to, nil
}
