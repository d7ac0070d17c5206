package policy

// Holiday is a line of the institution's own list of days: a day on which it is closed beside the public holidays, or, with Open, a
// public holiday on which it works.
type Holiday struct {
	Date Date
	Name string
	Open bool
}
