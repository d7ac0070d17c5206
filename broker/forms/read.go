package forms

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Form is a form being read. Its methods and those of its values note problems and go on, so that one run names them all; Err gives
// them at the end.
type Form struct {
	invalid Invalid
	hints   []Problem
}

// Value is one value of a form with its place. The zero Value is absent: reading it gives zero values and no problem.
type Value struct {
	form *Form
	path string
	node *yaml.Node // nil: absent
	line int
	col  int
}

// Read reads one YAML document whose top level is a mapping. The Value may be read even if the text is broken: it is absent then, and
// Err says why. The text may come from strangers: the cost of reading is bounded (limits.go).
func Read(name string, text []byte) (*Form, Value) {
	f := &Form{invalid: Invalid{Name: name}}
	root := Value{form: f, line: 1, col: 1}
	text, wrong := plain(text)
	if wrong != nil {
		f.invalid.Problems = append(f.invalid.Problems, *wrong)
		return f, root
	}
	var body *yaml.Node
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document yaml.Node
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			f.syntax(root, err)
			return f, root
		}
		if len(document.Content) != 1 || !(Value{node: document.Content[0]}).Present() {
			continue // an empty one
		}
		if body != nil {
			root.at(document.Content[0]).Problem("second-document", "一つのファイルに書けるのは一つの文書だけです。", "only one document in a file")
			return f, root
		}
		body = document.Content[0]
	}
	if body == nil {
		root.Problem("empty-file", "何も書かれていません。", "nothing is written here")
		return f, root
	}
	root = root.at(body)
	if wrong := unwanted(body, 0); wrong != nil {
		f.invalid.Problems = append(f.invalid.Problems, *wrong)
		return f, root
	}
	root.node = body
	return f, root
}

// syntaxLine finds the line in the YAML reader's message: "yaml: line 3: did not find expected key".
var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax notes the YAML reader's error, at its place.
func (f *Form) syntax(root Value, err error) {
	said := err.Error()
	if m := syntaxLine.FindStringSubmatch(said); m != nil {
		said = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
			root.line = n
		}
	}
	if strings.HasPrefix(said, "exceeded max depth") {
		root.tooDeep()
		return
	}
	root.Problem("yaml-syntax", "YAMLとして読めません: "+said, "not readable as YAML: "+said)
}

// Err is an *Invalid with every problem noted so far, or nil.
func (f *Form) Err() error { return f.invalid.OrNil() }

// at is v placed where the node stands.
func (v Value) at(n *yaml.Node) Value {
	if n.Line > 0 {
		v.line, v.col = n.Line, n.Column
	}
	return v
}

// Problem notes a problem at the value's place. On an absent value of no form it does nothing.
func (v Value) Problem(code, ja, en string) {
	if v.form == nil {
		return
	}
	switch n := len(v.form.invalid.Problems); {
	case n > maxProblems:
		return
	case n == maxProblems:
		code, ja, en = "more-problems", "ほかにもあります。まずここまでを直してください。", "there are more; correct these first"
	}
	v.form.invalid.Problems = append(v.form.invalid.Problems, v.Describe(code, ja, en))
}

// Present reports whether there is a value. A key with nothing after it is absent.
func (v Value) Present() bool {
	if v.node == nil {
		return false
	}
	return v.node.Kind != yaml.ScalarNode || v.node.ShortTag() != "!!null"
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

// Map reads a mapping and notes every unknown key, with the nearest known one. A value that is not a mapping is a problem, and gives
// an empty one.
func (v Value) Map(known ...string) Map { return v.MapRenamed(nil, known...) }

// MapRenamed is Map for a mapping with renamed keys: was gives the present name of each former one. A value under a former name counts
// as if it stood under the present one, and is noted for Hints.
func (v Value) MapRenamed(was map[string]string, known ...string) Map {
	m := Map{Value: v, values: map[string]Value{}}
	if !v.Present() {
		return m
	}
	pairs := v.pairs()
	for i := 0; i+1 < len(pairs); i += 2 {
		at := v.at(pairs[i])
		if pairs[i].Kind != yaml.ScalarNode {
			at.wrongKind("項目の名前", "the name of a key")
			continue
		}
		key := pairs[i].Value
		at.path = join(v.path, key)
		if now, renamed := was[key]; renamed {
			at.renamed(key, now)
			key = now
			at.path = join(v.path, key)
		}
		if !contains(known, key) {
			at.path = v.path
			at.unknown(key, known)
			continue
		}
		if _, twice := m.values[key]; twice {
			at.Problem("key-twice", "同じ項目が二度書かれています。", "written twice")
			continue
		}
		at.node = pairs[i+1]
		if at.Present() {
			at = at.at(at.node)
		}
		m.values[key] = at
	}
	return m
}

// pairs are keys and values in turn.
func (v Value) pairs() []*yaml.Node {
	if v.node.Kind != yaml.MappingNode {
		v.wrongKind("項目: 値 の並び", "a mapping of keys to values")
		return nil
	}
	return v.node.Content
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

// OneOrMore gives a word as a list of one, and the members of a sequence.
func (v Value) OneOrMore() []string {
	switch {
	case !v.Present():
		return nil
	case v.node.Kind == yaml.SequenceNode:
		return v.Texts()
	}
	if s := v.Text(); s != "" {
		return []string{s}
	}
	return nil
}

// List gives the members of a sequence. A value that is not a sequence is a problem.
func (v Value) List() []Value {
	if !v.Present() {
		return nil
	}
	if v.node.Kind != yaml.SequenceNode {
		v.wrongKind("「- 」で始まる並び", "a list")
		return nil
	}
	list := make([]Value, 0, len(v.node.Content))
	for i, member := range v.node.Content {
		at := Value{form: v.form, path: fmt.Sprintf("%s[%d]", v.path, i), node: member, line: v.line, col: v.col}
		list = append(list, at.at(member))
	}
	return list
}

func (v Value) wrongKind(ja, en string) {
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

// Describe gives a problem at the value's place, for a caller that finds it after the reading.
func (v Value) Describe(code, ja, en string) Problem {
	return Problem{Field: v.path, Code: code, JA: ja, EN: en, Line: v.line, Column: v.col}
}

// File is the name of the value's form; empty for the zero Value.
func (v Value) File() string {
	if v.form == nil {
		return ""
	}
	return v.form.invalid.Name
}
