package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Confirmed lists the further effects of a confirmation.
type Confirmed struct {
	// Suspended are the ids of the people whose credentials were suspended: the change guards them, and the issuer alone
	// answers for their enrolment. They need a new enrolment code.
	Suspended []string
	// Enrolled is the id of the person whose new enrolment was confirmed; empty otherwise. Their credentials work again once they use the code.
	Enrolled string
}

// Confirm puts a pending change into force. It needs a second person of the information-systems section, whom the caller
// authenticated afresh. Errors: *policy.Denied (forbidden, self-approval, already-decided; stale-page when the stored object
// changed since the proposal); *forms.Invalid when the proposer no longer has the role.
func (r *Registry) Confirm(ctx context.Context, no string, by ledger.Actor) (Confirmed, error) {
	var done Confirmed
	err := r.o.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := r.settle(tx, no, store.ChangeConfirmed, by, true)
		if err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "registry.confirmed", Actor: by, Subjects: append([]string{changeName(c.No)}, subjectsOf(c)...),
			Payload: map[string]any{"change": changeName(c.No), "proposed_by": c.By}})
		if err != nil {
			return fmt.Errorf("ledger confirmation: %w", err)
		}
		switch c.Kind {
		case changeObjects:
			done.Suspended, err = r.confirmObjects(tx, c, by)
			return err
		case ChangeEnrolment:
			done.Enrolled, err = r.confirmEnrolment(tx, c)
			return err
		case changeKeys:
			return confirmKeys(tx, c)
		}
		return fmt.Errorf("change %s has unknown kind %q", changeName(c.No), c.Kind)
	})
	if errors.Is(err, store.ErrExists) {
		// Another person took the key or the login after the change was proposed.
		err = &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": no}}
	}
	if err != nil {
		return Confirmed{}, err
	}
	return done, nil
}

// Discard drops a pending change. The proposer may, and everyone of the information-systems section.
func (r *Registry) Discard(ctx context.Context, no, reason string, by ledger.Actor) error {
	reason, err := cleanText("reason", reason, longestReason)
	if err != nil {
		return err
	}
	return r.o.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := r.settle(tx, no, store.ChangeDropped, by, false)
		if err != nil {
			return err
		}
		_, err = tx.Append(ledger.Draft{Kind: "registry.dropped", Actor: by, Subjects: append([]string{changeName(c.No)}, subjectsOf(c)...),
			Payload: map[string]any{"change": changeName(c.No), "proposed_by": c.By, "reason": reason}})
		if err != nil {
			return fmt.Errorf("ledger the drop: %w", err)
		}
		return nil
	})
}

// settle checks the actor's right and marks the change. second: the actor must be another person than the proposer.
func (r *Registry) settle(tx *store.Tx, name string, to store.ChangeState, by ledger.Actor, second bool) (store.PendingChange, error) {
	no, err := changeNumber(name)
	if err != nil {
		return store.PendingChange{}, err
	}
	c, err := tx.PendingChange(no)
	if err != nil {
		return c, fmt.Errorf("change %s: %w", name, err)
	}
	switch own := c.By == by.ID; {
	case own && second:
		return c, &policy.Denied{Reason: policy.SelfApproval, Args: map[string]string{"request": changeName(no)}}
	case !own:
		if _, err := staffWith(tx.Snap, by, policy.InformationSystems); err != nil {
			return c, err
		}
	default:
		if _, err := tx.ActingPerson(by); err != nil {
			return c, err
		}
	}
	if c.State != store.ChangePending {
		return c, &policy.Denied{Reason: policy.AlreadyDecided, Args: map[string]string{"request": changeName(no)}}
	}
	if second {
		if err := proposerMay(tx.Snap, c); err != nil {
			return c, err
		}
	}
	if err := tx.SettleChange(no, to, by.ID); err != nil {
		return c, fmt.Errorf("settle %s: %w", name, err)
	}
	return c, nil
}

// proposerMay checks that the proposer still has the right: two people answer for a change. Such a change can still be discarded.
// Error: *forms.Invalid proposer-may-not.
func proposerMay(s *store.Snap, c store.PendingChange) error {
	by, err := ledger.Actor{Kind: "person", ID: c.By}, error(nil)
	switch c.Kind {
	case changeObjects:
		doc := &Document{}
		if vendorPeopleOnly(c.Body) {
			doc.may = policy.MayProposeVendorPerson
		}
		err = doc.mayApply(s, by)
	case ChangeEnrolment:
		err = mayIssue(s, by)
	case changeKeys:
		for _, person := range subjectsOf(c) {
			err = errors.Join(err, mayKeepCredentials(s, person, by))
		}
	}
	var denied *policy.Denied
	if !errors.As(err, &denied) {
		return err
	}
	no := changeName(c.No)
	return &forms.Invalid{Problems: []forms.Problem{{Field: "change", Code: "proposer-may-not",
		JA: fmt.Sprintf("提案した %s は利用停止中か、いまは提案する権限がありません。%s を取り下げ(sekimori apply drop %s)、必要なら権限のある人がもう一度提案してください。", c.By, no, no),
		EN: fmt.Sprintf("%s, who proposed it, is locked or may not propose it any more: drop it (sekimori apply drop %s) and, where it is needed, let somebody who may propose it anew", c.By, no)}}}
}

func (r *Registry) confirmObjects(tx *store.Tx, c store.PendingChange, by ledger.Actor) (suspended []string, err error) {
	var list []proposal
	if err := json.Unmarshal(c.Body, &list); err != nil {
		return nil, fmt.Errorf("read change %s: %w", changeName(c.No), err)
	}
	if err := announcedLongEnough(tx, c, list); err != nil {
		return nil, err
	}
	st, err := readState(tx.Snap)
	if err != nil {
		return nil, err
	}
	var wanted []object
	for _, p := range list {
		have, exists := st.objects[place(p.Kind, p.id())]
		if exists != (p.Base != "") || exists && have.base() != p.Base {
			return nil, &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": changeName(c.No)}}
		}
		for _, needed := range p.refers() {
			if _, ok := st.objects[needed]; !ok {
				return nil, &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": changeName(c.No)}}
			}
		}
		st.objects[place(p.Kind, p.id())] = p.object
		wanted = append(wanted, p.object)
	}
	of := st.primes()
	for _, o := range wanted { // a change since the proposal may have made a chain of it
		if o.Kind != kindVendor {
			continue
		}
		if _, _, _, found := of.chain(o.id()); found {
			return nil, &policy.Denied{Reason: policy.StalePage, Args: map[string]string{"request": changeName(c.No)}}
		}
	}
	before, err := readState(tx.Snap)
	if err != nil {
		return nil, err
	}
	if suspended, err = mustEnrolAnew(tx.Snap, wanted, before); err != nil {
		return nil, err
	}
	changes, _, _ := diff(wanted, before)
	changes = r.inDays(changes)
	for _, o := range wanted {
		if err := write(tx, o, c.By); err != nil {
			return nil, err
		}
		if err := r.applied(tx, by, o, changes, changeName(c.No)); err != nil {
			return nil, err
		}
	}
	for _, person := range suspended {
		if err := endEnrolment(tx, person, changeName(c.No)); err != nil {
			return nil, err
		}
	}
	return suspended, nil
}
