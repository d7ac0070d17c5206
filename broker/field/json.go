package field

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Stored gives t as the database has it: a JSON object without empty fields, with lengths of time in milliseconds under key_ms.
func (table Table[T]) Stored(t *T) (json.RawMessage, error) {
	return table.object(t, func(f Field[T]) (string, any, bool) { return f.Key + f.unit, f.store(t), f.empty(t) })
}

// FromStored reads the output of Stored. A name without a row is an error: the next write would lose it.
func (table Table[T]) FromStored(b []byte, t *T) error {
	return table.fill(b, true, func(f Field[T]) (string, any) { return f.Key + f.unit, f.store(t) })
}

// Shown gives t as the API has it: like Stored, but with lengths of time spelled out, and with switches that are off.
func (table Table[T]) Shown(t *T) (json.RawMessage, error) {
	return table.object(t, func(f Field[T]) (string, any, bool) { return f.Key, f.show(t), f.empty(t) && !f.yesNo })
}

// FromShown reads the output of Shown, of this release or another.
func (table Table[T]) FromShown(b []byte, t *T) error {
	return table.fill(b, false, func(f Field[T]) (string, any) { return f.Key, f.show(t) })
}

func (f Field[T]) empty(t *T) bool {
	for _, p := range f.compared(t) {
		if p.Value != "" && p.Value != "false" {
			return false
		}
	}
	return true
}

func (table Table[T]) object(t *T, member func(Field[T]) (name string, value any, leaveOut bool)) (json.RawMessage, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, f := range table {
		name, value, leaveOut := member(f)
		if leaveOut {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:", name)
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(value); err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
		b.Truncate(b.Len() - 1) // the line's end
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (table Table[T]) fill(b []byte, strict bool, member func(Field[T]) (name string, into any)) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	for _, f := range table {
		name, into := member(f)
		if value, ok := members[name]; ok {
			if err := json.Unmarshal(value, into); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			delete(members, name)
		}
	}
	for name := range members {
		if strict {
			return fmt.Errorf("unknown field %q", name)
		}
	}
	return nil
}

// milliseconds is a length of time in the database.
type milliseconds time.Duration

// MarshalJSON implements json.Marshaler.
func (m milliseconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Duration(m).Milliseconds(), 10), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *milliseconds) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	*m = milliseconds(time.Duration(n) * time.Millisecond)
	return err
}

// spelled is a length of time in the API: 1h30m0s.
type spelled time.Duration

// MarshalJSON implements json.Marshaler.
func (s spelled) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (s *spelled) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	*s = spelled(d)
	return err
}
