package store

import "time"

// PaperKind says what a paper proves (screens §5.6).
type PaperKind string

// The kinds of paper. A subcontract is the institution's own approval; all others come from the vendor.
const (
	PaperContract       PaperKind = "contract"
	PaperSpecialClauses PaperKind = "special-clauses" // 特記事項; Name is its version
	PaperCertification  PaperKind = "certification"   // Name is "privacy-mark", "isms", …
	PaperAuditReport    PaperKind = "audit-report"    // of a fiscal year
	PaperPledge         PaperKind = "pledge"          // of an engineer, From is the day it was signed
	PaperSubcontract    PaperKind = "subcontract"     // approval of a subcontractor, of which Vendor is the id
	PaperTraining       PaperKind = "training"        // of an engineer
	PaperOther          PaperKind = "other"
)

// PaperState is the state of a paper. Its dates say whether it has run out; other papers say whether one replaced it.
type PaperState string

// The states of a paper. Only an accepted one counts.
const (
	PaperSubmitted PaperState = "submitted" // by the vendor; staff have not accepted it
	PaperAccepted  PaperState = "accepted"
	PaperWithdrawn PaperState = "withdrawn"
)

// Paper is one thing on file about a vendor or an engineer (R9).
type Paper struct {
	ID         string // "P-0012", from Tx.NextPaperID
	Kind       PaperKind
	Vendor     string
	Person     string // engineer whom it concerns; empty: the vendor as a whole
	Name       string
	FiscalYear int // of an audit report: the Gregorian year in which it began; else 0
	From       time.Time
	Until      time.Time // exclusive; zero: without an end
	Note       string
	State      PaperState

	FiledBy     string
	Filed       time.Time
	AcceptedBy  string
	Accepted    time.Time
	WithdrawnBy string
	Withdrawn   time.Time
	Why         string // reason of the withdrawal

	File      string // below the papers directory; empty: there is no copy
	FileName  string // the name given by the person who filed it
	MediaType string
	Size      int64     // of the plain content, bytes
	SHA256    string    // of the plain content, hex
	Disposed  time.Time // when the copy was disposed of; zero: it is there, if there ever was one
}

// PaperFilter narrows Papers. Zero fields do not narrow.
type PaperFilter struct {
	Vendor string
	Person string
	Kind   PaperKind
	State  PaperState
	Limit  int // 0: 200; negative: no limit
}

// Renewal says when staff last asked a vendor to renew a paper.
type Renewal struct {
	Subject string    // as in PaperWarning, with the paper's own name
	Until   time.Time // the end of the paper that is to be renewed; zero: none is on file
	Asked   time.Time
	By      string
}

// PaperWarning is a warning about an end, already given.
type PaperWarning struct {
	Subject   string // "P-0012", "contract V-012", "pledge E-0031"
	Until     time.Time
	Threshold int // days before the end; 0: it has ended
}
