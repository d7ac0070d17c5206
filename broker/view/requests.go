package view

import (
	"context"
	"errors"
	"strconv"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// requestSight gives the person's sight of requests and of the things that belong to them.
func requestSight(s *store.Snap, p policy.Person) (policy.Sight, error) {
	standsInFor, err := s.StandsInFor(p.ID)
	return policy.SeeRequests(p, standsInFor), err
}

// RequestsAsked narrows Requests. Zero fields do not narrow.
type RequestsAsked struct {
	States  []policy.RequestState
	System  string
	Series  string
	Before  string // only requests older than this number
	SeenDue bool   // only those that a deputy decided for the person and the person has not seen yet, of any section
}

// Requests lists the requests that the person sees: those that still need work, then the newest.
func (v *Views) Requests(ctx context.Context, by Reader, a RequestsAsked, p Page) (out api.List[api.Request], err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		f := store.RequestFilter{States: a.States, System: a.System, Series: a.Series, Before: a.Before}
		if a.SeenDue {
			f.SeenDue = by.ID
		} else {
			sight, err := requestSight(s, by.Person)
			if err != nil {
				return err
			}
			f.Sight = &sight
		}
		page, err := s.RequestPage(f, p)
		out = listed(page, func(r store.Request) api.Request { return Request(r, v.o.Zone) })
		return err
	})
	return out, err
}

// SeeRequest reads a request and calls read, in one snapshot. A request that the person does not see does not exist for them. The
// attempt is ledgered; repeated attempts are summed up.
func (v *Views) SeeRequest(ctx context.Context, by Reader, no string, read func(*store.Snap, store.Request) error) error {
	return v.seeRequestOf(ctx, by, func(*store.Snap) (string, error) { return no, nil }, read)
}

// seeRequestOf is SeeRequest for a thing of a request, which of finds.
func (v *Views) seeRequestOf(ctx context.Context, by Reader, of func(*store.Snap) (string, error), read func(*store.Snap, store.Request) error) error {
	no := ""
	return v.shownOrHidden(ctx, by, &no, v.o.DB.Read(ctx, func(s *store.Snap) (err error) {
		if no, err = of(s); err != nil {
			return err
		}
		return seen(s, by, no, read)
	}))
}

// OpenRequest is SeeRequest with the entry about the look (L1), in one transaction; page names the opened part.
func (v *Views) OpenRequest(ctx context.Context, by Reader, no, page string, read func(*store.Snap, store.Request) error) error {
	return v.shownOrHidden(ctx, by, &no, v.o.DB.Write(ctx, func(tx *store.Tx) error {
		if err := seen(tx.Snap, by, no, read); err != nil {
			return err
		}
		_, err := tx.Append(ledger.Draft{Kind: "request.viewed", Actor: by.actor(), Subjects: []string{no, by.ID}, Payload: map[string]string{"request": no, "page": page}})
		return err
	}))
}

// errHidden means a request that the person does not see.
var errHidden = errors.New("not within the person's sight")

// seen reads a request that the person sees, and calls read. Error: errHidden.
func seen(s *store.Snap, by Reader, no string, read func(*store.Snap, store.Request) error) error {
	r, err := s.Request(no)
	if err != nil {
		return err
	}
	sight, err := requestSight(s, by.Person)
	if err != nil {
		return err
	}
	o, err := s.Owner(r.System, r.Vendor)
	switch {
	case err != nil:
		return err
	case !sight.Sees(o):
		return errHidden
	case read == nil:
		return nil
	}
	return read(s, r)
}

// shownOrHidden turns errHidden into a ledgered refusal that answers "not found"; other errors pass.
func (v *Views) shownOrHidden(ctx context.Context, by Reader, no *string, err error) error {
	if !errors.Is(err, errHidden) {
		return err
	}
	payload := map[string]string{"act": "look", "reason": string(policy.Forbidden), "what": "request"}
	if err := v.RefusedOnce(ctx, by, "look request", []string{by.ID, *no}, payload); err != nil {
		return err
	}
	return store.ErrNotFound
}

// Request shows one with its decisions and its windows. The look is ledgered (L1). Errors: store.ErrNotFound,
// also for a request that the person does not see.
func (v *Views) Request(ctx context.Context, by Reader, no string) (out api.Request, err error) {
	err = v.OpenRequest(ctx, by, no, "request", func(s *store.Snap, r store.Request) (err error) {
		if out, err = v.request(s, r); err == nil {
			out.Offers = requests.OnRequest.Offers(s, by.Person, no)
		}
		return err
	})
	return out, err
}

// RequestNow shows a request as an act left it, without an entry about a look.
func (v *Views) RequestNow(ctx context.Context, no string) (out api.Request, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		r, err := s.Request(no)
		if err == nil {
			out, err = v.request(s, r)
		}
		return err
	})
	return out, err
}

func (v *Views) request(s *store.Snap, r store.Request) (api.Request, error) {
	shown := requests.Shown{Request: r}
	var err error
	if shown.Decisions, err = s.Decisions(r.No); err != nil {
		return api.Request{}, err
	}
	if shown.Windows, err = s.Windows(store.WindowFilter{Request: r.No}); err != nil {
		return api.Request{}, err
	}
	out := WholeRequest(shown, v.o.Zone)
	sys, err := s.System(r.System)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	out.LiveRules = len(sys.LiveRules)
	return out, err
}

// Check judges a request by the eleven items and compares it with last time. The look is ledgered (L1). Errors as of Request.
func (v *Views) Check(ctx context.Context, by Reader, no string) (api.Checked, error) {
	var out api.Checked
	err := v.OpenRequest(ctx, by, no, "check", func(s *store.Snap, r store.Request) error {
		k, err := v.o.Desk.CheckIn(s, no)
		if err != nil {
			return err
		}
		out = Checked(k)
		out.Whole, err = v.request(s, r)
		return err
	})
	return out, err
}

// Request gives a stored request as the API shows it.
func Request(r store.Request, z *time.Location) api.Request {
	b := r.Body.In(z)
	b.Emergency, b.ExtensionLimitMS = nil, nil
	v := api.Request{
		No: r.No, State: string(r.State), Version: r.Version, ApprovedVersion: r.ApprovedVersion,
		System: r.System, Vendor: r.Vendor, Requester: r.Requester, Proposer: r.Proposer,
		Start: At(r.Start, z), End: At(r.End, z), Created: At(r.Created, z), Changed: At(r.Changed, z),
		Body: b, Emergency: r.Body.Emergency != nil,
	}
	if e := r.Body.Emergency; e != nil {
		v.EmergencyReason, v.Phoned, v.PhonedAt, v.FollowUpDue = e.Reason, e.Phoned, At(e.PhonedAt, z), At(e.Due, z)
	}
	return v
}

// WholeRequest is a request with its decisions and windows.
func WholeRequest(shown requests.Shown, z *time.Location) api.Request {
	v := Request(shown.Request, z)
	v.Decisions = Each(shown.Decisions, func(d store.Decision) api.Decision { return Decision(d, z) })
	v.Windows = Each(shown.Windows, func(w store.Window) string { return w.ID })
	return v
}

// Decision gives a stored decision as the API shows it.
func Decision(d store.Decision, z *time.Location) api.Decision {
	return api.Decision{Stage: d.Stage, Version: d.Version, By: d.By, Verdict: string(d.Verdict), Reason: d.Reason, At: At(d.At, z),
		OnBehalf: d.OnBehalf, Because: d.Because, Conditions: d.Conditions}
}

// Extensions lists the extensions that the person sees, unanswered ones first.
func (v *Views) Extensions(ctx context.Context, by Reader, f store.ExtensionFilter, p Page) (out api.List[api.Extension], err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		sight, err := requestSight(s, by.Person)
		if err != nil {
			return err
		}
		f.Sight = &sight
		page, err := s.ExtensionPage(f, p)
		out = listed(page, func(x store.Extension) api.Extension { return Extension(x, v.o.Zone) })
		return err
	})
	return out, err
}

// Extension shows one. Errors as of Request.
func (v *Views) Extension(ctx context.Context, by Reader, id string) (api.Extension, error) {
	var x store.Extension
	var offers []api.Offer
	err := v.seeRequestOf(ctx, by, func(s *store.Snap) (_ string, err error) {
		x, err = s.Extension(id)
		return x.Request, err
	}, func(s *store.Snap, _ store.Request) error {
		offers = requests.OnExtension.Offers(s, by.Person, id)
		return nil
	})
	if err != nil {
		return api.Extension{}, err
	}
	out := Extension(x, v.o.Zone)
	out.Offers = offers
	return out, nil
}

// Deputies lists the deputies of the sections that the person sees: those whose period is not over; with all, the others after them.
func (v *Views) Deputies(ctx context.Context, by Reader, all bool, p Page) (out api.List[api.Deputy], err error) {
	f, now := store.DeputationFilter{}, v.o.Clock()
	if !all {
		f.Current = now
	}
	switch sight := policy.SeeRecords(by.Person); {
	case sight.Nothing():
		return Whole([]api.Deputy{}), nil
	case !sight.All:
		f.Section = sight.Sections[0]
	}
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		page, err := s.DeputationPage(f, p)
		out = listed(page, func(d store.Deputation) api.Deputy {
			one := Deputy(d, now, v.o.Zone)
			one.Offers = requests.OnDeputation.Offers(s, by.Person, strconv.FormatInt(d.ID, 10))
			return one
		})
		return err
	})
	return out, err
}

func Extension(x store.Extension, z *time.Location) api.Extension {
	return api.Extension{
		ID: x.ID, Window: x.Window, Request: x.Request, System: x.System, State: string(x.State), By: x.By.String(), Reason: x.Reason,
		AskedBy: x.AskedBy, Via: x.Via, AskedAt: At(x.AskedAt, z), Ends: At(x.Ends, z), NewEnd: At(x.NewEnd, z),
		DecidedBy: x.Decider, DecidedAt: At(x.Decided, z), Role: string(x.Role), OnBehalf: x.OnBehalf, Answer: x.Answer,
	}
}

// Deputy gives a stored deputation with its state.
func Deputy(d store.Deputation, now time.Time, z *time.Location) api.Deputy {
	state := api.DeputyAhead
	switch {
	case d.ClearedBy != "":
		state = api.DeputyCleared
	case !now.Before(d.Until):
		state = api.DeputyOver
	case d.Holds(now):
		state = api.DeputyInForce
	}
	return api.Deputy{No: d.ID, For: d.For, Deputy: d.Deputation.Deputy, From: At(d.From, z), Until: At(d.Until, z), Reason: d.Reason, SetBy: d.SetBy,
		SetAt: At(d.SetAt, z), ClearedBy: d.ClearedBy, ClearedAt: At(d.ClearedAt, z), State: string(state)}
}
