package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"sekimori/policy"
)

// Outstanding lists the duties that a request still has after its windows are over.
type Outstanding struct {
	Sessions   []string  // the used sessions, in order
	Unreported []string  // of these, without a work report or with one that was sent back
	Unaccepted []string  // of these, whose report the section has not accepted yet
	Unattested []string  // windows that were attended and used, without an attendance record
	Emergency  bool      // it is an emergency's
	Approval   bool      // the later approval of an emergency is missing
	Ended      time.Time // of the last window
}

// State is the state of a request that is over. Until report and later approval of an emergency are there, no new
// window of its vendor and system opens (R22). A missing acceptance by the section blocks nothing.
func (o Outstanding) State() policy.RequestState {
	switch {
	case o.Approval, o.Emergency && len(o.Unreported) > 0:
		return policy.FollowUpDue
	case len(o.Unreported) > 0 || len(o.Unaccepted) > 0 || len(o.Unattested) > 0:
		return policy.ReportDue
	}
	return policy.RequestClosed
}

// Outstanding reads the duties of a request. Errors: ErrNotFound.
func (s *Snap) Outstanding(no string) (Outstanding, error) {
	var o Outstanding
	r, err := s.Request(no)
	if err != nil {
		return o, err
	}
	windows, err := s.Windows(WindowFilter{Request: no, Limit: 1000})
	if err != nil {
		return o, err
	}
	for _, w := range windows {
		if err := s.addOutstanding(&o, w); err != nil {
			return o, fmt.Errorf("window %s: %w", w.ID, err)
		}
	}
	if r.Body.Emergency == nil {
		return o, nil
	}
	made, err := s.Decisions(no)
	if err != nil {
		return o, err
	}
	after := slices.ContainsFunc(made, func(d Decision) bool { return d.Verdict == VerdictAfter })
	o.Emergency, o.Approval = true, !after
	return o, nil
}

func (s *Snap) addOutstanding(o *Outstanding, w Window) error {
	ended := w.End
	if !w.ClosedAt.IsZero() && w.ClosedAt.Before(ended) {
		ended = w.ClosedAt
	}
	if ended.After(o.Ended) {
		o.Ended = ended
	}
	sessions, err := s.Sessions(SessionFilter{Window: w.ID, States: []SessionState{SessionEnded, SessionActive}, Limit: 1000})
	if err != nil {
		return err
	}
	slices.Reverse(sessions)
	used := false
	for _, v := range sessions {
		if v.Started.IsZero() {
			continue
		}
		used = true
		o.Sessions = append(o.Sessions, v.ID)
		p, err := s.ReportOf(v.ID)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && p.State == ReportReturned:
			o.Unreported = append(o.Unreported, v.ID)
		case err != nil:
			return err
		case p.State == ReportSubmitted:
			o.Unaccepted = append(o.Unaccepted, v.ID)
		}
	}
	if !used || w.Attendant == "" {
		return nil
	}
	records, err := s.AttendanceRecords(ReportFilter{Window: w.ID, Limit: 1})
	if err == nil && len(records) == 0 {
		o.Unattested = append(o.Unattested, w.ID)
	}
	return err
}

// FollowUps lists the emergencies of a vendor, on any system, whose compulsory report or later approval is missing
// (R22). An emergency that is over counts even before the timer has noted its end.
func (s *Snap) FollowUps(vendor string) ([]policy.FollowUp, error) {
	open, err := list(s, scanRequest, requestColumns+` WHERE r.vendor = ? AND (r.state = 'follow-up-due' OR r.state = 'emergency-open'
		AND NOT EXISTS (SELECT 1 FROM windows w WHERE w.request = r.no AND w.state IN ('scheduled', 'attended', 'permitted') AND w.ends > ?))
		ORDER BY r.seq`, vendor, ms(s.Now))
	if err != nil {
		return nil, err
	}
	var due []policy.FollowUp
	for _, r := range open {
		o, err := s.Outstanding(r.No)
		if err != nil {
			return nil, err
		}
		f := policy.FollowUp{Request: r.No, System: r.System, Vendor: r.Vendor, Ended: o.Ended, Report: len(o.Unreported) > 0, Approval: o.Approval}
		if r.Body.Emergency != nil {
			f.Due = r.Body.Emergency.Due
		}
		if f.Report || f.Approval {
			due = append(due, f)
		}
	}
	return due, nil
}

// LateFollowUps lists the emergencies whose follow-up is overdue and has not been raised yet.
func (s *Snap) LateFollowUps() ([]Request, error) {
	open, err := list(s, scanRequest, requestColumns+` WHERE r.state = 'follow-up-due'
		AND r.no NOT IN (SELECT subject FROM overdue WHERE kind = 'follow-up') ORDER BY r.seq`)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(open, func(r Request) bool {
		return r.Body.Emergency == nil || r.Body.Emergency.Due.IsZero() || s.Now.Before(r.Body.Emergency.Due)
	}), nil
}
