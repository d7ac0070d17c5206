package forms

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// MaxSize is the largest form read, in bytes.
const MaxSize = 4 << 20

// Form is a form being read. Its methods and those of its values note problems and go on, so that
// one run names all of them; Err tells at the end.
type Form struct {
	invalid Invalid
}

// Value is one value of a form with its place. The zero Value is an absent one: reading it gives
// zero values and no problem.
type Value struct {
	form *Form
	path string
	node ast.Node // nil: absent
	line int
	col  int
}

// Read reads one YAML document whose top level is a mapping. The Value may be read even when the text
// is broken: it is absent then and Err says why.
func Read(name string, text []byte) (*Form, Value) {
	f := &Form{invalid: Invalid{Name: name}}
	root := Value{form: f, line: 1, col: 1}
	if len(text) > MaxSize {
		root.Problem("file-too-large", fmt.Sprintf("%d バイトを超えています。", MaxSize), fmt.Sprintf("larger than %d bytes", MaxSize))
		return f, root
	}
	tokens := lexer.Tokenize(string(text))
	if t := tooDeep(tokens); t != nil {
		root.line, root.col = t.Position.Line, t.Position.Column
		root.Problem("too-deep", "入れ子が深すぎます。", "nested too deeply")
		return f, root
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		f.syntax(root, err)
		return f, root
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			root.at(d.Body).Problem("second-document", "一つのファイルに書けるのは一つの文書だけです。", "only one document in a file")
			return f, root
		}
		body = d.Body
	}
	if body == nil {
		root.Problem("empty-file", "何も書かれていません。", "nothing is written here")
		return f, root
	}
	root = root.at(body)
	root.node = body
	return f, root
}

// syntax notes what the YAML reader found, at its place.
func (f *Form) syntax(root Value, err error) {
	said := err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		said = at.GetMessage()
		if t := at.GetToken(); t != nil && t.Position != nil {
			root.line, root.col = t.Position.Line, t.Position.Column
		}
	}
	root.Problem("yaml-syntax", "YAMLとして読めません: "+said, "not readable as YAML: "+said)
}

// Err is an *Invalid with every problem noted so far, or nil.
func (f *Form) Err() error { return f.invalid.OrNil() }

// at is v placed where the node stands.
func (v Value) at(n ast.Node) Value {
	if t := n.GetToken(); t != nil && t.Position != nil {
		v.line, v.col = t.Position.Line, t.Position.Column
	}
	return v
}

// Problem notes a problem at the value's place. On an absent value of no form it does nothing.
func (v Value) Problem(code, ja, en string) {
	if v.form == nil {
		return
	}
	v.form.invalid.Problems = append(v.form.invalid.Problems,
		Problem{Field: v.path, Code: code, JA: ja, EN: en, Line: v.line, Column: v.col})
}

// Present reports whether something is written there. A key with nothing after it is absent.
func (v Value) Present() bool {
	if v.node == nil {
		return false
	}
	_, null := v.node.(*ast.NullNode)
	return !null
}

// Path is the value's place in words: "engineers[2].login".
func (v Value) Path() string { return v.path }

// Line is the line the value stands on, from 1; 0 for the zero Value.
func (v Value) Line() int { return v.line }

// Column is the column the value begins at, from 1; 0 for the zero Value.
func (v Value) Column() int { return v.col }

// Map is a mapping whose keys are all known.
type Map struct {
	Value
	values map[string]Value
}

// Map reads a mapping and notes every key that is not among the known ones, with the nearest that
// is. Anything but a mapping is a problem, and gives an empty one.
func (v Value) Map(known ...string) Map {
	m := Map{Value: v, values: map[string]Value{}}
	if !v.Present() {
		return m
	}
	for _, pair := range v.pairs() {
		token := pair.Key.GetToken()
		key := token.Value
		at := v
		at.path = join(v.path, key)
		at.line, at.col = token.Position.Line, token.Position.Column
		if !contains(known, key) {
			at.path = v.path
			at.unknown(key, known)
			continue
		}
		if _, twice := m.values[key]; twice {
			at.Problem("key-twice", "同じ項目が二度書かれています。", "written twice")
			continue
		}
		at.node = pair.Value
		if at.Present() {
			at = at.at(pair.Value)
		}
		m.values[key] = at
	}
	return m
}

func (v Value) pairs() []*ast.MappingValueNode {
	switch n := v.node.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	v.wrongKind("項目: 値 の並び", "a mapping of keys to values")
	return nil
}

func (v Value) unknown(key string, known []string) {
	ja, en := "知らない項目です: "+Printable(key), fmt.Sprintf("unknown key %q", key)
	if near := Nearest(key, known); near != "" {
		ja += "(" + near + " のことですか)"
		en += fmt.Sprintf("; did you mean %q?", near)
	} else {
		ja += "(書けるのは " + strings.Join(known, "、") + ")"
		en += "; known here: " + strings.Join(known, ", ")
	}
	v.Problem("unknown-key", ja, en)
}

// Get is the value of a key; absent when it is not written.
func (m Map) Get(key string) Value {
	if v, ok := m.values[key]; ok {
		return v
	}
	return Value{form: m.form, path: join(m.path, key), line: m.line, col: m.col}
}

// Need is the value of a key, noted as a problem when it is not written.
func (m Map) Need(key string) Value {
	v := m.Get(key)
	if !v.Present() && m.Present() {
		v.Problem("missing", "必ず書いてください。", "must be given")
	}
	return v
}

// List gives the members of a sequence. Anything but a sequence is a problem.
func (v Value) List() []Value {
	if !v.Present() {
		return nil
	}
	n, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.wrongKind("「- 」で始まる並び", "a list")
		return nil
	}
	list := make([]Value, 0, len(n.Values))
	for i, member := range n.Values {
		at := Value{form: v.form, path: fmt.Sprintf("%s[%d]", v.path, i), node: member, line: v.line, col: v.col}
		list = append(list, at.at(member))
	}
	return list
}

func (v Value) wrongKind(ja, en string) {
	switch v.node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		v.Problem("no-anchors", "目印(&、*、<<、!)は使えません。そのまま書いてください。",
			"anchors, aliases and tags are not taken; write the value out")
		return
	}
	v.Problem("wrong-kind", ja+"を書いてください。", en+" is wanted here")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// Describe is a problem at the value's place, for a caller who finds it after the reading.
func (v Value) Describe(code, ja, en string) Problem {
	return Problem{Field: v.path, Code: code, JA: ja, EN: en, Line: v.line, Column: v.col}
}

// File is the name of the form the value was read from; empty for the zero Value.
func (v Value) File() string {
	if v.form == nil {
		return ""
	}
	return v.form.invalid.Name
}
