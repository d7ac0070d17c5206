package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/broker/fault"
	"sekimori/broker/forms"
	"sekimori/cmd/sekimori/internal/prompt"
	"sekimori/cmd/sekimori/internal/screen"
)

// exitInterrupted is the exit status of a command that was stopped at a question, as shells have it for Ctrl-C.
const exitInterrupted = 130

// failure is an error of a command itself, in both languages.
type failure struct {
	ja, en, hintJA, hintEN string
	cause                  error
}

func (f *failure) Error() string {
	if f.cause != nil {
		return f.en + ": " + f.cause.Error()
	}
	return f.en
}

func (f *failure) Unwrap() error { return f.cause }

// fail says what went wrong in two lines, or as one JSON object, and returns the exit status.
func (p *program) fail(err error) int {
	f := p.describe(err)
	if p.json {
		_ = screen.JSON(p.err).Encode(map[string]*api.Fault{"error": f}) // standard error is the last resort
		return f.Exit
	}
	message, hint := f.EN, f.HintEN
	if p.lang == "ja" {
		message, hint = f.JA, f.HintJA
	}
	number := ""
	if f.Number != 0 {
		number = fmt.Sprintf("[%d] ", f.Number)
	}
	for _, d := range f.Details {
		fmt.Fprintf(p.err, "sekimori: %s\n", p.detail(d))
	}
	fmt.Fprintf(p.err, "sekimori: error: %s%s\n", number, plain(message))
	if hint == "" {
		help := strings.Join(append(append([]string{"sekimori"}, p.typed...), "--help"), " ")
		hint = p.say("`"+help+"` をご覧ください", "see `"+help+"`")
	}
	fmt.Fprintf(p.err, "sekimori: hint: %s\n", plain(hint))
	return f.Exit
}

func (p *program) detail(d api.Detail) string {
	var place []string
	if d.File != "" {
		place = append(place, d.File)
	}
	if d.Line != 0 {
		place = append(place, fmt.Sprintf("%d:%d", d.Line, d.Column))
	}
	text := p.say(d.JA, d.EN)
	if d.Path != "" {
		text = d.Path + ": " + text
	}
	return plain(strings.Join(append(place, " "+text), ":"))
}

func (p *program) describe(err error) *api.Fault {
	var told *api.Fault
	var usage *usageError
	var own *failure
	var config *broker.ConfigError
	var invalid *forms.Invalid
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &usage):
		return &api.Fault{Code: "usage", Exit: api.ExitUsage, JA: usage.ja, EN: usage.en, HintJA: usage.hintJA, HintEN: usage.hintEN}
	case errors.As(err, &invalid):
		return fault.InvalidForm(invalid)
	case errors.As(err, &config):
		said := *config
		said.Err = nil
		f := &api.Fault{
			Code: "configuration", Exit: api.ExitError,
			JA: said.In("ja"), EN: said.In("en"), HintJA: config.HintJA, HintEN: config.HintEN,
		}
		if config.Err != nil {
			f.JA, f.EN = f.JA+": "+causeOf(config.Err).JA, f.EN+": "+causeOf(config.Err).EN
		}
		if f.HintJA == "" && config.File != "" {
			f.HintJA = fmt.Sprintf("そこを直し、`sekimori check --config %s` で確かめてください", config.File)
			f.HintEN = fmt.Sprintf("mend that place and see `sekimori check --config %s`", config.File)
		}
		return f
	case errors.As(err, &own):
		f := &api.Fault{Code: "error", Exit: api.ExitError, JA: own.ja, EN: own.en, HintJA: own.hintJA, HintEN: own.hintEN}
		if own.cause != nil {
			f.JA += ": " + causeOf(own.cause).JA
			f.EN += ": " + causeOf(own.cause).EN
			if f.HintJA == "" && ofFile(own.cause) {
				f.HintJA, f.HintEN = checkFileJA, checkFileEN
			}
		}
		return f
	case errors.Is(err, prompt.ErrStopped):
		return &api.Fault{Code: "interrupted", Exit: exitInterrupted, JA: "中止しました。何も変えていません", EN: "stopped; nothing was changed",
			HintJA: "もう一度行うには同じコマンドを実行します", HintEN: "to do it after all, run the same command again"}
	case errors.Is(err, context.Canceled):
		return &api.Fault{Code: "interrupted", Exit: api.ExitError, JA: "中止しました", EN: "interrupted"}
	}
	cause := causeOf(err)
	return &api.Fault{Code: "error", Exit: api.ExitError, JA: cause.JA, EN: cause.EN}
}
