package reports

import (
	"context"
	"fmt"
	"time"

	"sekimori/broker/act"
	"sekimori/broker/api"
	"sekimori/broker/field"
	"sekimori/broker/store"
	"sekimori/policy"
)

// onReport has the facts for the section's acts on a report.
type onReport struct {
	Report store.WorkReport
	System store.System
}

// onWindow has the facts for the act on an attended window.
type onWindow struct {
	Window store.Window
	System store.System
}

// The acts of this package.
var (
	section = act.Those(policy.Requester, policy.Approver, policy.Attendant)

	submit = act.Act[struct{}]{Spec: act.Spec{Name: "submit", Path: string(api.Reports), Callers: act.Everyone()}}
	accept = act.Act[onReport]{Spec: settling("accept", "所管課として確認する", "accept for the section"), May: maySettle}
	back   = act.Act[onReport]{Spec: settling("return", "差し戻す(訂正を求める)", "send back for correction"), May: maySettle}
	attest = act.Act[onWindow]{Spec: act.Spec{Name: "attest", Path: api.Windows.Pattern("id", "attest"), Command: "report attest", Operands: "WINDOW", Fields: statements,
		Callers: act.Those(policy.Attendant), JA: "立会確認書を出す(時間枠が終わってから)", EN: "confirm how a window was attended (once it is over)"}, May: mayAttest, Ready: ended}

	// OnReport and OnWindow are the things that the acts work on, each with the acts that are offered on it.
	OnReport = act.Subject[onReport]{Load: loadReport, Acts: []act.Act[onReport]{accept, back}}
	OnWindow = act.Subject[onWindow]{Load: loadWindow, Acts: []act.Act[onWindow]{attest}}
)

// statements is the table of an attendance record's own part.
var statements = field.Table[api.AttestBody]{
	field.YesOrNo("unexpected", "予定外の操作", "anything unexpected", func(b *api.AttestBody) **bool { return &b.Unexpected }),
	field.Text("unexpected_detail", "予定外の操作の内容", "what was unexpected", func(b *api.AttestBody) *string { return &b.UnexpectedDetail }),
	field.Text("remarks", "気付いたこと", "remarks", func(b *api.AttestBody) *string { return &b.Remarks }),
	field.YesOrNo("lines_restored", "回線の復旧", "lines restored", func(b *api.AttestBody) **bool { return &b.LinesRestored }),
	field.List("open_alarms", "未処理の警報", "alarms still open", func(b *api.AttestBody) *[]string { return &b.OpenAlarms }),
}

// Acts are the acts that a door mounts unchanged.
func Acts() []act.Mount[*Service] {
	return []act.Mount[*Service]{
		act.Giving(accept.Spec, func(c *Service, ctx context.Context, ref string, in act.Said, by act.Caller) (store.WorkReport, error) {
			return c.Accept(ctx, ref, in.Reason, by)
		}),
		act.Giving(back.Spec, func(c *Service, ctx context.Context, ref string, in act.Said, by act.Caller) (store.WorkReport, error) {
			return c.Return(ctx, ref, in.Reason, by)
		}),
		act.Giving(attest.Spec, func(c *Service, ctx context.Context, window string, in api.AttestBody, by act.Caller) (store.AttendanceRecord, error) {
			return c.Attest(ctx, AttendanceRecord{Window: window, Unexpected: in.Unexpected, UnexpectedDetail: in.UnexpectedDetail, Remarks: in.Remarks,
				LinesRestored: in.LinesRestored, OpenAlarms: in.OpenAlarms}, by)
		}),
	}
}

func settling(name, ja, en string) act.Spec {
	return act.Spec{Name: name, Path: api.Reports.Pattern("id", name), Command: "report " + name, Operands: "REPORT|SESSION", JA: ja, EN: en, Fields: act.Why, Callers: section}
}

func maySettle(p policy.Person, on onReport, _ time.Time) policy.Decision {
	if d := policy.MaySettleReport(p, on.System.System); !d.Allow {
		return d
	}
	if on.Report.State != store.ReportSubmitted {
		return policy.Decision{Reason: policy.AlreadyDecided, Args: map[string]string{"request": on.Report.ID}}
	}
	return policy.Decision{Allow: true}
}

func mayAttest(p policy.Person, on onWindow, _ time.Time) policy.Decision {
	return policy.MayAttest(p, on.Window.Window)
}

func loadReport(s *store.Snap, ref string) (on onReport, err error) {
	if on.Report, err = newest(s, ref); err != nil {
		return on, err
	}
	if on.System, err = s.System(on.Report.System); err != nil {
		return on, fmt.Errorf("system %s: %w", on.Report.System, err)
	}
	return on, nil
}

func loadWindow(s *store.Snap, id string) (on onWindow, err error) {
	if on.Window, err = s.Window(id); err != nil {
		return on, fmt.Errorf("window %q: %w", id, err)
	}
	if on.System, err = s.System(on.Window.System); err != nil {
		return on, fmt.Errorf("system %s: %w", on.Window.System, err)
	}
	return on, nil
}
