package policy

import (
	"strconv"
	"strings"
)

// Refusal is the block that a refused or cut-off person reads on standard error: number and
// headline, cause, next step, whom to call, the record's number. Lines end in "\n" and are at
// most 78 columns wide, full width counted as two. lang is "ja", "en" or empty for both.
// The arguments may come from anybody; they are neutralised. An empty record leaves its line
// out; an empty section or phone is said in general words.
func Refusal(r Reason, args map[string]string, lang string, section, phone, record string) string {
	var b strings.Builder
	for _, l := range languages(lang) {
		refusalIn(&b, rowOf(r), args, l, section, phone, record)
	}
	return b.String()
}

// Message is the same on one line, for command-line errors and logs of refusals: number,
// headline and cause. With lang empty both languages follow each other.
func Message(r Reason, args map[string]string, lang string) string {
	row := rowOf(r)
	var parts []string
	for _, l := range languages(lang) {
		parts = append(parts, fill(row.Headline, args, l)+" — "+fill(row.Cause, args, l))
	}
	return "[" + strconv.Itoa(row.Number) + "] " + strings.Join(parts, " / ")
}

// NextStep says on one line what the person does now, for the hint below an error.
func NextStep(r Reason, args map[string]string, lang string) string {
	row := rowOf(r)
	var parts []string
	for _, l := range languages(lang) {
		parts = append(parts, fill(row.Next, args, l))
	}
	return strings.Join(parts, " / ")
}

// Headline is the reason's short name, for lists.
func Headline(r Reason, lang string) string {
	row := rowOf(r)
	var parts []string
	for _, l := range languages(lang) {
		parts = append(parts, fill(row.Headline, nil, l))
	}
	return strings.Join(parts, " / ")
}

func refusalIn(b *strings.Builder, row ReasonInfo, args map[string]string, lang, section, phone, record string) {
	n := strconv.Itoa(row.Number)
	if section = clean(section); section == "" {
		section = Text{"所管課", "the section in charge"}.In(lang)
	}
	call := section
	if phone = clean(phone); phone != "" {
		call += " " + phone
	}
	labels := [4]string{"原因: ", "次に: ", "連絡先: ", "記録: "}
	call += "(番号" + n + "とお伝えください)"
	if lang == "en" {
		labels = [4]string{"Cause: ", "Next: ", "Call: ", "Record: "}
		call = strings.TrimSuffix(call, "(番号"+n+"とお伝えください)") + " (quote " + n + ")"
	}
	writeWrapped(b, "["+n+"] "+fill(row.Headline, args, lang))
	writeWrapped(b, labels[0]+fill(row.Cause, args, lang))
	writeWrapped(b, labels[1]+fill(row.Next, args, lang))
	writeWrapped(b, labels[2]+call)
	if record = clean(record); record != "" {
		writeWrapped(b, labels[3]+record)
	}
}

// languages resolves a person's setting. An unknown setting gets both, like an empty one.
func languages(lang string) []string {
	switch lang {
	case "ja", "en":
		return []string{lang}
	}
	return []string{"ja", "en"}
}

// rowOf finds a row; a code that the table does not know is said as "not permitted".
func rowOf(r Reason) ReasonInfo {
	if row, ok := Lookup(r); ok {
		return row
	}
	row, _ := Lookup(Forbidden)
	return row
}
