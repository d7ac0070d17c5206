package field

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sekimori/broker/forms"
	"sekimori/policy/text"
)

// of makes the part common to all kinds. at finds the field in its struct.
func of[T, V any](key, ja, en string, kind Kind, at func(*T) *V) Field[T] {
	return Field[T]{
		Key: key, Label: text.Text{JA: ja, EN: en}, Kind: kind,
		copy:  func(to, from *T) { *at(to) = *at(from) },
		tidy:  func(*T) {},
		store: func(t *T) any { return at(t) }, show: func(t *T) any { return at(t) },
	}
}

// Text is a word or a text: at most forms.MaxText characters, all printable.
func Text[T any](key, ja, en string, at func(*T) *string) Field[T] {
	f := of(key, ja, en, Word, at)
	f.read = func(t *T, v forms.Value, _ *time.Location) { *at(t) = v.Text() }
	f.write = func(t *T) string { return quoted(*at(t)) }
	f.say = func(t *T, _ string) string { return *at(t) }
	f.value = func(t *T) string { return *at(t) }
	f.tidy = func(t *T) { *at(t) = strings.TrimSpace(*at(t)) }
	return f.unshowable(func(t *T) bool { return unshowable(*at(t)) })
}

// Most bounds a text to so many characters.
func (f Field[T]) Most(n int) Field[T] {
	s := strconv.Itoa(n)
	return f.Bound(func(t *T) bool { return utf8.RuneCountInString(f.value(t)) > n }, "too-long", s+"字までです。短くしてください。", "at most "+s+" characters: make it shorter")
}

// Like checks a word against a pattern.
func (f Field[T]) Like(form *regexp.Regexp, code, ja, en string) Field[T] {
	return f.Bound(func(t *T) bool { return f.value(t) != "" && !form.MatchString(f.value(t)) }, code, ja, en)
}

func (f Field[T]) unshowable(broken func(*T) bool) Field[T] {
	return f.Bound(broken, "control-character", "表示できない文字があるか、長すぎます。", "Contains characters that cannot be shown, or is too long.")
}

func unshowable(text string) bool {
	return forms.Printable(text) != text || utf8.RuneCountInString(text) > forms.MaxText
}

// Bool is a switch, off by default.
func Bool[T any](key, ja, en string, at func(*T) *bool) Field[T] {
	f := of(key, ja, en, Switch, at)
	f.read = func(t *T, v forms.Value, _ *time.Location) { *at(t) = v.Bool() }
	f.write = func(t *T) string {
		if !*at(t) {
			return ""
		}
		return "true"
	}
	f.say = func(t *T, lang string) string {
		if !*at(t) {
			return ""
		}
		return text.Of("有", "yes").Slashed(lang)
	}
	f.value = func(t *T) string { return strconv.FormatBool(*at(t)) }
	return f
}

// YesOrNo is a question that must not be answered by silence: nil is no answer.
func YesOrNo[T any](key, ja, en string, at func(*T) **bool) Field[T] {
	f := of(key, ja, en, Word, at)
	words := map[bool]string{true: "yes", false: "no"}
	f.read = func(t *T, v forms.Value, _ *time.Location) {
		if *at(t) = nil; v.Present() {
			yes := v.Choice(words[true], words[false]) == words[true]
			*at(t) = &yes
		}
	}
	f.value = func(t *T) string {
		if *at(t) == nil {
			return ""
		}
		return words[**at(t)]
	}
	f.write = func(t *T) string { return quoted(f.value(t)) }
	f.options = []Option{{words[true], text.Of("有", "yes")}, {words[false], text.Of("無", "no")}}
	f.say = func(t *T, lang string) string {
		for _, o := range f.options {
			if o.Word == f.value(t) {
				return o.Text.Slashed(lang)
			}
		}
		return ""
	}
	return f
}

// Int is a whole number in [least, most]; 0 is none.
func Int[T any](key, ja, en string, least, most int, at func(*T) *int) Field[T] {
	f := of(key, ja, en, Number, at)
	f.read = func(t *T, v forms.Value, _ *time.Location) { *at(t) = v.Int(least, most) }
	f.value = func(t *T) string {
		if *at(t) == 0 {
			return ""
		}
		return strconv.Itoa(*at(t))
	}
	f.write = f.value
	f.say = func(t *T, _ string) string { return f.value(t) }
	from, to := strconv.Itoa(least), strconv.Itoa(most)
	return f.Bound(func(t *T) bool { return *at(t) != 0 && (*at(t) < least || *at(t) > most) },
		"bad-number", from+" から "+to+" までの数を書いてください。", "A number from "+from+" to "+to+" is wanted here.")
}

// Named is one word of a choice with its labels.
type Named[S ~string] struct {
	Word S
	text.Text
}

// Name makes a word of a choice.
func Name[S ~string](word S, ja, en string) Named[S] {
	return Named[S]{Word: word, Text: text.Text{JA: ja, EN: en}}
}

// Labelled makes the words of a choice from values with labels. In English the word itself is shown, as files and flags take it.
func Labelled[S labelled](values ...S) []Named[S] {
	var words []Named[S]
	for _, v := range values {
		words = append(words, Name(v, v.Label().JA, string(v)))
	}
	return words
}

type labelled interface {
	~string
	Label() text.Text
}

// Choice is one of the words. otherwise is the default, and may be empty.
func Choice[T any, S ~string](key, ja, en string, at func(*T) *S, otherwise S, words ...Named[S]) Field[T] {
	var list []string
	for _, w := range words {
		list = append(list, string(w.Word))
	}
	f := of(key, ja, en, Word, at)
	for _, w := range words {
		f.options = append(f.options, Option{string(w.Word), w.Text})
	}
	f.read = func(t *T, v forms.Value, _ *time.Location) {
		if *at(t) = otherwise; v.Present() {
			*at(t) = S(v.Choice(list...))
		}
	}
	f.value = func(t *T) string { return string(*at(t)) }
	f.write = func(t *T) string { return quoted(f.value(t)) }
	f.say = func(t *T, lang string) string {
		if i := slices.IndexFunc(words, func(w Named[S]) bool { return w.Word == *at(t) }); i >= 0 {
			return words[i].Slashed(lang)
		}
		return f.value(t)
	}
	f.tidy = func(t *T) {
		if *at(t) == "" {
			*at(t) = otherwise
		}
	}
	return f.Bound(func(t *T) bool { return *at(t) != otherwise && !slices.Contains(list, f.value(t)) }, "unknown-word",
		ja+"は "+strings.Join(list, "、")+" のどれかです。", key+" is one of "+strings.Join(list, ", "))
}

// Choices is several of the words, each once.
func Choices[T any, S labelled](key, ja, en string, at func(*T) *[]S, words ...S) Field[T] {
	f := List(key, ja, en, at)
	for _, w := range words {
		f.options = append(f.options, Option{string(w), w.Label()})
	}
	f.read = func(t *T, v forms.Value, _ *time.Location) {
		*at(t) = nil
		for _, v := range v.List() {
			if !v.Present() {
				v.Problem("missing", "必ず書いてください。", "must be given")
				continue
			}
			s := S(v.Choice(textsOf(words)...))
			if slices.Contains(*at(t), s) {
				v.Problem("duplicate-id", string(s)+" が二度書かれています。", string(s)+" is written twice")
				continue
			}
			*at(t) = append(*at(t), s)
		}
	}
	f.say = func(t *T, lang string) string {
		said := text.Of("", "")
		for i, s := range *at(t) {
			if i > 0 {
				said.JA, said.EN = said.JA+"、", said.EN+" "
			}
			said.JA, said.EN = said.JA+s.Label().JA, said.EN+string(s)
		}
		return said.Slashed(lang)
	}
	return f
}

func textsOf[S ~string](list []S) []string {
	var all []string
	for _, s := range list {
		all = append(all, string(s))
	}
	return all
}

// List is several texts, each said once.
func List[T any, S ~string](key, ja, en string, at func(*T) *[]S) Field[T] {
	f := of(key, ja, en, Words, at)
	f.copy = func(to, from *T) { *at(to) = slices.Clone(*at(from)) }
	f.read = func(t *T, v forms.Value, _ *time.Location) {
		*at(t) = nil
		for _, text := range v.Texts() {
			*at(t) = append(*at(t), S(text))
		}
	}
	f.write = func(t *T) string {
		var all []string
		for _, s := range *at(t) {
			all = append(all, quoted(string(s)))
		}
		if len(all) == 0 {
			return ""
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	f.say = func(t *T, lang string) string { return join(*at(t), ", ") }
	f.value = func(t *T) string { return join(slices.Sorted(slices.Values(*at(t))), " ") }
	f.tidy = func(t *T) {
		var once []S
		for _, s := range *at(t) {
			if s = S(strings.TrimSpace(string(s))); s != "" && !slices.Contains(once, s) {
				once = append(once, s)
			}
		}
		*at(t) = once
	}
	return f.unshowable(func(t *T) bool {
		return slices.ContainsFunc(*at(t), func(s S) bool { return unshowable(string(s)) })
	})
}

func join[S ~string](list []S, between string) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// Instant is a date and time. Without a zone it is in the reader's zone.
func Instant[T any](key, ja, en string, at func(*T) *time.Time) Field[T] {
	f := of(key, ja, en, Word, at)
	f.instant = true
	f.read = func(t *T, v forms.Value, zone *time.Location) { *at(t) = v.Instant(zone) }
	f.write = func(t *T) string { return written(*at(t)) }
	f.say = func(t *T, _ string) string {
		if at(t).IsZero() {
			return ""
		}
		return at(t).Format("2006-01-02 15:04")
	}
	f.value = func(t *T) string { return written(at(t).UTC()) }
	f.tidy = func(t *T) { *at(t) = at(t).UTC().Truncate(time.Millisecond) } // as it is stored
	return f.Zoned(func(t *T, zone *time.Location) {
		if !at(t).IsZero() {
			*at(t) = at(t).In(zone)
		}
	})
}

func written(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339)
}

// Length is a length of time, at most most if that is more than 0; 0 is none.
func Length[T any](key, ja, en string, most time.Duration, at func(*T) *time.Duration) Field[T] {
	f := of(key, ja, en, Word, at)
	f.read = func(t *T, v forms.Value, _ *time.Location) {
		if *at(t) = v.Length(); most > 0 && *at(t) > most {
			v.Problem("too-long", "長すぎます。"+most.String()+" までです。", "at most "+most.String())
			*at(t) = 0
		}
	}
	f.value = func(t *T) string {
		if *at(t) == 0 {
			return ""
		}
		return at(t).String()
	}
	f.write = f.value
	f.say = func(t *T, lang string) string {
		if *at(t) == 0 {
			return ""
		}
		return text.Length(*at(t)).Slashed(lang)
	}
	f.store, f.unit = func(t *T) any { return (*milliseconds)(at(t)) }, "_ms"
	f.show = func(t *T) any { return (*spelled)(at(t)) }
	return f.Bound(func(t *T) bool { return *at(t) < 0 || most > 0 && *at(t) > most }, "too-long", "長すぎます。"+most.String()+" までです。", "at most "+most.String())
}

// Own is a field of its own kind: read takes it from a form; write gives its text in a form and for comparing; say gives it for
// people. Without write it is compared by the text of say.
func Own[T, V any](key, ja, en string, at func(*T) *V, read func(*T, forms.Value, *time.Location), write func(*T) string, say func(t *T, lang string) string) Field[T] {
	f := of(key, ja, en, Word, at)
	f.read, f.write, f.value, f.say = read, write, write, say
	if write == nil {
		f.write, f.value = func(*T) string { return "" }, func(t *T) string { return say(t, "en") }
	}
	return f
}

// Shown is a field that the office sets and a page shows: say gives it for people.
func Shown[T, V any](key, ja, en string, at func(*T) *V, say func(t *T, lang string) string) Field[T] {
	f := of(key, ja, en, Word, at)
	f.say, f.value = say, func(t *T) string { return say(t, "en") }
	return f.NoInput()
}
