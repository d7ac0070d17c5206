package forms

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds on the cost of a form. Any person with a key may hand one in, so its size, values, depth and problems are bounded before and
// while it is read. The reader takes time and memory in proportion to the size, so these bounds limit the time too: a form at every
// limit is read within a fraction of a second (BenchmarkRead), and work for a caller who has left ends soon.
const (
	// MaxSize is the largest form read, in bytes.
	MaxSize = 1 << 20
	// maxMarks is how many characters in a form may begin a value, a key or a line. It bounds the values before any is built.
	maxMarks = 150_000
	// maxDepth is how deep a form may nest. Forms nest four deep.
	maxDepth = 32
	// maxProblems is how many problems are named at once.
	maxProblems = 200
)

// marks are the characters that values, keys, comments and lines begin or end with.
var marks = func() (is [256]bool) {
	for _, c := range []byte("\n\r,[]{}:-?#&*!|>") {
		is[c] = true
	}
	return is
}()

// Plain gives a text for another YAML reader: in UTF-8, without a byte order mark, of a size that a form may have. The error is an
// *Invalid with its place.
func Plain(name string, text []byte) ([]byte, error) {
	text, wrong := plain(text)
	if wrong != nil {
		return nil, &Invalid{Name: name, Problems: []Problem{*wrong}}
	}
	return text, nil
}

// plain gives the text without the mark that some editors put before it. Input that is not text, or too long, is a problem.
func plain(text []byte) ([]byte, *Problem) {
	at := func(i int, code, ja, en string) *Problem {
		line := 1 + bytes.Count(text[:i], []byte{'\n'})
		column := 1 + utf8.RuneCount(text[bytes.LastIndexByte(text[:i], '\n')+1:i])
		return &Problem{Code: code, JA: ja, EN: en, Line: line, Column: column}
	}
	if len(text) > MaxSize {
		return nil, at(0, "file-too-large", fmt.Sprintf("%d バイトを超えています。", MaxSize), fmt.Sprintf("larger than %d bytes", MaxSize))
	}
	if bytes.HasPrefix(text, []byte("\xfe\xff")) || bytes.HasPrefix(text, []byte("\xff\xfe")) {
		return nil, at(0, "not-utf8", "UTF-16 で書かれています。UTF-8 で保存し直してください。", "this is UTF-16; save it as UTF-8")
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if i := invalidUTF8(text); i >= 0 {
		return nil, at(i, "not-utf8", "UTF-8 でない文字があります(Shift_JIS などで保存したファイルは、UTF-8 で保存し直してください)。",
			"this is not UTF-8; a file in Shift_JIS or another encoding has to be saved as UTF-8")
	}
	count := 0
	for i, c := range text {
		if !marks[c] {
			continue
		}
		if count++; count > maxMarks {
			return nil, at(i, "too-many-values", "項目が多すぎます。分けて出してください。", "too many values in one file; divide it")
		}
	}
	return text, nil
}

// invalidUTF8 is the offset of the first byte that is not UTF-8; -1: there is none.
func invalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// unwanted finds the first thing in a document that no form may have: an anchor, an alias, a tag, too deep a nesting.
func unwanted(n *yaml.Node, depth int) *Problem {
	if depth > maxDepth {
		v := Value{line: n.Line, col: n.Column}
		p := v.Describe(deep())
		return &p
	}
	if n.Anchor != "" || n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0 || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!merge" {
		return &Problem{Code: "no-anchors", JA: "目印(&、*、<<、!)は使えません。そのまま書いてください。",
			EN: "anchors, aliases and tags are not taken; write the value out", Line: n.Line, Column: n.Column}
	}
	for _, c := range n.Content {
		if p := unwanted(c, depth+1); p != nil {
			return p
		}
	}
	return nil
}

func deep() (code, ja, en string) {
	return "too-deep", "入れ子が深すぎます。", "nested too deeply"
}

func (v Value) tooDeep() { v.Problem(deep()) }
