package api

import (
	"time"

	"sekimori/policy"
	"sekimori/policy/text"
)

// Line is a system's line as it is now.
type Line struct {
	System      string           `json:"system"`
	Name        string           `json:"name"`
	Rule        policy.LineMode  `json:"line"`
	State       policy.LineState `json:"state"` // empty: unknown, taken as unsafe
	Internal    policy.LineSide  `json:"internal"`
	Maintenance policy.LineSide  `json:"maintenance"`
	How         policy.LineHow   `json:"how"`
	Limit       text.Text        `json:"limit"` // how far that goes
	Driver      string           `json:"driver,omitempty"`
	Why         string           `json:"why,omitempty"` // why the driver cannot be read
	Probes      []LineProbe      `json:"probes,omitempty"`
	Test        *LineTest        `json:"last_test,omitempty"`
	Window      *WindowLine      `json:"window_line,omitempty"` // that is open
	Offers      []Offer          `json:"offers,omitempty"`
}

// LineProbe is one probe with what it sees.
type LineProbe struct {
	Probe  string          `json:"probe"`
	Saw    policy.LineSide `json:"saw"`
	Proven bool            `json:"proven"` // seen to succeed and to fail within 30 days
	Up     time.Time       `json:"last_up_at,omitzero"`
	Down   time.Time       `json:"last_down_at,omitzero"`
	Why    string          `json:"why,omitempty"`
}

// LineTest is a test of a line.
type LineTest struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	OK     bool      `json:"ok"`
	Detail []string  `json:"probes"`
}

// WindowLine is the line of one window: what protected its sessions.
type WindowLine struct {
	Window     string         `json:"window"`
	How        policy.LineHow `json:"how"`
	Limit      text.Text      `json:"limit"` // how far that goes
	CutAt      time.Time      `json:"lan_cut_at"`
	CutBy      string         `json:"lan_cut_by"`
	OnAt       time.Time      `json:"line_on_at,omitzero"`
	OnBy       string         `json:"line_on_by,omitempty"`
	OffAt      time.Time      `json:"line_off_at,omitzero"`
	OffBy      string         `json:"line_off_by,omitempty"`
	RestoredAt time.Time      `json:"lan_back_at,omitzero"`
	RestoredBy string         `json:"lan_back_by,omitempty"`
	LostAt     time.Time      `json:"lost_at,omitzero"`
}

// LineNone is the protection of a session on a system that has no line.
const LineNone policy.LineHow = "none"

// SessionLine is what protected one session: the columns 13, 14, 20 and 21 of the ledger's form. It is read from the ledger.
type SessionLine struct {
	How        policy.LineHow `json:"how"` // LineNone: the system had no line
	Limit      text.Text      `json:"limit"`
	CutAt      time.Time      `json:"lan_cut_at,omitzero"`
	CutBy      string         `json:"lan_cut_by,omitempty"`
	OnAt       time.Time      `json:"line_on_at,omitzero"`
	OnBy       string         `json:"line_on_by,omitempty"`
	OffAt      time.Time      `json:"line_off_at,omitzero"`
	OffBy      string         `json:"line_off_by,omitempty"` // broker: by itself
	RestoredAt time.Time      `json:"lan_back_at,omitzero"`
	RestoredBy string         `json:"lan_back_by,omitempty"`
}

// Words are the kind of protection with its limit.
func (l SessionLine) Words() text.Text {
	if l.How == LineNone {
		return text.Of("このシステムに回線の連動はない(決まり)", "This system has no interlocked line (rule)")
	}
	return l.How.Said()
}
