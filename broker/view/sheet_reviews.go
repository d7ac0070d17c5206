package view

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/review"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// reviewsForm is what form 5.5 shows: the reviews whose work ended in a month.
type reviewsForm struct {
	from, now time.Time
	zone      *time.Location
	all       []reviewLine
	names     map[string]string
}

// reviewLine is one review with what the report adds to it.
type reviewLine struct {
	api.Review
	differs []text.Text
	purpose string // of the newest look at one of its recordings by the signer
	viewed  time.Time

	sent, length int64 // seconds of the recordings that the signer was sent, and of the recordings
	found        []store.ReviewFinding
}

// reviewsSheet is form 5.5 of a month. Its reader has to see reviews; the look is ledgered as that of the list.
func (v *Views) reviewsSheet(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	sight := policy.SeeRecords(by.Person)
	if sight.Nothing() {
		return nil, v.hidden(ctx, by, "review", "report")
	}
	if err := v.Looked(ctx, by, "review.listed", []string{by.ID}, map[string]any{"unsigned": false, "system": "", "auditor": ""}); err != nil {
		return nil, err
	}
	x := reviewsForm{from: a.From, now: v.o.Clock(), zone: v.o.Zone, names: map[string]string{}}
	for next := ""; ; {
		err := v.o.DB.Read(ctx, func(s *store.Snap) error {
			f := store.ReviewFilter{Sight: &sight}
			if !a.From.IsZero() {
				f.From, f.To = a.From, a.From.AddDate(0, 1, 0)
			}
			page, err := s.ReviewPage(f, Page{Next: next, Limit: 200})
			if err != nil {
				return err
			}
			next = page.Next
			for _, r := range page.Rows {
				one, err := v.reviewLine(s, r, x.names)
				if err != nil {
					return fmt.Errorf("review %s: %w", r.ID, err)
				}
				x.all = append(x.all, one)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if next == "" {
			break
		}
	}
	s := &sheet.Sheet{Scope: text.Of("全期間", "All time"), Parts: filled(reviewsParts(), reviewsRows(), x)}
	if !a.From.IsZero() {
		s.Scope = monthOf(a.From)
	}
	return s, nil
}

func (v *Views) reviewLine(s *store.Snap, r store.Review, names map[string]string) (reviewLine, error) {
	whole, work, err := v.review(s, r)
	if err != nil {
		return reviewLine{}, err
	}
	out := reviewLine{Review: whole}
	if out.found, err = s.FindingsOf(r.ID); err != nil {
		return out, err
	}
	people := []string{r.SignedBy, r.Auditor, r.Addressee}
	for _, f := range out.found {
		people = append(people, f.ClosedBy)
	}
	for _, id := range people {
		if _, known := names[id]; id != "" && !known {
			if names[id], err = nameOf(s, id); err != nil {
				return out, err
			}
		}
	}
	files, err := v.reviewedFiles(s, r)
	if err != nil {
		return out, err
	}
	all, err := review.Compare(s, r, files, v.o.Zone)
	if err != nil {
		return out, err
	}
	for _, c := range all {
		if !c.Within {
			l := c.What.Label()
			if len(c.ApprovedIDs)+len(c.ActualIDs) > 0 {
				c.Approved, c.Actual = text.Same(strings.Join(c.ApprovedIDs, ", ")), text.Same(strings.Join(c.ActualIDs, ", "))
			}
			out.differs = append(out.differs, text.Of(l.JA+": 承認 "+c.Approved.JA+" 実際 "+c.Actual.JA, l.EN+": approved "+c.Approved.EN+", actual "+c.Actual.EN))
		}
	}
	if r.SignedBy == "" {
		return out, nil
	}
	looks, err := coverage(s, work.Sessions)
	if err != nil {
		return out, err
	}
	out.sent, out.length = sentTo(r.SignedBy, looks)
	for _, session := range whole.Sessions {
		for e, err := range s.Entries(store.EntryFilter{Subject: session, Kind: "recording.viewed", Newest: true, Limit: 20}) {
			if err != nil {
				return out, err
			}
			var p struct {
				Purpose string `json:"purpose"`
			}
			if e.Actor.ID == r.SignedBy && e.Time.After(out.viewed) && json.Unmarshal(e.Payload, &p) == nil {
				out.purpose, out.viewed = p.Purpose, At(e.Time, v.o.Zone)
			}
		}
	}
	return out, nil
}

func reviewsParts() []formPart[reviewsForm] {
	return []formPart[reviewsForm]{
		{key: "summary", ja: "概要", en: "Summary"},
		{key: "by_reason", ja: "選定理由別", en: "By reason of selection", rows: reviewsForm.byReason, columns: []sheet.Column{
			column("reason", "選定理由", "Reason", sheet.Code, 4), column("count", "件数", "Reviews", sheet.Number, 1)}},
		{key: "by_judgement", ja: "判定別", en: "By judgement", rows: reviewsForm.byJudgement, columns: []sheet.Column{
			column("judgement", "判定", "Judgement", sheet.Code, 4), column("count", "件数", "Reviews", sheet.Number, 1)}},
		{key: "reviewed", ja: "個別", en: "Each review", rows: reviewsForm.reviewed, columns: []sheet.Column{
			column("session_id", "接続番号", "Sessions", sheet.Words, 10), column("reason", "選定理由", "Reasons", sheet.Words, 6), column("differences", "申請と実際の相違", "Differences", sheet.Words, 8),
			column("judgement", "判定", "Judgement", sheet.Code, 6), column("grounds", "判定の理由", "Grounds", sheet.Words, 6), column("auditor", "点検者", "Auditor", sheet.Words, 5),
			column("purpose", "閲覧目的", "Purpose", sheet.Code, 5), column("viewed_at", "閲覧日時", "Viewed at", sheet.Time, 6)}},
		{key: "findings", ja: "指摘事項", en: "Findings", rows: reviewsForm.findings, columns: []sheet.Column{
			column("finding_no", "番号", "No.", sheet.Words, 2), column("finding", "内容", "Finding", sheet.Words, 4), column("addressee", "相手", "Addressee", sheet.Words, 2), column("due_on", "期限", "Due on", sheet.Day, 2),
			column("verified_by", "確認者", "Verified by", sheet.Words, 2)}},
		{key: "not_reviewed", ja: "未点検と理由", en: "Not reviewed, and why", rows: reviewsForm.notReviewed, columns: []sheet.Column{
			column("session_id", "接続番号", "Sessions", sheet.Words, 3), column("state", "状態", "State", sheet.Code, 2), column("due_on", "期限", "Due on", sheet.Day, 2), column("auditor", "担当", "Auditor", sheet.Words, 2)}},
	}
}

func reviewsRows() []formRow[reviewsForm] {
	type f = reviewsForm
	return []formRow[f]{
		{"summary", "period", "期間", "Period", sheet.Words, func(x f) sheet.Cell {
			if x.from.IsZero() {
				return sheet.Said(text.Of("全期間", "All time"))
			}
			return sheet.Said(monthOf(x.from))
		}},
		{"summary", "in_scope", "対象件数", "In scope", sheet.Number, func(x f) sheet.Cell { return sheet.Count(int64(len(x.all))) }},
		{"summary", "reviewed", "点検件数", "Reviewed", sheet.Number, func(x f) sheet.Cell { return sheet.Count(int64(len(x.signed()))) }},
		{"summary", "left_out", "抽出外", "Left out by the plan", sheet.Number, func(x f) sheet.Cell { return sheet.Count(int64(x.leftOut())) }},
		{"summary", "rate", "点検率(%、切捨て)", "Rate (%, rounded down)", sheet.Number, func(x f) sheet.Cell {
			due := len(x.all) - x.leftOut()
			return shareOf(int64(len(x.signed())), int64(due), text.Of("—(点検の対象なし)", "— (no work to review)"))
		}},
		{"summary", "overdue", "期限超過", "Overdue", sheet.Number, func(x f) sheet.Cell {
			n := 0
			for _, r := range x.all {
				if r.SignedAt.IsZero() && r.Due.Before(x.now) && r.State != string(api.ReviewLeftOut) {
					n++
				}
			}
			return sheet.Count(int64(n))
		}},
		{"summary", "recorded_seconds", "点検分の記録(秒)", "Recorded (seconds)", sheet.Number, func(x f) sheet.Cell { _, length := x.seen(); return sheet.Count(length) }},
		{"summary", "sent_seconds", "送った分(秒)", "Sent to auditors (seconds)", sheet.Number, func(x f) sheet.Cell { sent, _ := x.seen(); return sheet.Count(sent) }},
		{"summary", "coverage", "送った率(%、切捨て)", "Part that was sent (%, rounded down)", sheet.Number, func(x f) sheet.Cell {
			sent, length := x.seen()
			return shareOf(min(sent, length), length, text.Of("—(点検済みの操作記録なし)", "— (no recording of reviewed work)"))
		}},
		{"summary", "longest_delay_days", "判定まで(日、最長)", "Longest time to judgement (days)", sheet.Number, func(x f) sheet.Cell {
			if len(x.signed()) == 0 {
				return sheet.Cell{Text: text.Of("—(点検済みなし)", "— (nothing reviewed)")}
			}
			var longest time.Duration
			for _, r := range x.signed() {
				longest = max(longest, r.SignedAt.Sub(r.Created))
			}
			return sheet.Count(int64(longest / (24 * time.Hour)))
		}},
	}
}

// shareOf is a share in per cent, rounded down. A share of nothing says so: it is neither 0 nor 100.
func shareOf(n, of int64, nothing text.Text) sheet.Cell {
	if of == 0 {
		return sheet.Cell{Text: nothing}
	}
	return sheet.Count(100 * n / of)
}

// seen sums up the recordings of signed reviews: the seconds that the signers were sent, and all.
func (x reviewsForm) seen() (sent, length int64) {
	for _, r := range x.signed() {
		sent, length = sent+r.sent, length+r.length
	}
	return sent, length
}

func (x reviewsForm) signed() (out []reviewLine) {
	for _, r := range x.all {
		if !r.SignedAt.IsZero() {
			out = append(out, r)
		}
	}
	return out
}

// leftOut is how many works the systems' plans leave out. They stand under 未点検と理由.
func (x reviewsForm) leftOut() (n int) {
	for _, r := range x.all {
		if r.State == string(api.ReviewLeftOut) {
			n++
		}
	}
	return n
}

func (x reviewsForm) name(id string) string { return reportForm{names: x.names}.name(id) }

func (x reviewsForm) byReason() (out [][]sheet.Cell) {
	for _, p := range api.Picks() {
		n := 0
		for _, r := range x.all {
			for _, have := range r.Picks {
				if have == p {
					n++
				}
			}
		}
		if n > 0 {
			out = append(out, []sheet.Cell{sheet.Coded(string(p), p.Label()), sheet.Count(int64(n))})
		}
	}
	return out
}

func (x reviewsForm) byJudgement() (out [][]sheet.Cell) {
	for _, state := range []api.ReviewState{api.ReviewOK, api.ReviewQuestion, api.ReviewAnswered, api.ReviewFix} {
		n := 0
		for _, r := range x.all {
			if r.State == string(state) {
				n++
			}
		}
		out = append(out, []sheet.Cell{sheet.Coded(string(state), state.Label()), sheet.Count(int64(n))})
	}
	return out
}

func (x reviewsForm) reviewed() (out [][]sheet.Cell) {
	for _, r := range x.signed() {
		var why, differs [2][]string
		for _, p := range r.Picks {
			why[0], why[1] = append(why[0], p.Label().JA), append(why[1], p.Label().EN)
		}
		for _, d := range r.differs {
			differs[0], differs[1] = append(differs[0], d.JA), append(differs[1], d.EN)
		}
		purpose := sheet.Cell{}
		if r.purpose != "" {
			purpose = sheet.Coded(r.purpose, policy.Purpose(r.purpose).Label())
		}
		out = append(out, []sheet.Cell{sheet.Text(strings.Join(r.Sessions, "\n")), eachLine(why), eachLine(differs), sheet.Coded(r.State, api.ReviewState(r.State).Label()), spelled(r.Note),
			sheet.Text(x.name(r.SignedBy)), purpose, sheet.At(r.viewed)})
	}
	return out
}

func eachLine(said [2][]string) sheet.Cell {
	if len(said[0]) == 0 {
		return sheet.Said(none)
	}
	return sheet.Said(text.Of(strings.Join(said[0], "\n"), strings.Join(said[1], "\n")))
}

func (x reviewsForm) findings() (out [][]sheet.Cell) {
	for _, r := range x.all {
		for _, f := range r.found {
			out = append(out, []sheet.Cell{sheet.Text(f.No), spelled(f.Finding), spelled(f.Addressee), lastDay(At(f.Due, x.zone)), spelled(x.name(f.ClosedBy))})
		}
	}
	return out
}

func (x reviewsForm) notReviewed() (out [][]sheet.Cell) {
	for _, r := range x.all {
		if r.SignedAt.IsZero() {
			out = append(out, []sheet.Cell{sheet.Text(strings.Join(r.Sessions, "\n")), sheet.Coded(r.State, api.ReviewState(r.State).Label()), lastDay(r.Due), spelled(x.name(r.Auditor))})
		}
	}
	return out
}
