package search

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MostWords bounds the words of a query, in characters.
const MostWords = 200

// Errors of NewQuery.
var (
	ErrNoWords   = errors.New("there are no words to search for")
	ErrLongWords = errors.New("the words are longer than a search takes")
)

// Fold gives text in the form that is compared: full and half width, and capital and small letters, are the same (NFKC, lower case).
func Fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

// Query is what is searched for: the words as they follow each other within one line.
type Query struct {
	folded string
	grams  []uint64
}

// NewQuery makes a query of people's words. Errors: ErrNoWords, ErrLongWords.
func NewQuery(words string) (Query, error) {
	if utf8.RuneCountInString(words) > MostWords {
		return Query{}, ErrLongWords
	}
	q := Query{folded: Fold(strings.TrimSpace(words))}
	if q.folded == "" {
		return Query{}, ErrNoWords
	}
	var g grams
	g.add(q.folded)
	for one := range g.all {
		q.grams = append(q.grams, one)
	}
	return q, nil
}

// matches compares a line of text.
func (q Query) matches(text string) bool { return strings.Contains(Fold(text), q.folded) }
