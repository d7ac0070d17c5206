package field

import (
	"encoding/json"
	"fmt"
)

// Part is one property of a struct in words, for comparing. A change of a guarded property needs a second person.
type Part struct {
	Name    string
	Value   string // empty, or "false", if there is none
	Guarded bool
	late    bool
}

// Undeclared is the key of a struct's fields without a row.
const Undeclared = "undeclared"

// Compared gives t property by property, in the table's order. apart empties the fields of t beside the table; t is Compared's own
// copy. Any field left without a row becomes one more property, and a guarded one: one person alone cannot change a field that was not
// declared.
func (table Table[T]) Compared(t T, apart func(*T)) []Part {
	var parts []Part
	for _, f := range table {
		parts = append(parts, f.compared(&t)...)
	}
	var none T
	for _, f := range table {
		f.copy(&t, &none)
	}
	apart(&t)
	left, err := json.Marshal(t)
	nothing, _ := json.Marshal(none)
	if err != nil || string(left) != string(nothing) {
		parts = append(parts, Part{Name: Undeclared, Value: string(left), Guarded: true})
	}
	return parts
}

func (f Field[T]) compared(t *T) []Part {
	parts := []Part{{Name: f.Key, Value: f.value(t)}}
	if f.parts != nil {
		parts = f.parts(t)
	}
	for i := range parts {
		parts[i].Guarded, parts[i].late = f.Guarded(t), f.late
	}
	return parts
}

// Fingerprint gives the same text for the same properties.
func Fingerprint(parts []Part) string {
	text := ""
	for _, p := range parts {
		if !p.late || p.Value != "" && p.Value != "false" {
			text += fmt.Sprintf("%s=%q\n", p.Name, p.Value)
		}
	}
	return text
}
