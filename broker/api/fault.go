package api

// Exit statuses of the commands (contract.md).
const (
	ExitError   = 1
	ExitUsage   = 2
	ExitRefused = 3
)

// Codes of the detail that says which part of a proof was wrong. The last two are told at sign-in too.
const (
	WrongPassword = "wrong-password"
	WrongCode     = "wrong-code"
	UsedCode      = "used-code"
	WrongPasskey  = "wrong-passkey"
	ClockOff      = "clock-off"      // the code is right by a clock that is off
	DirectoryDown = "directory-down" // the institution's directory cannot be reached
)

// Detail is one place that a fault names, such as a line of an applied file.
type Detail struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Path   string `json:"path,omitempty"`
	Code   string `json:"code,omitempty"`
	JA     string `json:"message_ja"`
	EN     string `json:"message_en"`
}

// Fault is an error of the API: a stable code, both languages, the next step.
type Fault struct {
	Status  int      `json:"-"` // HTTP status
	Code    string   `json:"code"`
	Number  int      `json:"number,omitempty"` // of the reason, screens §4; 0: none
	Exit    int      `json:"exit"`             // exit status of the command
	JA      string   `json:"message_ja"`
	EN      string   `json:"message_en"`
	HintJA  string   `json:"hint_ja,omitempty"`
	HintEN  string   `json:"hint_en,omitempty"`
	Details []Detail `json:"details,omitempty"`
	Cause   error    `json:"-"` // for the log
}

func (f *Fault) Error() string {
	if f.Cause != nil {
		return f.EN + ": " + f.Cause.Error()
	}
	return f.EN
}

func (f *Fault) Unwrap() error { return f.Cause }

// Codes of faults that are not reasons of policy.
const (
	CodeUnauthenticated = "unauthenticated"
	CodeBadRequest      = "bad-request"
	CodeInvalid         = "invalid"
	CodeNotFound        = "not-found"
	CodeNotLive         = "not-live"
	CodeInternal        = "internal"
	CodeUnavailable     = "unavailable"
)
