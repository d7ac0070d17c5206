package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// word is one command of self-service: the word typed after the address, and its function. The table below is
// complete; help is printed from it.
type word struct {
	name  string
	forms []form
	run   func(*selfService) error
	open  bool // a locked person may use it: it shows no data
}

// form is one way to type a word. A placeholder (NO, FILE) is a word of the reader's language: typedJA
// is the form with Japanese ones, empty where there are none.
type form struct{ typed, ja, en, typedJA string }

// as is the form for a reader of this language.
func (f form) as(lang string) string {
	if lang == "ja" && f.typedJA != "" {
		return f.typedJA
	}
	return f.typed
}

func selfWords() []word {
	return []word{
		{name: "windows", forms: []form{{typed: "windows", ja: "自分の時間枠", en: "your windows"}}, run: (*selfService).windows},
		{name: "request", forms: []form{
			{"request < FILE", "申請を提案する(YAML)", "propose a request (YAML)", "request < ファイル"},
			{typed: "request list", ja: "自分の申請", en: "your requests"},
			{"request show NO", "申請を一つ見る", "show one", "request show 番号"},
			{"request copy NO", "前の申請の写し(YAML)", "an earlier one as YAML", "request copy 番号"},
		}, run: (*selfService).request},
		{name: "extend", forms: []form{
			{`extend 15m --reason "…"`, "延長を申請する(--window 時間枠)", "ask for more time (--window ID)", `extend 15m --reason "理由"`},
		}, run: (*selfService).extend},
		{name: "report", forms: []form{{"report S-… < FILE", "作業報告書を出す(YAML)", "hand in a work report (YAML)", "report S-… < ファイル"}}, run: (*selfService).report},
		{name: "files", forms: []form{{typed: "files", ja: "預かっているファイル", en: "files held for you"}}, run: (*selfService).files},
		{name: "help", forms: []form{{typed: "help", ja: "この一覧", en: "this list"}}, run: (*selfService).help, open: true},
	}
}

// selfService is one command of self-service by one person, who gave key and code in this very login.
type selfService struct {
	c    *caller
	ctx  context.Context
	auth *authResult
	f    *front
	d    *drain
	lang string
	word string   // of the table; empty until it is found
	args []string // behind the word
	out  strings.Builder
}

// errGone: the client left before the command was done.
var errGone = errors.New("the client has left")

// usageError is a command line that is no command: exit status 2.
type usageError struct{ ja, en string }

func (m *usageError) Error() string { return m.en }

// command runs one of the gate's own words and gives its outcome.
func (c *caller) command(ctx context.Context, auth *authResult, f *front, d *drain, lang, line string) {
	s := &selfService{c: c, ctx: ctx, auth: auth, f: f, d: d, lang: lang}
	err := s.run(line)
	c.watchdog.Reset(lastWords)
	if errors.Is(err, errGone) {
		f.close(policy.ExitNotNow)
		return
	}
	if err == nil {
		if f.print(f.ch, s.out.String()) == nil {
			f.close(0)
		}
		return
	}
	f.finish(s.said(err))
}

// run finds the word and checks that this person may use it.
func (s *selfService) run(line string) error {
	if err := s.fresh(); err != nil {
		return err
	}
	args, err := splitWords(line)
	switch {
	case errors.Is(err, errUnclosed):
		return &usageError{"引用符が閉じていません", "a quote is not closed"}
	case err != nil:
		return &usageError{"命令が長すぎるか、文字が読めません", "the command is too long, or not readable as text"}
	case len(args) == 0:
		args = []string{"windows"}
	}
	var names []string
	for _, w := range selfWords() {
		names = append(names, w.name)
		if w.name != args[0] {
			continue
		}
		s.word, s.args = w.name, args[1:]
		if w.open {
			return w.run(s)
		}
		if err := s.standing(); err != nil {
			return err
		}
		return w.run(s)
	}
	m := &usageError{"知らない命令: " + text.OneLine(args[0], 40), "unknown command: " + text.OneLine(args[0], 40)}
	if near := forms.Nearest(args[0], names); near != "" {
		m.ja, m.en = m.ja+"(近いのは "+near+")", m.en+" (did you mean "+near+"?)"
	}
	return m
}

// fresh asks that the person gave the second factor in this very login, and that it still counts. That of an earlier login opens a window
// again; it never files, extends, reports or fetches anything.
func (s *selfService) fresh() error {
	if s.auth.factor != factorCode {
		return &policy.Denied{Reason: policy.AuthFailed}
	}
	switch dropped, err := s.c.dropped(s.ctx, s.auth); {
	case err != nil:
		return err
	case dropped:
		return &policy.Denied{Reason: policy.FactorDropped}
	}
	return nil
}

// standing reads the facts. It ends self-service for a person who is locked, whose key was taken away since the login, or who calls
// from an address that may open no session.
func (s *selfService) standing() error {
	if err := s.c.lookUp(s.ctx, s.auth); err != nil {
		return err
	}
	// A freeze, maintenance and the clock are named before the source: they must not hide it.
	f := s.auth.facts
	f.Freezes, f.Runtime.Clock, f.Runtime.MaintenanceUntil = nil, policy.ClockTrusted, time.Time{}
	switch d := policy.Decide(f, s.auth.attempt, s.c.s.o.Clock()); d.Reason {
	case policy.SourceNotAllowed:
		return d.Err()
	}
	switch s.auth.decision.Reason {
	case policy.EngineerLocked, policy.VendorLocked, policy.AuthFailed:
		return s.auth.decision.Err()
	}
	return nil
}

// said is the text of an error for a person, and the exit status.
func (s *selfService) said(err error) (shown string, exit int) {
	var denied *policy.Denied
	var invalid *forms.Invalid
	var wrong *usageError
	switch {
	case errors.As(err, &denied):
		if err := s.refused(denied); err != nil {
			s.c.log.Error("refusal_not_ledgered", "reason", denied.Reason, "error", err)
		}
		system := s.auth.facts.Systems[s.auth.facts.Targets[s.auth.decision.Grant.Target].System]
		_, section, phone := s.c.s.namesFor(context.WithoutCancel(s.ctx), "", system)
		if phone == "" {
			phone = s.c.s.o.Notice.Contact
		}
		return policy.Words(denied.Reason, denied.Args).Block(s.lang, section, phone, ""), exitOf(denied.Reason)
	case errors.As(err, &invalid):
		var b strings.Builder
		for _, lang := range text.Languages(s.lang) {
			for l := range strings.Lines(invalid.Text(lang)) {
				b.WriteString("sekimori: " + text.OneLine(strings.TrimRight(l, "\n"), 400) + "\n")
			}
		}
		if invalid.Name == "" { // no form was handed in
			return b.String() + s.failed("このままでは進められません。何も変えていません", "this cannot go on as it is; nothing was changed",
				"上に挙げたことを直すか、先に済ませてください", "correct what is named above, or do it first"), 1
		}
		return b.String() + s.failed("内容に誤りがあります。何も変えていません", "there are mistakes in it; nothing was changed",
			"上の箇所を直してください", "correct the places above"), 1
	case errors.As(err, &wrong):
		help := "ssh " + s.auth.person.Login + "@" + s.c.s.o.GateName + " help"
		return s.failed(wrong.ja, wrong.en, help, help), 2
	case errors.Is(err, store.ErrNotFound):
		return s.failed("見つかりません", "not found", "番号をお確かめください", "check the number"), 1
	}
	s.c.log.Error("self_service_failed", "error", err)
	return s.failed("処理できませんでした", "could not be done", "情報システム課へ", "call the information-systems section"), exitSafeguard
}

// failed gives the two lines of an error, in the reader's languages.
func (s *selfService) failed(ja, en, hintJA, hintEN string) string {
	return text.Of("sekimori: error: "+ja+"\nsekimori: hint: "+hintJA, "sekimori: error: "+en+"\nsekimori: hint: "+hintEN).Lines(s.lang) + "\n"
}

// actor is the person as the ledger's actor.
func (s *selfService) actor() ledger.Actor {
	return ledger.Actor{Kind: "person", ID: s.auth.person.ID, Via: "ssh"}
}

// viewed ledgers the reading of a thing (L1), before it is shown.
func (s *selfService) viewed(kind string, subjects ...string) error {
	return s.c.s.o.DB.Write(s.ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: s.actor(), Subjects: append([]string{s.auth.person.ID}, subjects...),
			Payload: map[string]string{"source": s.c.source.String(), "fingerprint": s.auth.fingerprint}})
		return err
	})
}

// refused ledgers the first refusal of its kind by rule. The tally sums up the next ones, so that one engineer who asks
// again and again does not fill the ledger.
func (s *selfService) refused(d *policy.Denied) error {
	const kind = "access.refused"
	ctx := context.WithoutCancel(s.ctx)
	if t := s.c.s.o.Refusals; t != nil {
		if first, err := t.First(ctx, s.actor(), kind, "ssh "+s.word, d.Reason.String()); err != nil || !first {
			return err
		}
	}
	return s.c.s.o.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Append(ledger.Draft{Kind: kind, Actor: s.actor(), Subjects: []string{s.auth.person.ID},
			Payload: map[string]any{"reason": d.Reason.String(), "number": d.Reason.Number(), "route": "ssh", "source": s.c.source.String()}})
		return err
	})
}

// options takes the named options out of the arguments; each takes a value. The remaining words are operands, of which
// most are allowed. The value of a sentence goes on to the next option, because the client's shell has removed the
// quotes before the words arrive.
func (s *selfService) options(most int, into map[string]*string, sentences ...string) ([]string, error) {
	var operands, names []string
	for n := range into {
		names = append(names, n)
	}
	for i := 0; i < len(s.args); i++ {
		a := s.args[i]
		name, value, inline := strings.Cut(strings.TrimPrefix(a, "--"), "=")
		if !strings.HasPrefix(a, "--") || a == "--" {
			if a != "--" {
				operands = append(operands, a)
			}
			continue
		}
		to, known := into[name]
		if !known {
			shown := text.OneLine(name, 40)
			m := &usageError{"知らないオプション --" + shown, "unknown option --" + shown}
			if near := forms.Nearest(name, names); near != "" {
				m.ja, m.en = m.ja+"(近いのは --"+near+")", m.en+" (did you mean --"+near+"?)"
			}
			return nil, m
		}
		if !inline {
			if i++; i >= len(s.args) {
				return nil, &usageError{"オプション --" + name + " には値が要ります", "option --" + name + " needs a value"}
			}
			value = s.args[i]
		}
		for slices.Contains(sentences, name) && i+1 < len(s.args) && !strings.HasPrefix(s.args[i+1], "--") {
			i++
			value += " " + s.args[i]
		}
		*to = value
	}
	if len(operands) > most {
		return nil, &usageError{
			"余分な引数 " + text.OneLine(operands[most], 40) + "(空白のある値は引用符で囲み、全体をもう一度囲みます)",
			"unexpected argument " + text.OneLine(operands[most], 40) + " (quote a value with spaces, and the whole once more)",
		}
	}
	return operands, nil
}

// help prints the table, and the forms of login.
func (s *selfService) help() error {
	login, at := s.auth.person.Login, "@"+s.c.s.o.GateName
	lines := []form{
		{typed: "ssh " + login + at, ja: "自分の時間枠から選ぶ", en: "choose among your windows"},
		{"ssh " + login + "+TARGET" + at, "接続先へ(コマンドも可)", "to the target (a command may follow)", "ssh " + login + "+接続先" + at},
		{"ssh " + login + "+ACCOUNT@TARGET" + at, "アカウントを名指す", "naming the account", "ssh " + login + "+アカウント@接続先" + at},
	}
	for _, w := range selfWords() {
		for _, f := range w.forms {
			lines = append(lines, form{typed: "ssh " + login + at + " " + f.as(s.lang), ja: f.ja, en: f.en})
		}
	}
	for _, l := range lines {
		typed, said := l.as(s.lang), text.Of(l.ja, l.en).Slashed(s.lang)
		if line := text.Pad(typed, 40) + "  " + said; text.Width(typed) <= 40 && text.Width(line) <= text.Screen {
			s.out.WriteString(line + "\n")
			continue
		}
		s.out.WriteString(text.Cut(typed, text.Screen) + "\n" + text.Cut("        "+said, text.Screen) + "\n")
	}
	return nil
}

// inputLimit is how long a form may take to arrive.
const inputLimit = 5 * time.Minute

// input reads what the client sends to the end, for words that take a form.
func (s *selfService) input(word string) ([]byte, error) {
	if pty, _ := s.f.terminal(); pty {
		return nil, &usageError{word + " はファイルから読みます。端末なし(-t なし)で: ssh … " + word + " < FILE",
			word + " reads a file; without a terminal (no -t): ssh … " + word + " < FILE"}
	}
	s.c.watchdog.Reset(inputLimit + lastWords)
	limit := time.NewTimer(inputLimit)
	defer limit.Stop()
	select {
	case <-s.f.eof:
	case <-s.f.over:
	case <-s.f.gone:
		return nil, errGone
	case <-s.d.lost:
		return nil, errGone
	case <-limit.C:
		return nil, &usageError{"内容が時間内に届きませんでした", "nothing came in time"}
	case <-s.ctx.Done():
		return nil, &policy.Denied{Reason: policy.BrokerStopped}
	}
	s.c.watchdog.Reset(2 * lastWords)
	text, whole := s.f.collected()
	if !whole {
		return nil, &usageError{fmt.Sprintf("内容が大きすぎます(上限 %d KiB)", maxInput>>10), fmt.Sprintf("too large (at most %d KiB)", maxInput>>10)}
	}
	return text, nil
}

// desk is the requests.Desk of requests and extensions.
func (s *selfService) desk() *requests.Desk { return s.c.s.o.Desk }
