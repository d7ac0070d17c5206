package screen

import (
	"encoding/json"
	"io"

	"sekimori/policy/text"
	"sekimori/recordings"
)

// Width is the width that everything fits into where no terminal says its own: the narrowest terminal that people work on, less two.
const Width = text.Screen

// JSON encodes for scripts and for people alike: nothing in it moves a terminal.
func JSON(w io.Writer) *json.Encoder {
	e := json.NewEncoder(recordings.EscapeJSON(w))
	e.SetEscapeHTML(false)
	return e
}
