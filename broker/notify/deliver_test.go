package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"sekimori/broker/internal/townhall"
	"sekimori/broker/notify"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The mail server is down for a day, while the broker works on and restarts. Afterwards every mail arrives, once and in order, and none
// was given up.
func TestTheMailServerIsDownForADay(t *testing.T) {
	w := found(t)
	addr := w.mail.addr
	w.mail.stop()
	var numbers []string
	for range 3 {
		no, err := w.desk.Submit(t.Context(), form("hr"), townhall.Caller("kato"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.desk.Withdraw(t.Context(), no, "やり直し", townhall.Caller("kato")); err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, no)
		w.all()
	}
	tries := 0
	for hour := range 23 {
		if hour == 12 {
			w.serve() // a restart: nothing that matters was in memory
		}
		for range 60 {
			w.Pass(time.Minute)
			w.all()
		}
	}
	err := w.DB.Read(t.Context(), func(s *store.Snap) error {
		page, err := s.Undelivered(store.Page{})
		for _, d := range page.Rows {
			tries += d.Tries
			if d.State == store.DeliveryDead {
				t.Errorf("given up after a day: %+v", d)
			}
		}
		if page.Total == 0 || len(page.Rows) > 0 && page.Rows[len(page.Rows)-1].Error == "" {
			t.Errorf("the failure is not shown: %+v", page)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if tries > 200 { // once in ten minutes, and a little at the beginning
		t.Errorf("the dead server was tried %d times in a day", tries)
	}
	w.mail = listen(t, addr, nil)
	w.Pass(10 * time.Minute)
	w.all()
	mails := w.mail.took()
	var heads []string
	seen := map[string]bool{}
	for _, m := range mails {
		if id := m.header.Get("Message-ID"); seen[id] {
			t.Errorf("%s came twice", id)
		} else {
			seen[id] = true
		}
		if strings.HasPrefix(m.to, "head@") && strings.Contains(m.subject(t), "課長承認待ち") {
			heads = append(heads, m.subject(t))
		}
	}
	if len(heads) != 3 {
		t.Fatalf("the head got %v", heads)
	}
	for i, no := range numbers {
		if !strings.Contains(heads[i], strings.TrimPrefix(no, "R8-0")) && !strings.Contains(heads[i], "第"+strings.TrimLeft(strings.TrimPrefix(no, "R8-"), "0")+"号") {
			t.Errorf("out of order: %v for %v", heads, numbers)
		}
	}
	equal(t, "nothing is left", w.told())
}

// A delivery that fails for longer than the limit is given up: it is shown, it has an entry, and the desks are alarmed.
func TestAMailIsGivenUpAfterItsTime(t *testing.T) {
	w := found(t)
	w.serve(func(o *notifyOptions) { o.GiveUp = 2 * time.Hour })
	w.mail.refuse["head@city.example.jp"] = &smtp.SMTPError{Code: 450, Message: "mailbox busy"}
	if _, err := w.desk.Submit(t.Context(), form("hr"), townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	for range 120 {
		w.all()
		w.Pass(time.Minute)
	}
	dead := func() (n int) {
		err := w.DB.Read(t.Context(), func(s *store.Snap) error {
			page, err := s.Undelivered(store.Page{})
			for _, d := range page.Rows {
				if d.State == store.DeliveryDead {
					n++
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := dead(); n != 0 {
		t.Errorf("%d given up before the time", n)
	}
	for range 61 {
		w.Pass(time.Minute)
		w.all()
	}
	if n := dead(); n != 1 {
		t.Errorf("%d given up", n)
	}
	found := map[string]int{}
	for _, k := range w.Kinds(t, "") {
		found[k]++
	}
	if found["notice.undelivered"] != 1 || found["alarm.raised"] != 1 {
		t.Errorf("entries: %v", found)
	}
	equal(t, "the central desk knows", to(w.mail.took()), "central")
}

// After a crash between the server's yes and our note of it, the mail goes out again under the same id: never lost, and to be told from
// a second notice.
func TestACrashAfterTheServersYes(t *testing.T) {
	w := found(t)
	if _, err := w.desk.Submit(t.Context(), form("hr"), townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	ctx, crash := context.WithCancel(t.Context())
	w.serve(func(o *notifyOptions) {
		inner := o.Senders[store.ChannelMail]
		o.Senders[store.ChannelMail] = senderFunc(func(ctx context.Context, l notify.Letter) error {
			err := inner.Send(ctx, l)
			crash()
			return err
		})
	})
	if err := w.s.Address(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Deliver(ctx, store.ChannelMail); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.serve()
	w.all()
	mails := w.mail.took()
	if len(mails) != 2 || mails[0].header.Get("Message-ID") != mails[1].header.Get("Message-ID") {
		t.Errorf("%d mails", len(mails))
	}
}

type senderFunc func(context.Context, notify.Letter) error

func (f senderFunc) Send(ctx context.Context, l notify.Letter) error { return f(ctx, l) }

// A server without STARTTLS gets nothing where the connection must be protected, and a server with another's certificate neither.
func TestAttackAMailServerWithoutProtection(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(web.Certificate())
	secured := &tls.Config{Certificates: web.TLS.Certificates}
	letter := notify.Letter{ID: "1@x", To: "head@city.example.jp", Lang: "ja"}
	for name, tc := range map[string]struct {
		server *tls.Config
		client *tls.Config
		ok     bool
	}{
		"no STARTTLS":         {nil, &tls.Config{RootCAs: trusted, ServerName: "example.com"}, false},
		"a stranger's":        {secured, &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}, false},
		"a trusted authority": {secured, &tls.Config{RootCAs: trusted, ServerName: "example.com"}, true},
	} {
		s := listen(t, "127.0.0.1:0", tc.server)
		m, err := notify.NewMail(notify.MailOptions{Host: "127.0.0.1", Port: s.port(t), Security: notify.StartTLS, From: "a@city.example.jp", TLS: tc.client, Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		err = m.Send(t.Context(), letter)
		if (err == nil) != tc.ok || len(s.took()) != map[bool]int{true: 1}[tc.ok] {
			t.Errorf("%s: %v", name, err)
		}
		var f *notify.Failure
		if err != nil && (!errors.As(err, &f) || !f.Down) {
			t.Errorf("%s: not taken as a server that takes nothing: %v", name, err)
		}
	}
}

// Text of strangers reaches neither the headers nor the markup of a mail.
func TestAttackMarkupAndHeadersInAReason(t *testing.T) {
	w := found(t)
	no := w.approved()
	w.told()
	reason := "<script>alert(1)</script>\r\nBcc: thief@example.net\r\n\r\n\u202eevil\x1b[31m"
	if err := w.desk.Revoke(t.Context(), no, strings.ReplaceAll(reason, "\x1b", ""), townhall.Caller("head")); err != nil {
		t.Log(err) // the act may refuse some of it; what it keeps is what is tested
		if err := w.desk.Revoke(t.Context(), no, "<script>alert(1)</script> Bcc: thief@example.net", townhall.Caller("head")); err != nil {
			t.Fatal(err)
		}
	}
	w.all()
	mails := w.mail.took()
	if len(mails) == 0 {
		t.Fatal("no mail")
	}
	for _, m := range mails {
		if m.header.Get("Bcc") != "" || strings.Contains(m.parts["text/html"], "<script") || !strings.Contains(m.parts["text/html"], "&lt;script&gt;") || strings.Contains(m.parts["text/plain"], "\u202e") {
			t.Errorf("%v\n%s", m.header, m.parts["text/html"])
		}
	}
}

// receiver is the other program of calls.
type receiver struct {
	mu     sync.Mutex
	bodies []string
	answer int
	secret []byte
	t      *testing.T
	now    func() time.Time
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	var at int64
	var mac string
	if _, err := fmt.Sscanf(q.Header.Get(notify.SignatureHeader), "t=%d,v1=%s", &at, &mac); err != nil {
		r.t.Errorf("signature %q: %v", q.Header.Get(notify.SignatureHeader), err)
	}
	want := hmac.New(sha256.New, r.secret)
	fmt.Fprintf(want, "%d.%s", at, body)
	if hex.EncodeToString(want.Sum(nil)) != mac || time.Unix(at, 0).Sub(r.now()).Abs() > time.Second {
		r.t.Errorf("the signature does not hold")
	}
	if r.answer == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	if r.answer/100 == 2 {
		r.bodies = append(r.bodies, string(body))
	}
	if q.URL.Path == "/elsewhere" {
		r.t.Error("the call followed a redirect")
	}
	w.WriteHeader(r.answer)
}

// A call is signed, tried again until the program takes it, and follows no redirect. Each event is one call, whoever is told.
func TestCallsAreSignedAndTriedAgain(t *testing.T) {
	r := &receiver{answer: http.StatusFound, secret: []byte(strings.Repeat("s", 32)), t: t}
	program := httptest.NewServer(r)
	defer program.Close()
	w := found(t)
	r.now = w.Now
	w.serve(func(o *notifyOptions) {
		o.Senders[store.ChannelWebhook] = notify.NewWebhook(r.secret, w.Now)
		o.Webhook = program.URL + "/hook"
	})
	no := w.approved()
	for _, answer := range []int{http.StatusFound, http.StatusInternalServerError, http.StatusOK} {
		r.mu.Lock()
		r.answer = answer
		r.mu.Unlock()
		w.all()
		w.Pass(10 * time.Minute)
	}
	w.all()
	r.mu.Lock()
	defer r.mu.Unlock()
	var codes []string
	for _, b := range r.bodies {
		var got struct {
			Code    string
			Subject map[string]string
			Link    string
		}
		if err := json.Unmarshal([]byte(b), &got); err != nil {
			t.Fatal(err)
		}
		codes = append(codes, got.Code)
		if got.Subject["ja"] == "" || got.Subject["en"] == "" || got.Link != "https://gate.example.jp:8443/requests/"+no {
			t.Errorf("%s", b)
		}
		for _, name := range []string{"保守要員A", "立会者", "kato@", "担当"} {
			if strings.Contains(b, `"`+name) {
				t.Errorf("a person's name is in a call: %s", b)
			}
		}
	}
	slices.Sort(codes)
	equal(t, "calls", codes, "request.pending-first", "request.approved")
}

// A thing whose surroundings cannot be read is not lost: after some tries the information-systems section is told to look it up.
func TestNothingUnreadableIsLost(t *testing.T) {
	w := found(t)
	if _, err := w.desk.Submit(t.Context(), form("hr"), townhall.Caller("kato")); err != nil {
		t.Fatal(err)
	}
	var rows []store.Outgoing
	err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) {
		rows, err = s.Outbox(10)
		return err
	})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if err := notify.Unreadable(t.Context(), w.s, rows[0]); err != nil {
		t.Fatal(err)
	}
	equal(t, "told", w.told(), "admin", "deputy", "mori")
	if got := w.words(w.id("admin"))[0]; !strings.Contains(got.Lead.JA, fmt.Sprint(rows[0].Entry)) || got.Page != fmt.Sprintf("/ledger/%d", rows[0].Entry) {
		t.Errorf("%+v", got)
	}
}

// The things that wait in the outbox share a transaction. A failed one keeps no other back.
func TestThingsOfTheOutboxShareATransaction(t *testing.T) {
	w := found(t)
	next := form("hr")
	submit := func() {
		t.Helper()
		if _, err := w.desk.Submit(t.Context(), next, townhall.Caller("kato")); err != nil {
			t.Fatal(err)
		}
		next.Start, next.End = next.End, next.End.Add(time.Hour)
	}
	for range 5 {
		submit()
	}
	before := w.DB.Begun()
	if err := w.s.Address(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.DB.Begun() - before; n != 2 { // one reads the outbox
		t.Errorf("%d transactions for five things", n)
	}
	w.deliver()
	equal(t, "five requests", to(w.mail.took()), "head", "head", "head", "head", "head")

	for range 3 {
		submit()
	}
	var waiting []store.Outgoing
	outbox := func(s *store.Snap) (err error) { waiting, err = s.Outbox(10); return err }
	if err := w.DB.Read(t.Context(), outbox); err != nil || len(waiting) != 3 {
		t.Fatalf("%v, %v", waiting, err)
	}
	waiting[1].Entry = 1 << 40 // there is none
	fails := waiting[1].ID
	if err := notify.AddressAll(t.Context(), w.s, waiting); err == nil || !strings.Contains(err.Error(), "find whom to tell") {
		t.Errorf("the thing that fails: %v", err)
	}
	if err := w.DB.Read(t.Context(), outbox); err != nil || len(waiting) != 1 || waiting[0].ID != fails || waiting[0].Tries != 1 {
		t.Errorf("left are %+v, %v", waiting, err)
	}
	w.deliver()
	equal(t, "the others", to(w.mail.took()), "head", "head")
}

// A window that is gone by the time tells no one, and stops nothing.
func TestAWindowThatIsGone(t *testing.T) {
	w := found(t)
	if err := w.DB.Keep(t.Context(), store.KeepNotices, func(k *store.KeepTx) error { return k.ClockMade(notify.WindowUnattended, "R8-9999-1") }); err != nil {
		t.Fatal(err)
	}
	equal(t, "told", w.told())
}

// The test of the ways tells what each did, and is in the ledger; only those who run the broker may.
func TestTheTestOfTheWays(t *testing.T) {
	w := found(t)
	out, err := w.s.Test(t.Context(), townhall.By("admin"))
	if err != nil || len(out) != 1 || !out[0].OK || out[0].To != "admin@city.example.jp" {
		t.Fatalf("%+v, %v", out, err)
	}
	mails := w.mail.took()
	if len(mails) != 1 || mails[0].subject(t) != "[関守] 通知の試験" || !strings.Contains(mails[0].parts["text/plain"], "これは試験です") {
		t.Errorf("%+v", mails)
	}
	w.mail.refuse["admin@city.example.jp"] = refused()
	if out, err = w.s.Test(t.Context(), townhall.By("admin")); err != nil || out[0].OK || !strings.Contains(out[0].Error, "no such mailbox") {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := w.s.Test(t.Context(), townhall.By("kato")); townhall.Reason(err) != string(policy.Forbidden) {
		t.Errorf("the requester: %v", err)
	}
	if got := w.Kinds(t, w.id("admin")); len(got) < 2 || got[len(got)-1] != "notice.tested" {
		t.Errorf("the ledger tells %v", got)
	}
}

// A notice that a person has seen leaves the count; another person's notice cannot be touched.
func TestSeen(t *testing.T) {
	w := found(t)
	no, err := w.desk.Submit(t.Context(), form("map"), townhall.Caller("kato"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Approve(t.Context(), no, requests.Approval{Because: townhall.Because()}, townhall.Caller("head")); err != nil {
		t.Fatal(err)
	}
	w.all()
	unseen := func(login string) (n int) {
		err := w.DB.Read(t.Context(), func(s *store.Snap) (err error) {
			n, err = s.UnseenNotices(w.id(login))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if unseen("ito") != 1 || unseen("kato") != 1 {
		t.Fatalf("unseen: ito %d, kato %d", unseen("ito"), unseen("kato"))
	}
	if err := w.s.SeeAll(t.Context(), w.id("ito"), 0); err != nil {
		t.Fatal(err)
	}
	if unseen("ito") != 0 || unseen("kato") != 1 {
		t.Errorf("unseen: ito %d, kato %d", unseen("ito"), unseen("kato"))
	}
}
