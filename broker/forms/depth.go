package forms

import "github.com/goccy/go-yaml/token"

// How deep a form may nest. The parser takes time that grows with the square of the depth and stack that grows with
// it: a megabyte of "[" would keep it busy for an hour or end the process. Forms nest four deep.
const (
	maxFlow    = 32 // brackets and braces open at a time
	maxMarkers = 16 // "-", "?", "!", "&" on one line
)

// tooDeep is the token at which the text nests deeper than any form does; nil where it does not.
func tooDeep(tokens token.Tokens) *token.Token {
	open, line, markers := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			open++
		case token.MappingEndType, token.SequenceEndType:
			open--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			if t.Position.Line != line {
				line, markers = t.Position.Line, 0
			}
			markers++
		}
		if open > maxFlow || markers > maxMarkers {
			return t
		}
	}
	return nil
}
