package gate

import (
	"strings"
	"time"

	"golang.org/x/text/width"

	"sekimori/policy"
	"sekimori/policy/text"
)

// The questions that a person answers. Long texts go out beside them, in a banner or on the terminal: programs with dialogs show a
// handful of lines of a question, and some convert only banners from UTF-8. Every question is therefore short and begins in ASCII.

// answer is the person's answer to the card.
type answer int

const (
	answerAgain answer = iota // nothing yet: asked once more
	answerCard                // show the card with the question, for a person who has not seen it
	answerYes
	answerNo
)

// readAnswer takes an answer: y, yes, はい and 同意 agree, nothing at all asks again, anything else is a no.
func readAnswer(typed string) answer {
	switch strings.ToLower(strings.TrimSpace(width.Fold.String(typed))) {
	case "":
		return answerAgain
	case "?":
		return answerCard
	case "y", "yes", "はい", "同意":
		return answerYes
	}
	return answerNo
}

// question follows the card.
func question(lang string) string {
	if lang == "en" {
		return "Continue? yes/no: "
	}
	return "Continue? / 同意して進みますか? yes/no: "
}

// questionAgain follows an empty answer. A program may have shown the question without the card (ssh -q hides banners).
func questionAgain(lang string) string {
	if lang == "en" {
		return "Type yes, no, or ? to see the text. yes/no: "
	}
	return "Type yes, no or ? (text) / はい か no を入力 yes/no: "
}

// agreed asks the question for a card that was shown already, until there is an answer.
func agreed(ask func(prompt string) (string, error), card, lang string) (bool, error) {
	prompt, empty, shown := question(lang), 0, false
	for {
		typed, err := ask(prompt)
		if err != nil {
			return false, err
		}
		switch a := readAnswer(typed); {
		case a == answerYes:
			return true, nil
		case a == answerCard && !shown:
			shown = true
			prompt = "\n" + card + question(lang)
		case a == answerAgain && empty == 0:
			empty++
			prompt = questionAgain(lang)
		default:
			return false, nil
		}
	}
}

// codePrompt asks for the one-time code.
func codePrompt(lang string) string {
	if lang == "en" {
		return "One-time code (6 digits): "
	}
	return "One-time code / 認証コード(6桁): "
}

// codeHint is the reason why a code was not taken, where it helps the owner of the key; empty where the gate must not say it.
func codeHint(v codeVerdict, lang string) string {
	en, ja := "", ""
	span := v.off.Abs().Round(30 * time.Second)
	switch {
	case v.used:
		en, ja = "Code not accepted: "+policy.UsedCode.EN+"; "+policy.NextCode.EN+".", policy.UsedCode.JA+policy.NextCode.JA+"。"
	case v.off < 0:
		en, ja = "Your authenticator's clock is about "+text.Left(span).EN+" slow. Set it, give a new code.",
			"認証アプリの時計が約"+text.Left(span).JA+"遅れています。時刻を合わせ、新しいコードを。"
	case v.off > 0:
		en, ja = "Your authenticator's clock is about "+text.Left(span).EN+" fast. Set it, give a new code.",
			"認証アプリの時計が約"+text.Left(span).JA+"進んでいます。時刻を合わせ、新しいコードを。"
	default:
		return ""
	}
	return asciiFirst(lang, en, ja)
}

// asciiFirst is English and then, unless the person reads only that, Japanese, a line each: some programs show no Japanese in questions.
func asciiFirst(lang, en, ja string) string {
	if lang == "en" {
		return en + "\n"
	}
	return en + "\n" + ja + "\n"
}
