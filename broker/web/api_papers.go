package web

import (
	"time"

	"sekimori/broker/papers"
	"sekimori/broker/store"
)

// Standing tells how a vendor or an engineer stands, and what is the cause.
type Standing struct {
	State string    `json:"state"`                // allowed | expiring | expired | locked
	Cause string    `json:"cause,omitempty"`      // kind of paper
	Name  string    `json:"cause_name,omitempty"` // of the certification
	Days  int       `json:"days_left,omitempty"`  // while expiring; 0 on the last day
	Ends  time.Time `json:"ends_at,omitzero"`
}

// VendorLine is a vendor in the list.
type VendorLine struct {
	Vendor
	Standing
}

// VendorPage is a vendor's whole page (screens §3.8).
type VendorPage struct {
	Vendor
	Standing
	PrimeName      string       `json:"prime_name,omitempty"`
	Items          []Ending     `json:"items"`
	Papers         []Paper      `json:"papers"`
	Engineers      []Engineer   `json:"engineers"`
	Subcontractors []string     `json:"subcontractors,omitempty"`
	Suspensions    []Suspension `json:"suspensions,omitempty"`
}

// Ending is something that ends, or that is missing.
type Ending struct {
	Kind   string    `json:"kind"`
	Vendor string    `json:"vendor"`
	Person string    `json:"person,omitempty"`
	Name   string    `json:"name,omitempty"`
	Paper  string    `json:"paper,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Days   int       `json:"days_left"` // negative once it has ended; meaningless without until
	State  string    `json:"state"`
	Asked  bool      `json:"stops_without"` // without it nobody gets in
}

// Engineer is one line of a vendor's page.
type Engineer struct {
	Person
	Standing
	PledgeCopy  bool      `json:"pledge_copy"`
	KeysActive  int       `json:"keys_active"`
	Trained     time.Time `json:"trained_at,omitzero"`
	LastSession time.Time `json:"last_session_at,omitzero"`
}

// Suspension is one time for which the vendor, or one of its people, was stopped.
type Suspension struct {
	Kind    string    `json:"kind"` // lock | freeze
	Subject string    `json:"subject"`
	By      string    `json:"by"`
	Reason  string    `json:"reason,omitempty"`
	Since   time.Time `json:"since"`
	Lifted  time.Time `json:"lifted_at,omitzero"`
}

// Paper is one thing on file.
type Paper struct {
	ID          string     `json:"paper"`
	Kind        string     `json:"kind"`
	Vendor      string     `json:"vendor"`
	Person      string     `json:"person,omitempty"`
	Name        string     `json:"name,omitempty"`
	FiscalYear  int        `json:"fiscal_year,omitempty"`
	From        time.Time  `json:"from,omitzero"`
	Until       time.Time  `json:"until,omitzero"`
	Note        string     `json:"note,omitempty"`
	State       string     `json:"state"` // submitted | accepted | withdrawn
	Replaced    bool       `json:"replaced,omitempty"`
	FiledBy     string     `json:"filed_by"`
	Filed       time.Time  `json:"filed_at"`
	AcceptedBy  string     `json:"accepted_by,omitempty"`
	Accepted    time.Time  `json:"accepted_at,omitzero"`
	WithdrawnBy string     `json:"withdrawn_by,omitempty"`
	Withdrawn   time.Time  `json:"withdrawn_at,omitzero"`
	Reason      string     `json:"reason,omitempty"` // it was withdrawn
	Copy        *PaperCopy `json:"copy,omitempty"`   // nothing of the content
}

// PaperCopy describes the copy on file.
type PaperCopy struct {
	FileName  string `json:"file_name,omitempty"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
}

// PaperBody accepts or withdraws a paper.
type PaperBody struct {
	Reason string `json:"reason"`
}

// SubcontractBody approves a subcontract.
type SubcontractBody struct {
	Until  string `json:"until"` // last day, 2027-03-31
	Reason string `json:"reason"`
	Fresh
}

// PaperCheck says whether copies are what was filed.
type PaperCheck struct {
	Paper  string `json:"paper"`
	OK     bool   `json:"ok"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Damage string `json:"damage,omitempty"` // missing | changed | row
	Place  string `json:"place,omitempty"`
}

func viewStanding(st papers.Standing, z *time.Location) Standing {
	v := Standing{State: string(st.State), Cause: string(st.Item.Kind), Name: st.Item.Name, Ends: at(st.Item.Until, z)}
	if st.State == papers.Expiring {
		v.Days = st.Item.Days
	}
	return v
}

func viewEnding(i papers.Item, z *time.Location) Ending {
	return Ending{
		Kind: string(i.Kind), Vendor: i.Vendor, Person: i.Person, Name: i.Name, Paper: i.Paper,
		Until: at(i.Until, z), Days: i.Days, State: string(i.State), Asked: i.Asked,
	}
}

func viewPaper(p store.Paper, z *time.Location) Paper {
	v := Paper{
		ID: p.ID, Kind: string(p.Kind), Vendor: p.Vendor, Person: p.Person, Name: p.Name, FiscalYear: p.FiscalYear,
		From: at(p.From, z), Until: at(p.Until, z), Note: p.Note, State: string(p.State), FiledBy: p.FiledBy, Filed: at(p.Filed, z),
		AcceptedBy: p.AcceptedBy, Accepted: at(p.Accepted, z), WithdrawnBy: p.WithdrawnBy, Withdrawn: at(p.Withdrawn, z), Reason: p.Why,
	}
	if p.File != "" {
		v.Copy = &PaperCopy{FileName: p.FileName, MediaType: p.MediaType, Size: p.Size, SHA256: p.SHA256}
	}
	return v
}

func viewPage(p papers.Page, z *time.Location) VendorPage {
	v := VendorPage{
		Vendor: viewVendor(p.Vendor, z), Standing: viewStanding(p.Standing, z), PrimeName: p.Prime.Name,
		Items: each(p.Items, func(i papers.Item) Ending { return viewEnding(i, z) }),
		Papers: each(p.Papers, func(paper store.Paper) Paper {
			v := viewPaper(paper, z)
			v.Replaced = p.Replaced[paper.ID]
			return v
		}),
		Engineers: each(p.Engineers, func(e papers.Engineer) Engineer {
			return Engineer{
				Person: viewPerson(e.Person, z), Standing: viewStanding(e.Standing, z), PledgeCopy: e.Person.Pledge.Copy,
				KeysActive: e.Keys, Trained: at(e.Trained, z), LastSession: at(e.Last, z),
			}
		}),
	}
	for _, s := range p.Subcontractors {
		v.Subcontractors = append(v.Subcontractors, s.ID)
	}
	for _, s := range p.Suspensions {
		v.Suspensions = append(v.Suspensions, Suspension{Kind: s.Kind, Subject: s.Subject, By: s.By, Reason: s.Reason, Since: at(s.Since, z), Lifted: at(s.Lifted, z)})
	}
	return v
}
