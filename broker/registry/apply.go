package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/ledger"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Apply makes the registry agree with the document, and returns the plan of changes. It needs an
// administrator. Applying the same document again changes nothing. An object that the document leaves
// out stays, and the plan names it. Guarded changes wait under Plan.Pending for Confirm.
//
// The first document on an empty registry needs no confirmation, and the ledger says so. by.ID then names, by id or login,
// an administrator in the document, and by.Kind stays empty, because no person has proved to be that person. The
// same call therefore does nothing once another caller has founded the registry.
//
// With dryRun nothing is written. Errors: *forms.Invalid, *policy.Denied.
func (r *Registry) Apply(ctx context.Context, doc *Document, by ledger.Actor, dryRun bool) (Plan, error) {
	var plan Plan
	if dryRun {
		err := r.o.DB.Read(ctx, func(s *store.Snap) (err error) {
			plan, _, _, _, err = r.plan(s, doc, by)
			return err
		})
		plan.DryRun = true
		return plan, err
	}
	err := r.o.DB.Write(ctx, func(tx *store.Tx) error {
		p, by, now, waits, err := r.plan(tx.Snap, doc, by)
		if err != nil {
			return err
		}
		plan = p
		if plan.Founding {
			return r.found(tx, &plan, by, append(now, waits...))
		}
		for _, o := range now {
			if err := write(tx, o.object, by.ID); err != nil {
				return err
			}
			if err := r.applied(tx, by, o.object, plan.Changes, ""); err != nil {
				return err
			}
		}
		plan.Pending, err = r.propose(tx, by, waits)
		return err
	})
	if err != nil {
		return Plan{}, err
	}
	return plan, nil
}

// plan checks the document and compares it with what is stored. The actor comes back by id.
func (r *Registry) plan(s *store.Snap, doc *Document, by ledger.Actor) (Plan, ledger.Actor, []proposal, []proposal, error) {
	var plan Plan
	fail := func(err error) (Plan, ledger.Actor, []proposal, []proposal, error) { return Plan{}, by, nil, nil, err }
	empty, err := isEmpty(s)
	if err != nil {
		return fail(err)
	}
	if !empty {
		if err := doc.mayApply(s, by); err != nil {
			return fail(err)
		}
	}
	st, err := readState(s)
	if err != nil {
		return fail(err)
	}
	if err := doc.check(r, st); err != nil {
		return fail(err)
	}
	if empty {
		i := slices.IndexFunc(doc.People, func(p PersonEntry) bool {
			return (p.ID == by.ID || p.Login == by.ID) && p.Has(policy.Administrator)
		})
		if i < 0 {
			return fail(&forms.Invalid{Name: doc.Name, Problems: []forms.Problem{{Field: "staff", Code: "founder-unknown", Line: 1, Column: 1,
				JA: "最初の適用は、このファイルに書かれた管理者の名前で行ってください: " + by.ID,
				EN: fmt.Sprintf("the first file is applied in the name of an administrator whom it names; %q is none", by.ID)}}})
		}
		by.Kind, by.ID = "person", doc.People[i].ID
		plan.Founding = true
	}
	changes, now, waits := diff(doc.objects(r, st), st)
	if empty {
		for i := range changes {
			changes[i].Pending = false
		}
	}
	if doc.waits {
		for i := range changes {
			changes[i].Pending = changes[i].Action == Create
		}
		now, waits = nil, append(now, waits...)
	}
	plan.Changes = r.inDays(changes)
	plan.Warnings = r.withoutDirectory(doc.People)
	return plan, by, now, waits, nil
}

// found writes the first document whole and gives the founding administrator a code.
func (r *Registry) found(tx *store.Tx, plan *Plan, by ledger.Actor, all []proposal) error {
	sortByPlan(all, plan.Changes)
	_, err := tx.Append(ledger.Draft{Kind: "registry.founded", Actor: by, Subjects: []string{by.ID}, Payload: map[string]any{
		"objects": len(all), "exempt": "first apply on an empty registry: not confirmed by a second person",
	}})
	if err != nil {
		return fmt.Errorf("ledger the founding: %w", err)
	}
	for _, o := range all {
		if err := write(tx, o.object, by.ID); err != nil {
			return err
		}
		if err := r.applied(tx, by, o.object, plan.Changes, ""); err != nil {
			return err
		}
	}
	founder, err := find(tx.Snap, by.ID)
	if err != nil {
		return err
	}
	code, err := r.issue(tx, founder, by, "the founding administrator's own code")
	plan.Code = code.Text
	return err
}

// sortByPlan puts proposals back into the order of the plan, in which each finds what it refers to.
func sortByPlan(list []proposal, changes []Change) {
	at := map[string]int{}
	for i, c := range changes {
		at[place(c.Kind, c.ID)] = i
	}
	slices.SortFunc(list, func(a, b proposal) int { return at[place(a.Kind, a.id())] - at[place(b.Kind, b.id())] })
}

// applied writes the entry of one object that changed.
func (r *Registry) applied(tx *store.Tx, by ledger.Actor, o object, changes []Change, confirms string) error {
	payload := map[string]any{"kind": o.Kind, "id": o.id()}
	for _, c := range changes {
		if c.Kind == o.Kind && c.ID == o.id() {
			payload["action"], payload["fields"] = c.Action, c.Fields
		}
	}
	if confirms != "" {
		payload["change"] = confirms
	}
	if _, err := tx.Append(ledger.Draft{Kind: "registry.applied", Actor: by, Subjects: []string{o.id()}, Payload: payload}); err != nil {
		return fmt.Errorf("ledger %s %s: %w", o.Kind, o.id(), err)
	}
	return nil
}

// ChangeEnrolment is the kind of pending change that suspends a person's credentials once it is confirmed. The web package then cuts
// the person's open sessions.
const ChangeEnrolment = string(api.ChangeOfEnrolment)

// changeObjects is the kind of pending change that a file makes; changeKeys comes from enrolment.
const (
	changeObjects = "registry"
	changeKeys    = "keys"
)

// propose keeps guarded changes until they are confirmed. It keeps the same proposal once.
func (r *Registry) propose(tx *store.Tx, by ledger.Actor, waits []proposal) (string, error) {
	if len(waits) == 0 {
		return "", nil
	}
	body, err := encode(waits)
	if err != nil {
		return "", err
	}
	return r.addChange(tx, changeObjects, body, by, subjectsOfProposals(waits))
}

func (r *Registry) addChange(tx *store.Tx, kind string, body json.RawMessage, by ledger.Actor, subjects []string) (string, error) {
	open, err := tx.PendingChanges(store.ChangePending)
	if err != nil {
		return "", fmt.Errorf("read pending changes: %w", err)
	}
	for _, c := range open {
		if c.Kind == kind && c.By == by.ID && sameJSON(c.Body, body) {
			return changeName(c.No), nil
		}
	}
	no, err := tx.AddPendingChange(kind, body, by.ID)
	if err != nil {
		return "", fmt.Errorf("keep pending change: %w", err)
	}
	payload := map[string]any{"change": changeName(no), "kind": kind}
	if kind != ChangeEnrolment { // a re-enrolment's body holds the hash of a code, which no one needs to see
		payload["body"] = body
	}
	_, err = tx.Append(ledger.Draft{Kind: "registry.pending", Actor: by, Subjects: append([]string{changeName(no)}, subjects...), Payload: payload})
	if err != nil {
		return "", fmt.Errorf("ledger pending change: %w", err)
	}
	return changeName(no), nil
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	one, err1 := json.Marshal(x)
	two, err2 := json.Marshal(y)
	return err1 == nil && err2 == nil && string(one) == string(two)
}

// maxSubjects bounds an entry's header; the payload names every object.
const maxSubjects = 200

func subjectsOfProposals(list []proposal) []string {
	var ids []string
	for _, p := range list {
		if id := p.id(); len(ids) < maxSubjects && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// changeName is how people name a pending change: "C-0003".
func changeName(no int64) string { return fmt.Sprintf("C-%04d", no) }

func changeNumber(name string) (int64, error) {
	digits, ok := strings.CutPrefix(strings.ToUpper(name), "C-")
	no, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("change %q: %w", name, store.ErrNotFound)
	}
	return no, nil
}

// write puts one object into the store.
func write(tx *store.Tx, o object, by string) error {
	var err error
	switch o.Kind {
	case kindSection:
		err = tx.PutSection(*o.Section)
	case kindVendor:
		err = tx.PutVendor(*o.Vendor)
	case kindPerson:
		err = writePerson(tx, o.Person, by)
	case kindSystem:
		err = tx.PutSystem(*o.System)
	case kindTarget:
		err = tx.PutTarget(*o.Target)
	case kindAccount:
		err = tx.PutAccount(*o.Account)
	case kindInstitution:
		err = tx.PutInstitution(*o.Institution)
	case kindHolidays:
		err = tx.PutHolidays(o.Holidays.Days)
	case kindNoWork:
		err = tx.PutNoWork(o.NoWork.Times)
	default:
		err = errors.New("unknown kind")
	}
	if err != nil {
		return fmt.Errorf("write %s %s: %w", o.Kind, o.id(), err)
	}
	return nil
}

func writePerson(tx *store.Tx, p *personRow, by string) error {
	before, err := tx.Person(p.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := tx.PutPerson(p.Person); err != nil {
		return err
	}
	if err := signInMoved(tx, before, p.Person); err != nil {
		return err
	}
	if !p.FilePledge.Signed.IsZero() && !(before.Declared.Signed.Equal(p.FilePledge.Signed) && before.Declared.Until.Equal(p.FilePledge.Until)) {
		if err := tx.AddPledge(store.Pledge{Pledge: p.FilePledge, Person: p.ID, FiledBy: by}); err != nil {
			return err
		}
	}
	return activateKeys(tx, p.ID, p.Keys)
}

// signInMoved ends what proved a person's first factor before, where another place checks it from now on. A person who moves to the
// directory keeps the second factor. One who moves away from it has no password, and needs an enrolment code.
func signInMoved(tx *store.Tx, before, now store.Person) error {
	if before.ID == "" || before.SignIn == now.SignIn {
		return nil
	}
	encoded, err := tx.Password(now.ID)
	if errors.Is(err, store.ErrNotFound) || encoded == suspended {
		return nil
	}
	if err != nil {
		return err
	}
	if now.SignIn != store.SignInDirectory {
		return suspend(tx, now.ID, "the person signs in here from now on, and not through the directory; next: an enrolment code")
	}
	for _, err := range []error{tx.PutPassword(now.ID, atDirectory), tx.RevokeTokens(now.ID), tx.ForgetDirectoryAccounts(now.ID), tx.ForgetProved(now.ID)} {
		if err != nil {
			return fmt.Errorf("move the sign-in of %s: %w", now.ID, err)
		}
	}
	return suspensionEntry(tx, now.ID, []string{"password", "tokens"}, "the person signs in through the directory from now on")
}

// activateKeys makes sure that each of the lines is an active key of the person.
func activateKeys(tx *store.Tx, person string, lines []string) error {
	have, err := tx.Keys(person)
	if err != nil {
		return err
	}
	for _, line := range lines {
		_, print, err := ParseKey(line)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(have, func(k store.Key) bool { return k.Fingerprint == print && k.State != store.KeyRevoked })
		switch {
		case i < 0:
			_, err = tx.AddKey(store.Key{Person: person, Fingerprint: print, Public: line})
		case have[i].State == store.KeySuspended:
			err = tx.SetKeyState(have[i].ID, store.KeyActive)
		}
		if err != nil {
			return fmt.Errorf("key %s: %w", print, err)
		}
	}
	return nil
}

// Pending lists the changes that wait, oldest first.
func (r *Registry) Pending(ctx context.Context) ([]PendingChange, error) {
	var list []PendingChange
	err := r.o.DB.Read(ctx, func(s *store.Snap) error {
		open, err := s.PendingChanges(store.ChangePending)
		if err != nil || len(open) == 0 {
			return err
		}
		st, err := readState(s)
		if err != nil {
			return err
		}
		for _, c := range open {
			p := PendingChange{No: changeName(c.No), Kind: c.Kind, By: c.By, At: c.At, Subjects: subjectsOf(c)}
			p.Changes, p.Keys = r.described(c, st)
			if p.Suspends, err = mustEnrolAnew(s, objectsOf(c), st); err != nil {
				return err
			}
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// described lists the changes that a pending change would make.
func (r *Registry) described(c store.PendingChange, st *state) (changes []Change, keys []string) {
	if c.Kind != changeObjects {
		var e personChange
		if json.Unmarshal(c.Body, &e) == nil && len(e.Keys) > 0 {
			keys = fingerprints(e.Keys)
		}
		return nil, keys
	}
	wanted := objectsOf(c)
	if wanted == nil {
		return nil, nil
	}
	all, _, _ := diff(wanted, st)
	all = slices.DeleteFunc(all, func(c Change) bool { return c.Action != Create && c.Action != Update })
	for i := range all {
		all[i].Pending = true // also an object that would not wait alone
	}
	return r.inDays(all), nil
}

// objectsOf are the objects that a change of a file writes.
func objectsOf(c store.PendingChange) []object {
	var list []proposal
	if c.Kind != changeObjects || json.Unmarshal(c.Body, &list) != nil {
		return nil
	}
	var wanted []object
	for _, p := range list {
		wanted = append(wanted, p.object)
	}
	return wanted
}

func subjectsOf(c store.PendingChange) []string {
	if c.Kind == changeObjects {
		var list []proposal
		if json.Unmarshal(c.Body, &list) != nil {
			return nil
		}
		return subjectsOfProposals(list)
	}
	var e personChange
	if json.Unmarshal(c.Body, &e) != nil {
		return nil
	}
	return []string{e.Person}
}
