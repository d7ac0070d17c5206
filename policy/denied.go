package policy

// Denied is a refusal by rule as an error: what the acts below the doors return when policy says no.
// Doors find it with errors.As and print its reason's row; the command line then exits 3.
type Denied struct {
	Reason Reason
	Args   map[string]string // for the placeholders of the reason's texts

	// Ledgered is set once the refusal has its entry, or is counted into one: the door then writes none.
	Ledgered bool
}

// Error gives the code, for the log; people are told through Lookup.
func (d *Denied) Error() string { return "refused: " + string(d.Reason) }

// Err is a denial as a *Denied, and nil for a decision that allows. The zero decision gave no
// reason; it is said as Forbidden.
func (d Decision) Err() error {
	if d.Allow {
		return nil
	}
	if d.Reason == "" {
		return &Denied{Reason: Forbidden}
	}
	return &Denied{Reason: d.Reason, Args: d.Args}
}
