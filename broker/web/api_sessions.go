package web

import (
	"time"

	"sekimori/broker/store"
	"sekimori/policy"
)

// Session is one connection, or an attempt that was refused.
type Session struct {
	ID            string    `json:"session_id"`
	State         string    `json:"state"`
	Engineer      string    `json:"engineer"`
	Vendor        string    `json:"vendor,omitempty"`
	Request       string    `json:"request_no,omitempty"`
	Window        string    `json:"window,omitempty"`
	System        string    `json:"system,omitempty"`
	Target        string    `json:"target,omitempty"`
	Account       string    `json:"account,omitempty"`
	Source        string    `json:"source"`
	Fingerprint   string    `json:"fingerprint,omitempty"`
	Factor        string    `json:"factor,omitempty"`
	EndCause      string    `json:"end_cause,omitempty"` // reason code
	EndNumber     int       `json:"end_number,omitempty"`
	Detail        string    `json:"detail,omitempty"`
	EndedBy       string    `json:"ended_by,omitempty"`
	Created       time.Time `json:"created_at"`
	Started       time.Time `json:"started_at,omitzero"`
	Ended         time.Time `json:"ended_at,omitzero"`
	Seconds       float64   `json:"seconds"` // connected to the target, of a session that ended; 0: never reached it
	Until         time.Time `json:"until,omitzero"`
	Watchers      int       `json:"watchers,omitempty"`
	NoAnswer      time.Time `json:"no_answer_since,omitzero"` // the engineer's client has not been heard of since
	Recorded      bool      `json:"recorded"`
	RecordingSum  string    `json:"recording_sha256,omitempty"`
	RecordingSize int64     `json:"recording_bytes,omitempty"`
	ClientVersion string    `json:"client_version,omitempty"`
	Paused        time.Time `json:"paused_at,omitzero"`
	PausedBy      string    `json:"paused_by,omitempty"` // empty while paused: the attendant is away
	// Of one session that is shown, not of a list: who decided on its request, in order, and who had the post (R3).
	Approvers  []string `json:"approvers,omitempty"`
	Attendants []string `json:"attendants,omitempty"`
}

// PauseBody holds an engineer's input back, or lets it go on.
type PauseBody struct {
	Reason string `json:"reason,omitempty"`
}

// EndBody cuts a session.
type EndBody struct {
	Reason string `json:"reason"`
}

// Recording is what is known of a recording without playing it.
type Recording struct {
	Session  string    `json:"session_id"`
	State    string    `json:"state"` // recording | sealed | none
	Engineer string    `json:"engineer"`
	System   string    `json:"system"`
	Target   string    `json:"target"`
	Account  string    `json:"account"`
	Started  time.Time `json:"started_at,omitzero"`
	Ended    time.Time `json:"ended_at,omitzero"`
	Size     int64     `json:"bytes,omitempty"`
	SHA256   string    `json:"sha256,omitempty"`
	Drill    bool      `json:"drill,omitempty"`
	Held     bool      `json:"held,omitempty"` // not to be disposed of
	Holds    []Hold    `json:"holds,omitempty"`
}

// RecordingCheck is the result of a verification.
type RecordingCheck struct {
	Session string `json:"session_id"`
	OK      bool   `json:"ok"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"bytes"`
	Finding string `json:"finding,omitempty"` // in what way it does not hold
	Place   string `json:"place,omitempty"`   // the first that does not hold
	PlaceJA string `json:"place_ja,omitempty"`
}

// Review is the inspection that a session is owed.
type Review struct {
	Session  string    `json:"session_id"`
	State    string    `json:"state"` // queued | overdue | ok | question | fix
	Auditor  string    `json:"auditor,omitempty"`
	Created  time.Time `json:"created_at"`
	Due      time.Time `json:"due_at"`
	Note     string    `json:"note,omitempty"`
	SignedBy string    `json:"signed_by,omitempty"`
	SignedAt time.Time `json:"signed_at,omitzero"`
}

// SignBody signs a review.
type SignBody struct {
	Verdict string `json:"verdict"` // ok | question | fix
	Note    string `json:"note,omitempty"`
}

func viewSession(s store.Session, z *time.Location) Session {
	out := Session{
		ID: s.ID, State: sessionState(s), Engineer: s.Person, Vendor: s.Vendor, Request: s.Request, Window: s.Window,
		System: s.System, Target: s.Target, Account: s.Account, Fingerprint: s.Fingerprint, Factor: s.Factor,
		EndCause: string(s.Reason), EndNumber: s.Reason.Number(), Detail: s.Detail, EndedBy: s.By,
		Created: at(s.Created, z), Started: at(s.Started, z), Ended: at(s.Ended, z), Until: at(s.Until, z), Seconds: s.Connected().Truncate(time.Millisecond).Seconds(),
		Recorded: s.Recording != "", RecordingSum: s.RecordingSum, RecordingSize: s.RecordingSize, ClientVersion: s.ClientVersion,
	}
	if s.Source.IsValid() {
		out.Source = s.Source.String()
	}
	if s.State.Live() {
		out.Paused, out.PausedBy = at(s.Paused, z), s.PausedBy
	}
	return out
}

// sessionState is the state as people see it (screens §6).
func sessionState(s store.Session) string {
	switch {
	case s.State == store.SessionActive && !s.Paused.IsZero():
		return "paused"
	case s.State != store.SessionEnded:
		return string(s.State)
	case s.Reason == policy.EndedByEngineer || s.Reason == policy.WindowEnded || s.Reason == policy.WindowWasClosed:
		return "ended-ok"
	}
	return "ended-early"
}

func viewRecording(s store.Session, z *time.Location) Recording {
	out := Recording{
		Session: s.ID, State: "none", Engineer: s.Person, System: s.System, Target: s.Target, Account: s.Account,
		Started: at(s.Started, z), Ended: at(s.Ended, z), Size: s.RecordingSize, SHA256: s.RecordingSum,
	}
	switch {
	case s.RecordingSum != "":
		out.State = "sealed"
	case s.Recording != "":
		out.State = "recording"
	}
	return out
}

func viewReview(r store.Review, now time.Time, z *time.Location) Review {
	out := Review{
		Session: r.Session, State: r.Verdict, Auditor: r.Auditor, Created: at(r.Created, z), Due: at(r.Due, z),
		Note: r.Note, SignedBy: r.SignedBy, SignedAt: at(r.SignedAt, z),
	}
	switch {
	case r.Verdict != "":
	case now.After(r.Due):
		out.State = "overdue"
	default:
		out.State = "queued"
	}
	return out
}
