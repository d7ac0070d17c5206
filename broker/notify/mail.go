package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"sekimori/policy/text"
)

// Security says how the connection to a mail server is protected.
type Security string

// The ways to protect it. The zero value is none of them.
const (
	StartTLS Security = "starttls" // refused where the server does not offer it
	TLS      Security = "tls"
	Plain    Security = "none" // for a server on the same machine or on a network that is trusted
)

// MailOptions are the settings of the mail server.
type MailOptions struct {
	Host        string
	Port        int
	Security    Security
	User        string // empty: no authentication
	Password    string
	From        string // "関守 <sekimori@city.example.jp>" or an address alone
	TLS         *tls.Config
	Timeout     time.Duration // of each step; 0: 20 seconds
	Institution string
	Contact     string
}

// Mail sends letters over SMTP.
type Mail struct {
	o    MailOptions
	from *netmail.Address
}

// NewMail makes a sender. Error: the sender's address cannot be read.
func NewMail(o MailOptions) (*Mail, error) {
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("sender's address %q: %w", o.From, err)
	}
	return &Mail{o, from}, nil
}

// From is the sender's address without its name.
func (m *Mail) From() string { return m.from.Address }

// Send sends one letter over a connection of its own.
func (m *Mail) Send(ctx context.Context, l Letter) error {
	msg, err := m.message(l)
	if err != nil {
		return &Failure{Err: err, Permanent: true}
	}
	client, err := m.client()
	if err != nil {
		return &Failure{Err: err, Down: true}
	}
	if err := client.DialWithContext(ctx); err != nil {
		return &Failure{Err: fmt.Errorf("reach mail server: %w", err), Down: true}
	}
	err = client.Send(msg)
	if closed := client.Close(); err == nil && closed != nil && !errors.Is(closed, io.EOF) {
		return nil // the server took the mail; the goodbye failed
	}
	return failureOf(err)
}

// failureOf tells a refused address from a server that takes nothing now.
func failureOf(err error) error {
	if err == nil {
		return nil
	}
	f := &Failure{Err: err}
	var sent *mail.SendError
	var said *textproto.Error
	switch {
	case errors.As(err, &sent):
		f.Permanent = sent.Reason == mail.ErrSMTPRcptTo && sent.ErrorCode() >= 500
		f.Down = sent.Reason == mail.ErrConnCheck || sent.Reason == mail.ErrSMTPMailFrom || sent.ErrorCode() == 421
	case !errors.As(err, &said):
		f.Down = true
	}
	return f
}

func (m *Mail) client() (*mail.Client, error) {
	o := []mail.Option{mail.WithPort(m.o.Port), mail.WithTimeout(m.o.Timeout), mail.WithoutNoop()}
	if m.o.TLS != nil {
		o = append(o, mail.WithTLSConfig(m.o.TLS))
	}
	switch m.o.Security {
	case TLS:
		o = append(o, mail.WithSSL())
	case Plain:
		o = append(o, mail.WithTLSPolicy(mail.NoTLS))
	default:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.o.User != "" {
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.o.User), mail.WithPassword(m.o.Password))
	}
	return mail.NewClient(m.o.Host, o...)
}

// message makes the mail: text, the same as HTML, and the appointment.
func (m *Mail) message(l Letter) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	if err := msg.To(l.To); err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	msg.Subject(m.subject(l))
	msg.SetMessageIDWithValue(l.ID)
	msg.SetDateWithValue(l.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Sekimori-Notice", l.Notice.Code)
	plain, html, err := m.bodies(l)
	if err != nil {
		return nil, err
	}
	msg.SetBodyString(mail.TypeTextPlain, plain)
	msg.AddAlternativeString(mail.TypeTextHTML, html)
	switch {
	case len(l.Ical) == 0:
	case l.Asks:
		method := "REQUEST"
		if l.Cancels {
			method = "CANCEL"
		}
		msg.AddAlternativeString(mail.ContentType("text/calendar; method="+method), string(l.Ical))
	default:
		if err := msg.AttachReader("windows.ics", bytes.NewReader(l.Ical), mail.WithFileContentType("text/calendar; method=PUBLISH; charset=UTF-8")); err != nil {
			return nil, fmt.Errorf("attach appointments: %w", err)
		}
	}
	return msg, nil
}

// subject holds numbers and states only.
func (m *Mail) subject(l Letter) string {
	s := l.Words.Subject
	if l.Words.Drill {
		s = text.Of("【訓練】"+s.JA, "[DRILL] "+s.EN)
	}
	return text.OneLine(text.Of("[関守] "+s.JA, "[Sekimori] "+s.EN).Slashed(l.Lang), 300)
}

// part is a mail's content in one language.
type part struct {
	Lang                  string
	Title, Lead, Next     string
	Facts                 []line
	LinkLabel, Link       string
	Promise, Sender, Call string
}

type line struct{ Label, Value string }

func (m *Mail) parts(l Letter) []part {
	var out []part
	for _, lang := range text.Languages(l.Lang) {
		say := func(ja, en string) string { return text.Of(ja, en).In(lang) }
		p := part{
			Lang: lang, Title: l.Words.Subject.In(lang), Lead: l.Words.Lead.In(lang), Next: l.Words.Next.In(lang), Link: l.Link, LinkLabel: say("画面を開く", "Open the page"),
			Promise: say("このメールのリンクからは何も決まりません。画面ではサインインが要ります。このメールには返信できません。",
				"No link in this mail decides anything; the page asks you to sign in. Do not reply to this mail."),
			Sender: say(m.o.Institution+" 関守", m.o.Institution+" Sekimori"),
		}
		if l.Words.Drill {
			p.Title = say("【訓練】", "[DRILL] ") + p.Title
		}
		if l.Notice.Count > 1 {
			p.Facts = append(p.Facts, line{say("回数", "Times"), fmt.Sprint(l.Notice.Count)})
		}
		if m.o.Contact != "" {
			p.Call = say("困ったとき: "+m.o.Contact, "Questions: "+m.o.Contact)
		}
		for _, f := range l.Words.Facts {
			p.Facts = append(p.Facts, line{f.Label.In(lang), f.Value.In(lang)})
		}
		out = append(out, p)
	}
	return out
}

// bodies gives the mail as text and as HTML. Both say the same.
func (m *Mail) bodies(l Letter) (plain, html string, err error) {
	parts := m.parts(l)
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString("\n" + strings.Repeat("-", 40) + "\n\n")
		}
		fmt.Fprintf(&b, "%s\n\n%s\n", p.Title, p.Lead)
		if len(p.Facts) > 0 {
			b.WriteString("\n")
		}
		for _, f := range p.Facts {
			fmt.Fprintf(&b, "  %s: %s\n", f.Label, f.Value)
		}
		if p.Next != "" {
			fmt.Fprintf(&b, "\n%s\n", p.Next)
		}
		if p.Link != "" {
			fmt.Fprintf(&b, "\n%s:\n%s\n", p.LinkLabel, p.Link)
		}
		fmt.Fprintf(&b, "\n%s\n", p.Promise)
		for _, s := range []string{p.Call, p.Sender} {
			if s != "" {
				b.WriteString(s + "\n")
			}
		}
	}
	var h bytes.Buffer
	if err := htmlMail.Execute(&h, struct {
		Lang  string
		Title string
		Parts []part
	}{parts[0].Lang, parts[0].Title, parts}); err != nil {
		return "", "", fmt.Errorf("write HTML: %w", err)
	}
	return b.String(), h.String(), nil
}

// htmlMail has no style, no picture and nothing that a mail program would fetch.
var htmlMail = htmltemplate.Must(htmltemplate.New("mail").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><title>{{.Title}}</title></head><body>
{{range $i, $p := .Parts}}{{if $i}}<hr>
{{end}}<div lang="{{.Lang}}">
<h1>{{.Title}}</h1>
<p>{{.Lead}}</p>
{{if .Facts}}<table>
{{range .Facts}}<tr><th scope="row" align="left">{{.Label}}</th><td>{{.Value}}</td></tr>
{{end}}</table>
{{end}}{{if .Next}}<p>{{.Next}}</p>
{{end}}{{if .Link}}<p><a href="{{.Link}}">{{.LinkLabel}}</a><br>{{.Link}}</p>
{{end}}<p>{{.Promise}}</p>
<p>{{if .Call}}{{.Call}}<br>{{end}}{{.Sender}}</p>
</div>
{{end}}</body></html>
`))
