package policy

// Denied is a refusal by rule as an error. Acts below the doors return it when policy says no. Doors find it with errors.As and print
// its reason's row; the command line then exits 3.
type Denied struct {
	Reason Reason
	Args   map[string]string // for the placeholders of the reason's texts

	// Ledgered: the refusal has its entry already, or is counted into one. The door then writes none.
	Ledgered bool
}

// Error gives the code, for the log. People read the texts of Lookup.
func (d *Denied) Error() string { return "refused: " + string(d.Reason) }

// Err returns a denial as a *Denied, and nil for a decision that allows. The zero decision has no reason and becomes Forbidden.
func (d Decision) Err() error {
	if d.Allow {
		return nil
	}
	if d.Reason == "" {
		return &Denied{Reason: Forbidden}
	}
	return &Denied{Reason: d.Reason, Args: d.Args}
}
