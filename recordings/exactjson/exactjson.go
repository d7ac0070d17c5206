package exactjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Repeated finds a name that an object has twice, at any depth of b, which must be valid JSON. Names are compared after
// resolving escapes.
func Repeated(b []byte) (name string, repeated bool) {
	w := walker{b: b}
	w.value()
	return w.name, w.repeated
}

// walker skips through valid JSON.
type walker struct {
	b        []byte
	at       int
	name     string
	repeated bool
}

func (w *walker) space() {
	for w.at < len(w.b) && (w.b[w.at] == ' ' || w.b[w.at] == '\t' || w.b[w.at] == '\n' || w.b[w.at] == '\r') {
		w.at++
	}
}

func (w *walker) value() {
	if w.space(); w.repeated || w.at >= len(w.b) {
		return
	}
	switch w.b[w.at] {
	case '{':
		w.object()
	case '[':
		w.array()
	case '"':
		w.text()
	default:
		for w.at < len(w.b) && !bytes.ContainsRune([]byte(",]} \t\n\r"), rune(w.b[w.at])) {
			w.at++
		}
	}
}

func (w *walker) array() {
	for w.at++; !w.repeated && w.at < len(w.b); w.at++ { // the bracket, then each comma
		if w.space(); w.at < len(w.b) && w.b[w.at] == ']' {
			break
		}
		w.value()
		if w.space(); w.at >= len(w.b) || w.b[w.at] != ',' {
			break
		}
	}
	w.at++
}

func (w *walker) object() {
	var few [8][]byte
	names := few[:0]
	var many map[string]bool // used once there are too many names for a search
	for w.at++; !w.repeated && w.at < len(w.b); w.at++ {
		if w.space(); w.at < len(w.b) && w.b[w.at] == '}' {
			break
		}
		name := w.text()
		switch {
		case many != nil:
			if w.repeated = many[string(name)]; !w.repeated {
				many[string(name)] = true
			}
		default:
			for _, n := range names {
				w.repeated = w.repeated || bytes.Equal(n, name)
			}
			if names = append(names, name); len(names) > 16 {
				many = make(map[string]bool, 64)
				for _, n := range names {
					many[string(n)] = true
				}
			}
		}
		if w.repeated {
			w.name = string(name)
			return
		}
		w.space()
		w.at++ // the colon
		w.value()
		if w.space(); w.at >= len(w.b) || w.b[w.at] != ',' {
			break
		}
	}
	w.at++
}

// text skips a string and returns its value.
func (w *walker) text() []byte {
	from, escaped := w.at, false
	for w.at++; w.at < len(w.b) && w.b[w.at] != '"'; w.at++ {
		if w.b[w.at] == '\\' {
			escaped = true
			w.at++
		}
	}
	w.at++
	raw := w.b[from:min(w.at, len(w.b))]
	if !escaped {
		return bytes.Trim(raw, `"`)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	return []byte(s)
}

// Decode is json.Unmarshal for JSON that every reader must read the same way: valid, no name twice, and no member that
// differs from one of v only in case. Unknown members are skipped.
func Decode(b []byte, v any) error {
	if !json.Valid(b) {
		return json.Unmarshal(b, v) // it returns the reason
	}
	if name, twice := Repeated(b); twice {
		return fmt.Errorf("the member %q stands there twice", name)
	}
	if err := exact(b, reflect.TypeOf(v)); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// exact compares the names in b with those of a type.
func exact(b []byte, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		var members map[string]json.RawMessage
		if json.Unmarshal(b, &members) != nil {
			return nil // another form, which Unmarshal judges
		}
		fields := map[string]reflect.Type{}
		named(t, fields)
		for name, raw := range members {
			if field, ok := fields[name]; ok {
				if err := exact(raw, field); err != nil {
					return err
				}
				continue
			}
			for known := range fields {
				if strings.EqualFold(known, name) {
					return fmt.Errorf("the member %q is written %q", known, name)
				}
			}
		}
	case reflect.Slice, reflect.Array:
		var items []json.RawMessage
		if t.Elem().Kind() == reflect.Uint8 || json.Unmarshal(b, &items) != nil {
			return nil
		}
		for _, raw := range items {
			if err := exact(raw, t.Elem()); err != nil {
				return err
			}
		}
	}
	return nil
}

// named collects the members of a struct, including those of embedded ones.
func named(t reflect.Type, fields map[string]reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			named(f.Type, fields)
		case !f.IsExported() || name == "-":
		case name == "":
			fields[f.Name] = f.Type
		default:
			fields[name] = f.Type
		}
	}
}
