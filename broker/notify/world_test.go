package notify_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"encoding/base64"

	"github.com/emersion/go-smtp"

	"sekimori/broker/agenda"
	"sekimori/broker/freeze"
	"sekimori/broker/internal/townhall"
	"sekimori/broker/notify"
	"sekimori/broker/request"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/broker/testrun"
)

// received is a mail as the server took it.
type received struct {
	from, to string
	header   netmail.Header
	parts    map[string]string // content by media type
	raw      string
}

func (r received) subject(t *testing.T) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(r.header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// server is a real SMTP server on loopback that keeps what it takes.
type server struct {
	t    *testing.T
	addr string

	mu     sync.Mutex
	mails  []received
	refuse map[string]error // by recipient
	smtp   *smtp.Server
	accept net.Listener
}

func listen(t *testing.T, addr string, tlsConfig *tls.Config) *server {
	t.Helper()
	s := &server{t: t, refuse: map[string]error{}}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr, s.accept = l.Addr().String(), l
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{s: s}, nil }))
	s.smtp.Domain, s.smtp.TLSConfig = "localhost", tlsConfig
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.smtp.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { s.stop(); <-done })
	return s
}

// stop closes the listener too: the server does not know it yet if it was stopped at once.
func (s *server) stop() { _, _ = s.smtp.Close(), s.accept.Close() }

func (s *server) port(t *testing.T) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	return a.Port
}

// took gives what came since the last call.
func (s *server) took() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.mails
	s.mails = nil
	return all
}

type session struct {
	s        *server
	from, to string
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error { x.from = from; return nil }

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.to = to
	return x.s.refuse[to]
}

func (x *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	got := received{from: x.from, to: x.to, header: m.Header, parts: map[string]string{}, raw: string(raw)}
	if err := collect(got.parts, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body); err != nil {
		return err
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.mails = append(x.s.mails, got)
	return nil
}

func (x *session) Reset()        {}
func (x *session) Logout() error { return nil }

// collect reads the parts of a mail.
func collect(into map[string]string, mediaType, encoding string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := collect(into, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	switch encoding {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if m := params["method"]; m != "" {
		kind += ";" + m
	}
	into[kind] = string(text)
	return err
}

// world is a hall whose people have mail addresses, and a service that tells them.
type world struct {
	*townhall.Hall
	t      *testing.T
	mail   *server
	s      *notify.Service
	desk   *requests.Desk
	freeze *freeze.Freezer
}

// addressed is the hall's registry with mail addresses: ito reads English, kimura and sato have no language.
func addressed(t *testing.T) string {
	text := townhall.Registry(t)
	for _, login := range []string{"admin", "deputy", "head", "kato", "ito", "mori"} {
		lang := "ja"
		if login == "ito" {
			lang = "en"
		}
		text = strings.Replace(text, "{login: "+login+",", "{login: "+login+", email: "+login+"@city.example.jp, lang: "+lang+",", 1)
	}
	text = strings.Replace(text, "    login: sato\n", "    login: sato\n    email: sato@reiji.example.jp\n", 1)
	text = strings.Replace(text, "    login: reiji\n", "    login: reiji\n    email: desk@reiji.example.jp\n", 1)
	return strings.Replace(text, "{id: personnel, name: 人事課,", "{id: personnel, name: 人事課, email: personnel@city.example.jp,", 1)
}

func found(t *testing.T, change ...func(*notify.Options)) *world {
	t.Helper()
	h := townhall.Open(t)
	h.Apply(t, addressed(t), "admin")
	w := &world{Hall: h, t: t, mail: listen(t, testrun.FreeAddress(t), nil), desk: requests.New(requests.Options{DB: h.DB, Acts: h.Runner(), Zone: townhall.Zone}), freeze: freeze.New(freeze.Options{DB: h.DB, Acts: h.Runner()})}
	w.serve(change...)
	w.all() // what the founding told
	w.mail.took()
	return w
}

// serve makes the service anew, as a restart does.
func (w *world) serve(change ...func(*notify.Options)) {
	w.t.Helper()
	sender, err := notify.NewMail(notify.MailOptions{Host: "127.0.0.1", Port: w.mail.port(w.t), Security: notify.Plain, From: "関守 <sekimori@city.example.jp>", Institution: "例示市", Contact: "0000-00-0000", Timeout: time.Minute})
	if err != nil {
		w.t.Fatal(err)
	}
	book := agenda.New(agenda.Options{DB: w.DB, Zone: townhall.Zone, Domain: "townhall.example"})
	o := notify.Options{
		DB: w.DB, Senders: map[store.Channel]notify.Sender{store.ChannelMail: sender}, CentralMail: "central@city.example.jp", StaffPages: "https://gate.example.jp:8443",
		PortalPages: "https://portal.example.jp", Institution: "例示市", Contact: "0000-00-0000", Zone: townhall.Zone, Events: book.EventsOf, From: sender.From(), Domain: "townhall.example",
	}
	for _, f := range change {
		f(&o)
	}
	w.s = notify.New(o)
}

// all does what the chores do, once.
func (w *world) all() {
	w.t.Helper()
	if err := errors.Join(w.s.Clock(w.t.Context()), w.s.Address(w.t.Context())); err != nil {
		w.t.Fatal(err)
	}
	w.deliver()
}

func (w *world) deliver() {
	w.t.Helper()
	if err := errors.Join(w.s.Deliver(w.t.Context(), store.ChannelMail), w.s.Deliver(w.t.Context(), store.ChannelWebhook)); err != nil {
		w.t.Fatal(err)
	}
}

// told does the chores and gives who got a mail, sorted.
func (w *world) told() []string {
	w.t.Helper()
	w.all()
	return to(w.mail.took())
}

func to(mails []received) []string {
	var out []string
	for _, m := range mails {
		name, _, _ := strings.Cut(m.to, "@")
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// listed gives the codes in a person's list, the newest first.
func (w *world) listed(person string) []string {
	w.t.Helper()
	var codes []string
	err := w.DB.Read(w.t.Context(), func(s *store.Snap) error {
		page, err := s.Notices(person, store.Page{})
		for _, n := range page.Rows {
			codes = append(codes, n.Code)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return codes
}

func (w *world) words(person string) (out []notify.Words) {
	w.t.Helper()
	err := w.DB.Read(w.t.Context(), func(s *store.Snap) error {
		page, err := s.Notices(person, store.Page{})
		for _, n := range page.Rows {
			var one notify.Words
			if err := json.Unmarshal(n.Words, &one); err != nil {
				return err
			}
			out = append(out, one)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

var start = townhall.Start.Add(24 * time.Hour)

func form(system string) request.Form {
	accounts := map[string]string{"hr": "hr-db/hrmnt01", "map": "map-web/web"}
	return request.Form{System: system, Start: start, End: start.Add(time.Hour), Body: request.Body{
		Accounts: []string{accounts[system]}, Engineers: []string{"sato"}, Purpose: "端数の調査", WorkType: "survey", ResponsibleParty: "reiji", Phone: "0000-11-1111", Attendant: "ito",
	}}
}

// approved files a request on the simple system and approves it.
func (w *world) approved() (no string) {
	w.t.Helper()
	no, err := w.desk.Submit(w.t.Context(), form("map"), townhall.Caller("kato"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.desk.Approve(w.t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head")); err != nil {
		w.t.Fatal(err)
	}
	return no
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

type notifyOptions = notify.Options

func refused() error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
}
