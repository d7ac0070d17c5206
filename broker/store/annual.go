package store

import (
	"time"

	"sekimori/policy"
)

// AnnualReport is a yearly report to which one office has agreed, or both.
type AnnualReport struct {
	FiscalYear  int    // 2026: April 2026 to March 2027
	Report      []byte // the verification file of the figures
	Digest      string // of the figures
	AgreedBy    string
	Office      policy.Role // of the first agreement: policy.InformationSystems or policy.Auditor
	AgreedAt    time.Time
	FinalisedBy string    // empty: the other office has not agreed
	FinalisedAt time.Time // zero: likewise
}

// Final tells whether both offices have agreed.
func (r AnnualReport) Final() bool { return r.FinalisedBy != "" }

// AnnualReport reads the report of a fiscal year. Errors: ErrNotFound while it is a draft.
func (s *Snap) AnnualReport(fiscalYear int) (AnnualReport, error) {
	return get(s, func(r scanner) (a AnnualReport, err error) {
		var report string
		err = r.Scan(&a.FiscalYear, &report, &a.Digest, &a.AgreedBy, &a.Office, at(&a.AgreedAt), &a.FinalisedBy, at(&a.FinalisedAt))
		a.Report = []byte(report)
		return a, err
	}, `SELECT fiscal_year, report, digest, agreed_by, office, agreed_at, finalised_by, finalised_at FROM annual_reports WHERE fiscal_year = ?`, fiscalYear)
}

// AgreeToYear stores the first agreement to a yearly report. Errors: ErrExists.
func (t *Tx) AgreeToYear(a AnnualReport) error {
	_, err := t.exec(`INSERT INTO annual_reports (fiscal_year, report, digest, agreed_by, office, agreed_at, finalised_by, finalised_at) VALUES (?, ?, ?, ?, ?, ?, '', 0)`,
		a.FiscalYear, string(a.Report), a.Digest, a.AgreedBy, string(a.Office), ms(t.Now))
	return exists(err)
}

// WithdrawYear removes the first agreement, so that the report is a draft again. Errors: ErrNotFound, also for a final report.
func (t *Tx) WithdrawYear(fiscalYear int) error {
	return t.one(`DELETE FROM annual_reports WHERE fiscal_year = ? AND finalised_at = 0`, fiscalYear)
}

// FinaliseYear stores the second agreement, and the file as it is final. Errors: ErrNotFound without a first agreement.
func (t *Tx) FinaliseYear(fiscalYear int, by string, report []byte) error {
	return t.one(`UPDATE annual_reports SET report = ?, finalised_by = ?, finalised_at = ? WHERE fiscal_year = ? AND finalised_at = 0`, string(report), by, ms(t.Now), fiscalYear)
}

// Erratum is a correction of a final yearly report (正誤).
type Erratum struct {
	No             int
	Place          string // where in the report
	Wrong, Correct string
	Reason         string
	By             string
	At             time.Time
}

// Errata lists the corrections of a fiscal year's report in order.
func (s *Snap) Errata(fiscalYear int) ([]Erratum, error) {
	return list(s, func(r scanner) (e Erratum, err error) {
		err = r.Scan(&e.No, &e.Place, &e.Wrong, &e.Correct, &e.Reason, &e.By, at(&e.At))
		return e, err
	}, `SELECT no, place, wrong, correct, reason, by, at FROM annual_errata WHERE fiscal_year = ? ORDER BY no`, fiscalYear)
}

// AddErratum appends a correction to a report.
func (t *Tx) AddErratum(fiscalYear int, e Erratum) error {
	_, err := t.exec(`INSERT INTO annual_errata (fiscal_year, no, place, wrong, correct, reason, by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		fiscalYear, e.No, e.Place, e.Wrong, e.Correct, e.Reason, e.By, ms(t.Now))
	return exists(err)
}

// Opinion is an opinion of the council about a fiscal year, with the institution's responses.
type Opinion struct {
	No        int
	SaidOn    string // day of the meeting: 2027-06-10
	Opinion   string
	By        string // the person who entered it
	At        time.Time
	Responses []Response
}

// Response is one response of the institution to an opinion.
type Response struct {
	Response string
	By       string
	At       time.Time
}

// Opinions lists the council's opinions about a fiscal year in order.
func (s *Snap) Opinions(fiscalYear int) ([]Opinion, error) {
	all, err := list(s, func(r scanner) (o Opinion, err error) {
		err = r.Scan(&o.No, &o.SaidOn, &o.Opinion, &o.By, at(&o.At))
		return o, err
	}, `SELECT no, said_on, opinion, by, at FROM council_opinions WHERE fiscal_year = ? ORDER BY no`, fiscalYear)
	for i := range all {
		if err != nil {
			break
		}
		all[i].Responses, err = list(s, func(r scanner) (a Response, err error) {
			err = r.Scan(&a.Response, &a.By, at(&a.At))
			return a, err
		}, `SELECT response, by, at FROM council_responses WHERE fiscal_year = ? AND no = ? ORDER BY round`, fiscalYear, all[i].No)
	}
	return all, err
}

// AddOpinion enters an opinion.
func (t *Tx) AddOpinion(fiscalYear int, o Opinion) error {
	_, err := t.exec(`INSERT INTO council_opinions (fiscal_year, no, said_on, opinion, by, at) VALUES (?, ?, ?, ?, ?, ?)`, fiscalYear, o.No, o.SaidOn, o.Opinion, o.By, ms(t.Now))
	return exists(err)
}

// AddResponse appends a response to an opinion. round counts from 1.
func (t *Tx) AddResponse(fiscalYear, no, round int, by, response string) error {
	_, err := t.exec(`INSERT INTO council_responses (fiscal_year, no, round, response, by, at) VALUES (?, ?, ?, ?, ?, ?)`, fiscalYear, no, round, response, by, ms(t.Now))
	return exists(err)
}
