package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"sekimori/policy/text"
)

// SignatureHeader carries the time of the try and the signature of a call: "t=1700000000,v1=" and the HMAC-SHA256, in hex, of the time,
// a dot and the body, with the shared secret as key. The receiver computes it anew, and refuses calls whose time is long past.
const SignatureHeader = "Sekimori-Signature"

// DeliveryHeader carries the number of the delivery: the same at each try of it.
const DeliveryHeader = "Sekimori-Delivery"

// Webhook calls another program.
type Webhook struct {
	secret []byte
	clock  func() time.Time
	http   *http.Client
}

// NewWebhook makes a sender. It follows no redirects, so that a signed call goes where the configuration says and nowhere else.
func NewWebhook(secret []byte, clock func() time.Time) *Webhook {
	return &Webhook{secret, clock, &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// call is the body. It holds no names of people.
type call struct {
	ID      string    `json:"id"`
	Code    string    `json:"code"`
	At      time.Time `json:"at"`
	Drill   bool      `json:"drill,omitempty"`
	Subject bothWords `json:"subject"`
	Lead    bothWords `json:"lead"`
	Facts   []callRow `json:"facts,omitempty"`
	Link    string    `json:"link,omitempty"`
}

type bothWords struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

type callRow struct {
	Label bothWords `json:"label"`
	Value bothWords `json:"value"`
}

// Send makes one call. Every answer but 2xx is a failure that a later try may mend.
func (w *Webhook) Send(ctx context.Context, l Letter) error {
	say := func(t text.Text) bothWords { return bothWords{t.JA, t.EN} }
	c := call{ID: l.ID, Code: l.Notice.Code, At: l.At, Drill: l.Words.Drill, Subject: say(l.Words.Subject), Lead: say(l.Words.Lead), Link: l.Link}
	for _, f := range l.Words.Facts {
		c.Facts = append(c.Facts, callRow{say(f.Label), say(f.Value)})
	}
	body, err := json.Marshal(c)
	if err != nil {
		return &Failure{Err: fmt.Errorf("write call: %w", err), Permanent: true}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.To, bytes.NewReader(body))
	if err != nil {
		return &Failure{Err: fmt.Errorf("make call: %w", err), Permanent: true}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Sekimori")
	r.Header.Set(DeliveryHeader, l.ID)
	r.Header.Set(SignatureHeader, Sign(w.secret, w.clock(), body))
	answer, err := w.http.Do(r)
	if err != nil {
		return &Failure{Err: fmt.Errorf("call: %w", err), Down: true}
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again; what is longer is cut
	if answer.StatusCode/100 != 2 {
		return &Failure{Err: fmt.Errorf("the program answered %s", answer.Status), Down: answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests}
	}
	return nil
}

// Sign gives the value of SignatureHeader.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
