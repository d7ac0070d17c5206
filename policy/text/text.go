package text

// Text is one text in both languages.
type Text struct{ JA, EN string }

// Of is a text of these words.
func Of(ja, en string) Text { return Text{ja, en} }

// Same is a text that reads the same in both languages, such as a name.
func Same(s string) Text { return Text{s, s} }

// In returns the text in lang; any value but "en" gives Japanese.
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.JA
}

// Lines is the text in lang, or in both languages, one line each, if lang is neither "ja" nor "en".
func (t Text) Lines(lang string) string { return t.joined(lang, "\n") }

// Slashed is Lines with a slash between the languages.
func (t Text) Slashed(lang string) string { return t.joined(lang, " / ") }

func (t Text) joined(lang, between string) string {
	if Known(lang) || t.JA == t.EN {
		return t.In(lang)
	}
	return t.JA + between + t.EN
}

// IsZero reports whether both languages are empty.
func (t Text) IsZero() bool { return t == Text{} }

// Label is the name of a value in its table. An unknown value stands for itself.
func Label[V ~string](table map[V]Text, v V) Text {
	if t, ok := table[v]; ok {
		return t
	}
	return Same(string(v))
}
