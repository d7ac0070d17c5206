package gate

import (
	"errors"
	"regexp"
	"slices"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/reports"
	"sekimori/policy/text"
)

// sessionNo is the form of a session's number.
var sessionNo = regexp.MustCompile(`^S-[0-9]{8}-[0-9]{2,6}$`)

// report hands a work report in from standard input. The session may be named on the command line instead of in the
// form.
func (s *selfService) report() error {
	operands, err := s.options(1, nil)
	if err != nil {
		return err
	}
	session := ""
	if len(operands) == 1 && operands[0] != "-" {
		if session = operands[0]; !sessionNo.MatchString(session) {
			shown := text.OneLine(session, 40)
			return &usageError{"接続番号の形ではありません: " + shown + "(例 S-20261124-03)", "not a session's number: " + shown + " (such as S-20261124-03)"}
		}
	}
	form, err := s.input("report")
	if err != nil {
		return err
	}
	report, err := reports.ParseReport(inputName, form, s.c.s.o.Zone)
	if session != "" && lacksSession(err) {
		// The session's number goes behind the form, so that lines and columns stay those of the file.
		report, err = reports.ParseReport(inputName, append(form, "\nsession: "+session+"\n"...), s.c.s.o.Zone)
	}
	if err != nil {
		return err
	}
	if session != "" && !slices.Contains(report.Sessions, session) {
		return &usageError{"内容の接続番号が " + session + " ではありません", "the report is not about " + session}
	}
	r, err := s.c.s.o.Reports.Submit(s.ctx, report, act.Caller{Actor: s.actor()})
	if err != nil {
		return err
	}
	late := ""
	if r.Late {
		late = text.Of("期限を過ぎていました。遅れは記録されます。", "It was due before; that it is late is on record.").Lines(s.lang) + "\n"
	}
	s.out.WriteString(text.Of("作業報告書 "+r.ID+" を提出しました。", "Work report "+r.ID+" is handed in.").Lines(s.lang) + "\n" + late)
	return nil
}

func lacksSession(err error) bool {
	var invalid *forms.Invalid
	return errors.As(err, &invalid) && slices.ContainsFunc(invalid.Problems, func(p forms.Problem) bool {
		return p.Code == "missing" && p.Field == "session"
	})
}
