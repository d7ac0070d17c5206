package api

import (
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

// Session is one connection, or an attempt that was refused.
type Session struct {
	ID            string        `json:"session_id"`
	State         string        `json:"state"`
	Engineer      string        `json:"engineer"`
	Vendor        string        `json:"vendor,omitempty"`
	Request       string        `json:"request_no,omitempty"`
	Window        string        `json:"window,omitempty"`
	System        string        `json:"system,omitempty"`
	Target        string        `json:"target,omitempty"`
	Account       string        `json:"account,omitempty"`
	Source        string        `json:"source"`
	Fingerprint   string        `json:"fingerprint,omitempty"`
	Factor        string        `json:"factor,omitempty"`
	EndCause      string        `json:"end_cause,omitempty"` // reason code
	EndNumber     int           `json:"end_number,omitempty"`
	Detail        string        `json:"detail,omitempty"`
	EndedBy       string        `json:"ended_by,omitempty"`
	Created       time.Time     `json:"created_at"`
	Started       time.Time     `json:"started_at,omitzero"`
	Ended         time.Time     `json:"ended_at,omitzero"`
	Seconds       float64       `json:"seconds"` // connected to the target, once the session has ended; 0: never reached it
	Until         time.Time     `json:"until,omitzero"`
	Watchers      int           `json:"watchers,omitempty"`
	NoAnswer      time.Time     `json:"no_answer_since,omitzero"`        // the engineer's client has not answered since
	Behind        time.Time     `json:"recording_behind_since,omitzero"` // neither input nor output passes since: the recording's disk is slow
	Recorded      bool          `json:"recorded"`
	RecordingSum  string        `json:"recording_sha256,omitempty"`
	RecordingSize int64         `json:"recording_bytes,omitempty"`
	Recording     *Recording    `json:"recording,omitempty"` // on a single session: its recording, if it has one
	ClientVersion string        `json:"client_version,omitempty"`
	Paused        time.Time     `json:"paused_at,omitzero"`
	PausedBy      string        `json:"paused_by,omitempty"`      // empty while paused: the attendant is away
	Masked        int64         `json:"masked,omitempty"`         // how many numbers were masked so far
	MaskedUnknown bool          `json:"masked_unknown,omitempty"` // some were, but the broker stopped before it counted them
	Held          []HeldCommand `json:"held,omitempty"`           // for the attendant at the post: commands that wait for the answer
	// On a single session that has ended: how its end was verified (R4). verified | partly | failed; empty: it was not.
	EndVerified string    `json:"end_verified,omitempty"`
	Findings    []Finding `json:"findings,omitempty"`
	// On a single session that was let in: what separated its system from the office network.
	Line *SessionLine `json:"line,omitempty"`
	// On a single session: the commands on which a live rule had an effect, and the files that the broker took from it, in order.
	Ruled     []RuledCommand `json:"ruled,omitempty"`
	RuledMore bool           `json:"ruled_more,omitempty"` // Ruled has the first of them only
	Files     []SessionFile  `json:"files,omitempty"`
	// On a session of a day or of a review: what the ledger counts in it, without contents.
	Counts []MarkCount `json:"counts,omitempty"`
	// On a single session: the people who decided on its request, in order, and who had the post (R3).
	Approvers  []string `json:"approvers,omitempty"`
	Attendants []string `json:"attendants,omitempty"`
	Offers     []Offer  `json:"offers,omitempty"` // which acts are open to the caller
}

// HeldCommand is a command that a live rule holds until the attendant answers.
type HeldCommand struct {
	Number int       `json:"held"`
	Line   string    `json:"line,omitempty"` // as the screen shows it, or the exact command; empty: typed without an echo
	Exec   bool      `json:"exec,omitempty"`
	Rule   string    `json:"rule,omitempty"` // empty: the rules could not judge it
	Until  time.Time `json:"until"`          // without an answer it is refused then
}

// RuledCommand is a command on which a live rule had an effect. The command itself is in the recording alone.
type RuledCommand struct {
	At     time.Time         `json:"at"`
	Effect policy.LiveEffect `json:"effect"`
	Rule   string            `json:"rule,omitempty"`   // empty: the rules could not judge it
	Held   int               `json:"held,omitempty"`   // its number, if it waited
	Answer policy.LiveAnswer `json:"answer,omitempty"` // to a command that waited; empty: none yet
	By     string            `json:"by,omitempty"`     // the person who gave it
}

// SaidRuledMore stands behind a list of ruled commands that is not whole.
var SaidRuledMore = text.Of("ほかにもあります。すべては台帳に接続番号で記載されています", "there are more; the ledger has all of them under the session's number")

// Said is the command's fate as people read it, without the person.
func (c RuledCommand) Said() text.Text {
	effect, rule, answer := c.Effect.Label(), policy.LiveVerdict{Rule: c.Rule, Unjudged: c.Rule == ""}.Say(), c.Answer.Label()
	said := text.Of(effect.JA+"("+rule.JA+")", effect.EN+" ("+rule.EN+")")
	if c.Answer != "" {
		said = text.Of(said.JA+": "+answer.JA, said.EN+": "+answer.EN)
	}
	return said
}

// SessionFile is a file that the broker took from a session.
type SessionFile struct {
	ID        string           `json:"file"`
	Direction string           `json:"direction"` // in | out
	State     policy.FileState `json:"state"`
}

// Said is the file's state as people read it.
func (f SessionFile) Said() text.Text {
	way := text.Of("持込み", "in")
	if f.Direction == policy.FilesOut {
		way = text.Of("持出し", "out")
	}
	return text.Of(f.ID+" "+way.JA+": "+f.State.Label().JA, f.ID+" "+way.EN+": "+f.State.Label().EN)
}

// Finding is one part of the verification of an end: what was asked, and what was found.
type Finding struct {
	What   string   `json:"what"`  // connections | account | leftovers | target | egress
	State  string   `json:"state"` // verified | partly: it cannot be verified | failed
	Detail string   `json:"detail,omitempty"`
	Names  []string `json:"names,omitempty"` // what was left, was ended, or has changed
}

// Review is the review of one window's work.
type Review struct {
	ID       string    `json:"review"` // the window's number; a session's, where it is an item of its own
	Window   string    `json:"window,omitempty"`
	Request  string    `json:"request_no,omitempty"`
	System   string    `json:"system,omitempty"`
	Vendor   string    `json:"vendor,omitempty"`
	Sessions []string  `json:"sessions"`          // that ended, in order
	Picks    []Pick    `json:"picks"`             // reasons why it stands out
	Score    int       `json:"score"`             // sum of their weights
	Weighed  []Weighed `json:"weighed,omitempty"` // the reasons with their weights, the heaviest first
	State    string    `json:"state"`             // queued | in-review | overdue | ok | question | answered | fix | not-sampled
	Auditor  string    `json:"auditor,omitempty"`
	Created  time.Time `json:"created_at"`
	Due      time.Time `json:"due_at"`
	Note     string    `json:"note,omitempty"`

	Plan      string    `json:"plan,omitempty"`      // of the system, that decided whether it is reviewed
	Addressee string    `json:"addressee,omitempty"` // from whom an answer or a correction is expected
	AnswerBy  time.Time `json:"answer_by,omitzero"`  // and until when
	SignedBy  string    `json:"signed_by,omitempty"`
	SignedAt  time.Time `json:"signed_at,omitzero"`

	// On a single review.
	Work     []Session       `json:"work,omitempty"`             // the sessions
	Refused  []Session       `json:"refused_attempts,omitempty"` // attempts in the window that were refused, the newest thousand
	Attempts int             `json:"refused_count,omitempty"`    // how many were refused
	Files    *ReviewedFiles  `json:"files,omitempty"`
	Compared []Comparison    `json:"compared,omitempty"`  // what was approved, and what was done
	Covered  []Covered       `json:"covered,omitempty"`   // how much of the recordings people were sent
	Before   []SessionReview `json:"before,omitempty"`    // reviews of single sessions, from the time when each had one
	Asked    []Question      `json:"questions,omitempty"` // that were asked of others, in order, with their answers
	Findings []string        `json:"findings,omitempty"`  // numbers of the corrections that it asked for
	Offers   []Offer         `json:"offers,omitempty"`
}

// ReviewedFiles tells what was approved and reported about files. The operations themselves are in the recordings.
type ReviewedFiles struct {
	Allowed  string       `json:"allowed"` // none | allowed
	Detail   string       `json:"detail,omitempty"`
	Reported []ReportFile `json:"reported,omitempty"` // by the work reports
}

// SessionReview is a review of a single session.
type SessionReview struct {
	Session  string    `json:"session_id"`
	Verdict  string    `json:"verdict,omitempty"`
	Note     string    `json:"note,omitempty"`
	SignedBy string    `json:"signed_by,omitempty"`
	SignedAt time.Time `json:"signed_at,omitzero"`
}

// Question is a question of a review, as its addressee sees it, and the answer.
type Question struct {
	ID         string    `json:"question_id"`
	Review     string    `json:"review"`
	Window     string    `json:"window,omitempty"`
	System     string    `json:"system,omitempty"`
	Question   string    `json:"question"`
	Addressee  string    `json:"addressee"`
	AnswerBy   time.Time `json:"answer_by"` // exclusive
	AskedAt    time.Time `json:"asked_at"`
	Open       bool      `json:"open"` // it waits for its answer
	Answer     string    `json:"answer,omitempty"`
	AnsweredBy string    `json:"answered_by,omitempty"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	ClosedAt   time.Time `json:"closed_at,omitzero"` // the review was signed anew before an answer came
	Offers     []Offer   `json:"offers,omitempty"`
}

// QuestionAnswer answers a question of a review.
type QuestionAnswer struct {
	Answer string `json:"answer"`
}

// SignBody signs a review.
type SignBody struct {
	Verdict   ReviewState `json:"verdict"` // ok | question | fix
	Note      string      `json:"note,omitempty"`
	Addressee string      `json:"addressee,omitempty"`
	AnswerBy  string      `json:"answer_by,omitempty"` // a date: 2026-12-04
}

// ReviewHandover hands a review over to another auditor.
type ReviewHandover struct {
	Auditor string `json:"auditor"` // id or login
	Reason  string `json:"reason"`
}
