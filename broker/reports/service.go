package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/act"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are the arguments of New. DB and Acts are required.
type Options struct {
	DB   *store.DB
	Acts *act.Runner
	Zone *time.Location // of the institution, for texts. Nil: UTC
	Log  hclog.Logger   // nil: none
}

// Service receives reports and keeps them. It is safe for concurrent use.
type Service struct{ o Options }

// New makes a service on an open store.
func New(o Options) *Service {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Service{o: o}
}

// sayable checks a person's text: whether it is needed, printable, and not too long.
func sayable(field, text string, needed bool) error {
	switch {
	case forms.Printable(text) != text || len(text) > 4*forms.MaxText:
		return forms.Wrong(field, "control-character", "表示できない文字があるか、長すぎます。", "contains characters that cannot be shown, or is too long")
	case needed && policy.Blank(text):
		return forms.Wrong(field, field+"-required", "必ず書いてください。", "must be given")
	}
	return nil
}

// seal gives the stored form of a content and the SHA-256 of exactly those bytes.
func seal(content any) (body, sum string, err error) {
	text, err := json.Marshal(content)
	if err != nil {
		return "", "", fmt.Errorf("encode: %w", err)
	}
	digest := sha256.Sum256(text)
	return string(text), hex.EncodeToString(digest[:]), nil
}

// settle moves a request whose windows are over to its next state after one of its duties is done. A closed request never opens again.
func settle(tx *store.Tx, no string, by ledger.Actor) error {
	r, err := tx.Request(no)
	if err != nil {
		return fmt.Errorf("request %s: %w", no, err)
	}
	switch r.State {
	case policy.FollowUpDue, policy.ReportDue:
	case policy.RequestApproved, policy.RequestConditional: // over, and the timer has not run yet
		over, err := tx.OverRequests(r.State)
		if err != nil {
			return fmt.Errorf("read requests that are over: %w", err)
		}
		if !slices.ContainsFunc(over, func(o store.Request) bool { return o.No == no }) {
			return nil
		}
	default:
		return nil
	}
	o, err := tx.Outstanding(no)
	if err != nil {
		return fmt.Errorf("what request %s owes: %w", no, err)
	}
	if o.State() == r.State {
		return nil
	}
	return move(tx, r, o, by)
}

func move(tx *store.Tx, r store.Request, o store.Outstanding, by ledger.Actor) error {
	before := r.State
	r.State = o.State()
	if err := tx.UpdateRequest(r); err != nil {
		return fmt.Errorf("store request %s: %w", r.No, err)
	}
	_, err := tx.Append(ledger.Draft{
		Kind: "request." + string(r.State), Actor: by, Subjects: []string{r.No, r.System, r.Vendor},
		Payload: map[string]any{"request": r.No, "before": before, "state": r.State, "sessions": o.Sessions, "unreported": o.Unreported,
			"unaccepted": o.Unaccepted, "unattested": o.Unattested, "unused": len(o.Sessions) == 0},
	})
	if err != nil {
		return fmt.Errorf("ledger request.%s: %w", r.State, err)
	}
	return nil
}
