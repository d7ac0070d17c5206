package fieldtest

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sekimori/broker/field"
)

// Holds fails where a field of T has no row or two, where a row has no field, where a label lacks a language or a key stands twice, and
// where a JSON name is not the row's key. without names the fields of T that the table need not describe.
func Holds[T any](t *testing.T, table field.Table[T], without ...string) {
	t.Helper()
	var full T
	leaves := fill(reflect.ValueOf(&full).Elem(), nil)
	rows := map[string][]string{} // of each field of the struct
	seen := map[string]bool{}
	for _, row := range table {
		if seen[row.Key] {
			t.Errorf("two rows have the key %q", row.Key)
		}
		seen[row.Key] = true
		if row.Label.JA == "" || row.Label.EN == "" {
			t.Errorf("row %q lacks its label in a language", row.Key)
		}
		var one T
		row.Take(&one, &full)
		var covers []leaf
		for _, l := range leaves {
			if !reflect.ValueOf(&one).Elem().FieldByIndex(l.index).IsZero() {
				covers = append(covers, l)
				rows[l.name] = append(rows[l.name], row.Key)
			}
		}
		switch {
		case len(covers) == 0:
			t.Errorf("row %q sets no field of the struct", row.Key)
		case len(covers) == 1 && covers[0].json != "" && covers[0].json != row.Key:
			t.Errorf("row %q is for a field with the JSON name %q", row.Key, covers[0].json)
		}
	}
	for _, l := range leaves {
		have := rows[l.name]
		switch exempt := slices.Contains(without, l.name); {
		case !exempt && len(have) == 0:
			t.Errorf("the field %s has no row: declare it in the table, with its labels", l.name)
		case !exempt && len(have) > 1:
			t.Errorf("the field %s has several rows: %s", l.name, strings.Join(have, ", "))
		case exempt && len(have) > 0:
			t.Errorf("the field %s is said to have no row, and has %s", l.name, strings.Join(have, ", "))
		}
	}
}

// leaf is a field of a struct; those of embedded structs count as its own.
type leaf struct {
	name, json string
	index      []int
}

// fill gives every field some value and names the fields.
func fill(v reflect.Value, at []int) []leaf {
	var leaves []leaf
	for i := range v.NumField() {
		f := v.Type().Field(i)
		index := append(slices.Clone(at), i)
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			leaves = append(leaves, fill(v.Field(i), index)...)
		case !f.IsExported():
		default:
			set(v.Field(i))
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			leaves = append(leaves, leaf{f.Name, name, index})
		}
	}
	return leaves
}

func set(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.MustParsePrefix("192.0.2.0/24")))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		set(v.Index(0))
	case reflect.Array:
		set(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				set(v.Field(i))
			}
		}
	default:
		panic("a kind of field that fieldtest does not fill: " + v.Kind().String())
	}
}
