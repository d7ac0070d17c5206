package view

import (
	"context"
	"fmt"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/reports"
	"sekimori/broker/sheet"
	"sekimori/broker/store"
	"sekimori/policy/text"
)

// reportForm is what form 5.3 shows.
type reportForm struct {
	api.Report
	names map[string]string
}

func (v *Views) reportSheet(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	r, err := v.Report(ctx, by, a.ID)
	if err != nil {
		return nil, err
	}
	names, err := v.Names(ctx, append([]string{r.SubmittedBy, r.AcceptedBy, r.ReturnedBy, r.System, r.Vendor}, r.Content.Engineers...)...)
	if err != nil {
		return nil, err
	}
	s := &sheet.Sheet{No: text.Same(r.ID), Parts: filled(reportParts, reportRows(), reportForm{r, names})}
	if r.Corrects != "" {
		s.Notes = append(s.Notes, text.Of(r.Corrects+" を訂正した報告です", "Corrects "+r.Corrects))
	}
	notes, err := v.requestNotes(ctx, r.ID)
	s.Notes = append(s.Notes, notes...)
	return s, err
}

var reportParts = []formPart[reportForm]{
	{key: "work", ja: "実施", en: "Work done"},
	{key: "data", ja: "情報の扱い", en: "Data handling"},
	{key: "files", ja: "授受ファイル", en: "Files", rows: reportForm.files, columns: []sheet.Column{
		column("name", "名前", "Name", sheet.Words, 4), column("direction", "向き", "Direction", sheet.Code, 2), column("size", "大きさ(バイト)", "Bytes", sheet.Number, 2), column("sha256", "検証値", "SHA-256", sheet.Words, 5)}},
	{key: "settled", ja: "提出と確認", en: "Handing in and acceptance"},
}

func (x reportForm) name(id string) string {
	if name := x.names[id]; name != "" && name != id {
		return name + "(" + id + ")"
	}
	return id
}

func reportRows() []formRow[reportForm] {
	type f = reportForm
	return []formRow[f]{
		{"work", "session_id", "接続番号", "Sessions", sheet.Words, func(x f) sheet.Cell { return lines(x.Sessions) }},
		{"work", "performed_from", "実施日時(から)", "Performed from", sheet.Time, func(x f) sheet.Cell { return sheet.At(x.Content.From) }},
		{"work", "performed_until", "実施日時(まで)", "Performed until", sheet.Time, func(x f) sheet.Cell { return sheet.At(x.Content.Until) }},
		{"work", "engineers", "作業者", "Engineers", sheet.Words, func(x f) sheet.Cell {
			var all []string
			for _, id := range x.Content.Engineers {
				all = append(all, x.name(id))
			}
			return lines(all)
		}},
		{"work", "done", "実施内容", "Done", sheet.Words, func(x f) sheet.Cell { return spelled(x.Content.Done) }},
		{"work", "changes", "変更した箇所", "Changes", sheet.Words, func(x f) sheet.Cell { return spelled(x.Content.Changes) }},
		{"work", "deviation", "申請との相違と理由", "Deviation and why", sheet.Words, func(x f) sheet.Cell {
			return spelled(strings.TrimSpace(x.Content.Deviation + "\n" + x.Content.DeviationReason))
		}},
		{"work", "result", "結果", "Result", sheet.Code, func(x f) sheet.Cell {
			return sheet.Coded(x.Content.Result, reports.Result(x.Content.Result).Label())
		}},
		{"work", "rolled_back", "戻しの有無", "Rolled back", sheet.Flag, func(x f) sheet.Cell { return sheet.YesNo(x.Content.RolledBack) }},
		{"data", "pii_viewed", "個人情報の閲覧の有無", "Personal data viewed", sheet.Flag, func(x f) sheet.Cell { return sheet.YesNo(x.Content.PIIViewed) }},
		{"data", "pii_copied", "個人情報の複写の有無", "Personal data copied", sheet.Flag, func(x f) sheet.Cell { return sheet.YesNo(x.Content.PIICopied) }},
		{"settled", "remaining", "残作業", "Remaining", sheet.Words, func(x f) sheet.Cell { return spelled(x.Content.Remaining) }},
		{"settled", "submitted", "提出日時", "Submitted", sheet.Time, func(x f) sheet.Cell { return sheet.At(x.SubmittedAt) }},
		{"settled", "submitted_by", "提出者", "Submitted by", sheet.Words, func(x f) sheet.Cell { return sheet.Text(x.name(x.SubmittedBy)) }},
		{"settled", "accepted_by", "所管課確認", "Accepted by", sheet.Words, func(x f) sheet.Cell { return spelled(x.name(x.AcceptedBy)) }},
		{"settled", "state", "状態", "State", sheet.Code, func(x f) sheet.Cell { return sheet.Coded(x.State, store.ReportState(x.State).Label()) }},
		{"settled", "sha256", "報告の検証値", "Digest of the report", sheet.Words, func(x f) sheet.Cell { return sheet.Text(x.SHA256) }},
	}
}

func (x reportForm) files() (out [][]sheet.Cell) {
	for _, f := range x.Content.Files {
		out = append(out, []sheet.Cell{sheet.Text(f.Name), sheet.Coded(f.Direction, text.Label(fileWays, f.Direction)), sheet.Count(f.Size), sheet.Text(f.SHA256)})
	}
	return out
}

// attendanceForm is what form 5.4 shows.
type attendanceForm struct {
	api.AttendanceRecord
	names map[string]string
	steps map[string]text.Text
}

func (v *Views) attendanceSheet(ctx context.Context, by Reader, a FormAsked) (*sheet.Sheet, error) {
	r, err := v.AttendanceRecord(ctx, by, a.ID)
	if err != nil {
		return nil, err
	}
	x := attendanceForm{AttendanceRecord: r, steps: map[string]text.Text{}}
	ids := []string{r.Content.Attendant, r.By}
	for _, s := range r.Content.Steps {
		ids = append(ids, s.By)
	}
	for _, i := range r.Content.Identity {
		ids = append(ids, i.Person, i.By)
	}
	for _, i := range r.Content.Interventions {
		ids = append(ids, i.By)
	}
	if x.names, err = v.Names(ctx, ids...); err != nil {
		return nil, err
	}
	if err := v.stepNames(ctx, r, x.steps); err != nil {
		return nil, err
	}
	s := &sheet.Sheet{No: text.Same(r.ID), Parts: filled(attendanceParts(), attendanceRows(), x)}
	if r.ID == "" {
		s.Marks = append(s.Marks, text.Of("未確認", "Not attested"))
	}
	s.Notes, err = v.requestNotes(ctx, r.Window)
	return s, err
}

// stepNames names the steps of the procedure where its version is still in force.
func (v *Views) stepNames(ctx context.Context, r api.AttendanceRecord, names map[string]text.Text) error {
	return v.o.DB.Read(ctx, func(s *store.Snap) error {
		sys, err := s.System(r.System)
		if err != nil {
			return fmt.Errorf("system %q: %w", r.System, err)
		}
		if sys.Checklist.Version == r.Content.ProcedureVersion {
			for _, step := range sys.Checklist.Steps {
				names[step.ID] = text.Of(step.JA, step.EN)
			}
		}
		return nil
	})
}

func attendanceParts() []formPart[attendanceForm] {
	return []formPart[attendanceForm]{
		{key: "post", ja: "立会い", en: "Attendance"},
		{key: "steps", ja: "手順", en: "Steps", rows: attendanceForm.stepRows, columns: []sheet.Column{
			column("step", "手順", "Step", sheet.Words, 5), column("method", "方法", "Method", sheet.Code, 2), column("at", "時刻", "At", sheet.Time, 4), column("by", "氏名", "By", sheet.Words, 3)}},
		{key: "identity", ja: "本人確認", en: "Identity checks", rows: attendanceForm.identityRows, columns: []sheet.Column{
			column("engineer", "保守要員", "Engineer", sheet.Words, 3), column("matched", "結果", "Matched", sheet.Flag, 1), column("at", "時刻", "At", sheet.Time, 4), column("by", "確認した人", "By", sheet.Words, 3)}},
		{key: "interventions", ja: "一時停止・延長・切断", en: "Pauses, extensions, cuts", rows: attendanceForm.interventionRows, columns: []sheet.Column{
			column("at", "時刻", "At", sheet.Time, 4), column("kind", "内容", "What", sheet.Code, 2), column("by", "氏名", "By", sheet.Words, 3), column("reason", "理由", "Reason", sheet.Words, 4)}},
		{key: "statement", ja: "確認", en: "Statement"},
	}
}

func (x attendanceForm) name(id string) string { return reportForm{names: x.names}.name(id) }

func attendanceRows() []formRow[attendanceForm] {
	type f = attendanceForm
	maybe := func(b *bool) sheet.Cell {
		if b == nil {
			return sheet.Cell{}
		}
		return sheet.YesNo(*b)
	}
	return []formRow[f]{
		{"post", "session_id", "接続番号", "Sessions", sheet.Words, func(x f) sheet.Cell { return lines(x.Content.Sessions) }},
		{"post", "window", "時間枠", "Window", sheet.Words, func(x f) sheet.Cell { return sheet.Text(x.Window) }},
		{"post", "attendant", "立会者", "Attendant", sheet.Words, func(x f) sheet.Cell { return spelled(x.name(x.Content.Attendant)) }},
		{"post", "procedure_version", "手順書の版", "Version of the procedure", sheet.Number, func(x f) sheet.Cell { return sheet.Count(int64(x.Content.ProcedureVersion)) }},
		{"post", "identity_method", "本人確認の方法", "Identity check", sheet.Code, func(x f) sheet.Cell {
			return sheet.Coded(x.Content.IdentityMethod, api.IdentityMethod(x.Content.IdentityMethod).Label())
		}},
		{"statement", "unexpected", "予定外の操作", "Anything unexpected", sheet.Flag, func(x f) sheet.Cell { return maybe(x.Content.Unexpected) }},
		{"statement", "unexpected_detail", "その内容", "What it was", sheet.Words, func(x f) sheet.Cell { return spelled(x.Content.UnexpectedDetail) }},
		{"statement", "remarks", "気付いたこと", "Remarks", sheet.Words, func(x f) sheet.Cell { return spelled(x.Content.Remarks) }},
		{"statement", "lines_restored", "回線の復旧", "Lines restored", sheet.Flag, func(x f) sheet.Cell { return maybe(x.Content.LinesRestored) }},
		{"statement", "open_alarms", "未処理の警報", "Open alarms", sheet.Words, func(x f) sheet.Cell { return lines(x.Content.OpenAlarms) }},
		{"statement", "attested_at", "確認日時", "Attested at", sheet.Time, func(x f) sheet.Cell { return sheet.At(x.At) }},
		{"statement", "sha256", "確認書の検証値", "Digest of the record", sheet.Words, func(x f) sheet.Cell { return sheet.Text(x.SHA256) }},
	}
}

func (x attendanceForm) stepRows() (out [][]sheet.Cell) {
	for _, s := range x.Content.Steps {
		name, known := x.steps[s.ID]
		if !known {
			name = text.Same(s.ID)
		}
		out = append(out, []sheet.Cell{sheet.Said(name), sheet.Coded(s.Method, store.Method(s.Method).Label()), sheet.At(s.At), sheet.Text(x.name(s.By))})
	}
	return out
}

func (x attendanceForm) identityRows() (out [][]sheet.Cell) {
	for _, i := range x.Content.Identity {
		out = append(out, []sheet.Cell{sheet.Text(x.name(i.Person)), sheet.YesNo(i.Matched), sheet.At(i.At), sheet.Text(x.name(i.By))})
	}
	return out
}

func (x attendanceForm) interventionRows() (out [][]sheet.Cell) {
	for _, i := range x.Content.Interventions {
		out = append(out, []sheet.Cell{sheet.At(i.At), sheet.Coded(i.Kind, i.Label()), sheet.Text(x.name(i.By)), sheet.Said(i.Said())})
	}
	return out
}
