package reports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Options are what New needs. DB is required.
type Options struct {
	DB   *store.DB
	Zone *time.Location // of the institution, for texts. Nil: UTC
	Log  hclog.Logger   // nil: none
}

// Cabinet takes reports in and keeps them. It is safe for concurrent use.
type Cabinet struct{ o Options }

// New makes a cabinet on an open store.
func New(o Options) *Cabinet {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return &Cabinet{o: o}
}

// act runs one act of a named person in one transaction.
func (c *Cabinet) act(ctx context.Context, by ledger.Actor, fn func(tx *store.Tx, p policy.Person) error) error {
	return c.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.ActingPerson(by)
		if err != nil {
			return err
		}
		return fn(tx, p)
	})
}

func forbidden(role string) error {
	return &policy.Denied{Reason: policy.Forbidden, Args: map[string]string{"role": role}}
}

func decided(what string) error {
	return &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": what}}
}

func problem(field, code, ja, en string) error {
	return &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: code, JA: ja, EN: en}}}
}

// sayable checks a text from a person: needed or not, printable, not too long.
func sayable(field, text string, needed bool) error {
	switch {
	case forms.Printable(text) != text || len(text) > 4*forms.MaxText:
		return problem(field, "control-character", "表示できない文字があるか、長すぎます。", "contains characters that cannot be shown, or is too long")
	case needed && policy.Blank(text):
		return problem(field, field+"-required", "必ず書いてください。", "must be given")
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

// settle moves a request that is over to where it stands now that something of what it owes is done. Nothing that is
// closed opens again.
func settle(tx *store.Tx, no string, by ledger.Actor) error {
	r, err := tx.Request(no)
	if err != nil {
		return fmt.Errorf("request %s: %w", no, err)
	}
	switch r.State {
	case policy.FollowUpDue, policy.ReportDue:
	case policy.RequestApproved, policy.RequestConditional: // over, and the timer has not come round yet
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
