package figures

// Touches tells whether a kind has a row of the figures that it touches.
func Touches(kind string) bool { return touched[kind] != nil }

// AllTouched are the figures of all rows.
func AllTouched() (all []string) {
	for _, names := range touched {
		all = append(all, names...)
	}
	return all
}
