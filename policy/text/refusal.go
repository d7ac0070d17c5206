package text

import (
	"fmt"
	"strings"
)

// Refusal is the text for a person who was refused or cut off: the reason's number and its sentences, filled in.
type Refusal struct {
	Number                int
	Headline, Cause, Next Text
}

var (
	causeLabel  = Text{"原因: ", "Cause: "}
	nextLabel   = Text{"次に: ", "Next: "}
	callLabel   = Text{"連絡先: ", "Call: "}
	recordLabel = Text{"記録: ", "Record: "}
	quote       = Text{"(番号%dとお伝えください)", " (quote %d)"}
	someSection = Text{"所管課", "the section in charge"}
)

// longestName bounds section, phone and record, in characters.
const longestName = 160

// Block is the whole refusal, for standard error: number and headline, cause, next step, telephone, the record's number. Lines end in
// "\n" and are at most Screen columns wide. lang is "ja", "en" or empty for both. Section, phone and record may come from strangers.
// An empty record leaves its line out; for an empty section or phone general words stand.
func (r Refusal) Block(lang, section, phone, record string) string {
	section, phone, record = label(section), label(phone), label(record)
	var b strings.Builder
	for _, l := range Languages(lang) {
		call := section
		if call == "" {
			call = someSection.In(l)
		}
		if phone != "" {
			call += " " + phone
		}
		lines := []string{
			fmt.Sprintf("[%d] %s", r.Number, r.Headline.In(l)),
			causeLabel.In(l) + r.Cause.In(l),
			nextLabel.In(l) + r.Next.In(l),
			callLabel.In(l) + call + fmt.Sprintf(quote.In(l), r.Number),
		}
		if record != "" {
			lines = append(lines, recordLabel.In(l)+record)
		}
		for _, line := range lines {
			b.WriteString(strings.Join(Wrap(line, Screen, "  "), "\n") + "\n")
		}
	}
	return b.String()
}

// Message is number, headline and cause on one line, for command-line errors and logs. An empty lang gives both languages.
func (r Refusal) Message(lang string) string {
	said := Text{r.Headline.JA + " — " + r.Cause.JA, r.Headline.EN + " — " + r.Cause.EN}
	return fmt.Sprintf("[%d] %s", r.Number, said.Slashed(lang))
}

func label(s string) string { return strings.TrimSpace(OneLine(s, longestName)) }
