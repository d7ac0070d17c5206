package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// submit hands in a request; from a vendor it is a proposal.
func (s *Server) submit(c *call) error {
	form, err := s.form(c)
	if err != nil {
		return err
	}
	no, err := s.o.Desk.Submit(c.r.Context(), form, c.actor())
	if err != nil {
		return err
	}
	return s.replyRequest(c, no, form.Hints()...)
}

func (s *Server) edit(c *call) error {
	form, err := s.form(c)
	if err != nil {
		return err
	}
	if err := s.o.Desk.Edit(c.r.Context(), c.r.PathValue("no"), form, c.actor()); err != nil {
		return err
	}
	return s.replyRequest(c, c.r.PathValue("no"), form.Hints()...)
}

func (s *Server) form(c *call) (requests.Form, error) {
	var in SubmitBody
	if err := c.read(&in); err != nil {
		return requests.Form{}, err
	}
	return requests.ParseForm(in.Name, []byte(in.Text), s.o.Zone)
}

// requests lists what the caller may see, newest first; ?before=NO pages on.
func (s *Server) requests(c *call) error {
	f := store.RequestFilter{System: c.r.FormValue("system"), Series: c.r.FormValue("series"), Before: c.r.FormValue("before")}
	var err error
	if f.States, err = statesAsked(c, policy.RequestStates()); err != nil {
		return err
	}
	if v := c.r.FormValue("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > mostListed {
			return faultBadRequest(fmt.Sprintf("limit は 1 から %d までです", mostListed), fmt.Sprintf("limit is from 1 to %d", mostListed), nil)
		}
		f.Limit = n
	}
	if c.r.FormValue("seen_due") != "" {
		f.SeenDue = c.person.ID
	}
	switch {
	case c.person.Kind != policy.Staff:
		f.Vendor = c.person.Vendor
	case f.SeenDue == "" && !everywhere(c.person):
		if f.Section, f.Also, err = s.sections(c); err != nil {
			return err
		}
	}
	if c.person.Kind != policy.Staff && f.Vendor == "" {
		return c.reply([]Request{}) // an empty filter would not narrow
	}
	list, err := s.o.Desk.List(c.r.Context(), f)
	if err != nil {
		return err
	}
	return c.reply(each(list, func(r store.Request) Request { return viewRequest(r, s.o.Zone) }))
}

// mostListed is the longest page of a list.
const mostListed = 1000

func (s *Server) request(c *call) error {
	if err := s.requestOpened(c, "request"); err != nil {
		return err
	}
	return s.replyRequest(c, c.r.PathValue("no"))
}

// requestOpened lets those through who may see the request of the path, and ledgers that they opened it (screens §2, L1). page
// says what of it.
func (s *Server) requestOpened(c *call, page string) error {
	no := c.r.PathValue("no")
	if err := s.mineToSee(c, no); err != nil {
		return err
	}
	return s.looked(c, "request.viewed", []string{no, c.person.ID}, map[string]string{"request": no, "page": page})
}

// mineToSee hides requests of other sections and other vendors: they are not found. That somebody tried is ledgered.
func (s *Server) mineToSee(c *call, no string) error {
	hidden := false
	err := s.o.DB.Read(c.r.Context(), func(snap *store.Snap) error {
		r, err := snap.Request(no)
		if err != nil {
			return err
		}
		ok := c.person.Kind != policy.Staff && r.Vendor == c.person.Vendor
		if c.person.Kind == policy.Staff {
			if ok, err = s.sees(snap, c.person, r.System); err != nil {
				return err
			}
			if !ok {
				sys, err := snap.System(r.System)
				if err != nil {
					return err
				}
				if ok, err = standsIn(snap, c.person, sys.Section); err != nil {
					return err
				}
			}
		}
		hidden = !ok
		return nil
	})
	if err != nil || !hidden {
		return err
	}
	payload := map[string]string{"act": "look", "reason": string(policy.Forbidden), "what": "request"}
	if err := s.refusedOnce(c, "look request", []string{c.person.ID, no}, payload); err != nil {
		return err
	}
	return faultNotFound()
}

// replyRequest answers with the request as it stands now, and with hints about the file that it came from.
func (s *Server) replyRequest(c *call, no string, hints ...forms.Problem) error {
	shown, err := s.o.Desk.Show(c.r.Context(), no)
	if err != nil {
		return err
	}
	v := viewRequest(shown.Request, s.o.Zone)
	v.Decisions = each(shown.Decisions, func(d store.Decision) Decision { return viewDecision(d, s.o.Zone) })
	v.Windows = each(shown.Windows, func(w store.Window) string { return w.ID })
	v.Hints = hints
	return c.reply(v)
}

func (s *Server) take(c *call) error {
	return s.decide(c, false, func(ctx context.Context, no string, _ DecideBody) error {
		return s.o.Desk.Take(ctx, no, c.actor())
	})
}

func (s *Server) returnRequest(c *call) error {
	return s.decide(c, true, func(ctx context.Context, no string, in DecideBody) error {
		return s.o.Desk.Return(ctx, no, in.Reason, c.actor())
	})
}

func (s *Server) reject(c *call) error {
	return s.decide(c, true, func(ctx context.Context, no string, in DecideBody) error {
		return s.o.Desk.Reject(ctx, no, in.Reason, c.actor())
	})
}

func (s *Server) withdraw(c *call) error {
	return s.decide(c, false, func(ctx context.Context, no string, in DecideBody) error {
		return s.o.Desk.Withdraw(ctx, no, in.Reason, c.actor())
	})
}

func (s *Server) revoke(c *call) error {
	return s.decide(c, false, func(ctx context.Context, no string, in DecideBody) error {
		return s.o.Desk.Revoke(ctx, no, in.Reason, c.actor())
	})
}

// decide reads the body, asks for the fresh proof where the act needs it, acts, and shows what
// became of the request. Versions count for approval alone: refusing an older text is no harm.
func (s *Server) decide(c *call, fresh bool, act func(context.Context, string, DecideBody) error) error {
	var in DecideBody
	if err := c.read(&in); err != nil {
		return err
	}
	if fresh {
		if err := s.fresh(c, in.Fresh); err != nil {
			return err
		}
	}
	if err := act(c.r.Context(), c.r.PathValue("no"), in); err != nil {
		return err
	}
	return s.replyRequest(c, c.r.PathValue("no"))
}

// windows lists windows by start; where there are too many, the latest.
func (s *Server) windows(c *call) error {
	f := store.WindowFilter{Newest: true, Limit: 1000}
	switch {
	case c.person.Kind != policy.Staff:
		f.Vendor = c.person.Vendor
	case !everywhere(c.person):
		var err error
		if f.Section, f.Also, err = s.sections(c); err != nil {
			return err
		}
	}
	if c.person.Kind != policy.Staff && f.Vendor == "" {
		return c.reply([]Window{}) // an empty filter would not narrow
	}
	return show(s, c, func(snap *store.Snap) ([]Window, error) {
		rows, err := snap.Windows(f)
		if err != nil {
			return nil, err
		}
		slices.Reverse(rows)
		all, err := snap.WindowsNow(each(rows, func(w store.Window) string { return w.ID })...)
		now := s.o.Clock()
		return each(rows, func(w store.Window) Window { return viewWindow(w, all[w.ID], now, s.o.Zone) }), err
	})
}

func (s *Server) window(c *call) error {
	w, err := s.o.Desk.Window(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.mineToSee(c, w.Request); err != nil {
		return err
	}
	is, err := s.windowNow(c, w.ID)
	if err != nil {
		return err
	}
	v := viewWindow(w, is, s.o.Clock(), s.o.Zone)
	if w.State == policy.WindowAttended && w.Attendant == c.person.ID {
		if v.Calls, err = s.identityCalls(c.r.Context(), w.ID); err != nil {
			return err
		}
	}
	return c.reply(v)
}

func (s *Server) cancelWindow(c *call) error {
	var in WindowBody
	return s.attend(c, &in, func(ctx context.Context, id string) error { return s.o.Desk.Cancel(ctx, id, in.Reason, c.actor()) })
}

// instant reads a time that a person wrote in a field: RFC 3339, or a local time of the institution. What is left out is the
// zero time.
func (s *Server) instant(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := forms.ParseInstant(text, s.o.Zone)
	if err != nil {
		return t, &forms.Invalid{Problems: []forms.Problem{{Field: field, Code: "bad-time",
			JA: "日時は 2026-11-24T02:10 のように書いてください。時間帯を省けば、この機関の時刻です。",
			EN: "write a date and time like 2026-11-24T02:10; without a zone it is that of the institution"}}}
	}
	return t, nil
}
