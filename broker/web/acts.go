package web

import (
	"encoding/json"
	"slices"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/announcement"
	"sekimori/broker/annual"
	"sekimori/broker/api"
	"sekimori/broker/attendance"
	"sekimori/broker/confirmation"
	"sekimori/broker/correction"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/lateentry"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// actRoutes gives the routes of the acts that the business packages list, each with its path, callers and body.
func actRoutes() []route {
	return slices.Concat(
		mounted(func(s *Server) *requests.Desk { return s.o.Desk }, requests.Acts()),
		mounted(func(s *Server) *attendance.Service { return s.o.Attendance }, attendance.Acts()),
		mounted(func(s *Server) *freeze.Freezer { return s.o.Freezer }, freeze.Acts()),
		mounted(func(s *Server) *review.Queue { return s.o.Reviews }, review.Acts()),
		mounted(func(s *Server) *permits.Office { return s.o.Permits }, permits.Acts()),
		mounted(func(s *Server) *roster.Book { return s.o.Roster }, roster.Acts()),
		mounted(func(s *Server) *papers.Keeper { return s.o.Papers }, papers.Acts()),
		mounted(func(s *Server) *reports.Service { return s.o.Reports }, reports.Acts()),
		mounted(func(s *Server) *confirmation.Book { return s.o.Days }, confirmation.Acts()),
		mounted(func(s *Server) *files.Desk { return s.o.Files }, files.Acts()),
		mounted(func(s *Server) *interlock.Switch { return s.o.Lines }, interlock.Acts()),
		mounted(func(s *Server) *accounts.Counter { return s.o.Targets }, accounts.Acts()),
		mounted(func(s *Server) *reconcile.Office { return s.o.Reconcile }, reconcile.Acts()),
		mounted(func(s *Server) *sealing.Keeper { return s.o.Sealing }, sealing.Acts()),
		mounted(func(s *Server) *annual.Book { return annual.New(s.o.DB, s.o.Acts) }, annual.Acts()),
		mounted(func(s *Server) *announcement.Board { return announcement.New(s.o.Acts) }, announcement.Acts()),
		mounted(func(s *Server) *correction.Book { return correction.New(s.o.Acts) }, correction.Acts()),
		mounted(func(s *Server) *lateentry.Book { return lateentry.New(s.o.Acts) }, lateentry.Acts()),
	)
}

// mounted makes routes of one service's acts.
func mounted[S any](service func(*Server) S, acts []act.Mount[S]) []route {
	routes := make([]route, 0, len(acts))
	for _, m := range acts {
		routes = append(routes, route{"POST", m.Path, callers{Callers: m.Callers}, func(s *Server, c *call) error {
			body, by, err := c.acting(m.Body())
			if err != nil {
				return err
			}
			id := c.r.PathValue(m.Parameter())
			result, err := m.Call(c.r.Context(), service(s), id, body, by)
			if err != nil {
				return err
			}
			return s.answer(c, m.Shows, id, result)
		}})
	}
	return routes
}

// answer sends the outcome of an act: its result, or the present state of its subject.
func (s *Server) answer(c *call, shows act.Shown, id string, result any) error {
	switch v := result.(type) {
	case requests.Outcome:
		return c.reply(view.WholeRequest(v.Shown, s.o.Zone))
	case freeze.Status:
		return c.reply(view.Freeze(v, s.o.Clock(), s.o.Zone))
	case store.Permit:
		return s.replyPermit(c, v.ID)
	case store.LateEntry:
		return s.replyLateEntry(c, v.ID)
	case store.Paper:
		return c.reply(view.Paper(v, s.o.Zone))
	case []papers.Renewal:
		return c.reply(api.RenewalsAsked{Vendor: v[0].Vendor, Items: view.Each(v, func(r papers.Renewal) api.Ending { return view.Renewal(r, s.o.Zone) })})
	case store.ViewingKey:
		return c.reply(view.ViewingKey(v, s.o.Views))
	case store.Access:
		return c.reply(view.Access(v, s.o.Views))
	case store.WorkReport:
		return c.answer(view.WorkReport(v, s.o.Zone))
	case store.AttendanceRecord:
		return c.answer(view.Record(v, s.o.Zone))
	case store.Deputation:
		return c.reply(view.Deputy(v, s.o.Clock(), s.o.Zone))
	case store.Extension:
		return c.reply(view.Extension(v, s.o.Zone))
	case nil:
	default:
		return c.reply(v)
	}
	switch shows {
	case act.ShowsRequest:
		return s.replyRequest(c, id)
	case act.ShowsWindow:
		return s.replyWindow(c, id)
	case act.ShowsSession:
		return s.replySession(c, id)
	case act.ShowsReview:
		return s.replyReview(c, id)
	case act.ShowsLine:
		v, err := s.o.Views.LineNow(c.r.Context(), c.reader(), id)
		return c.answer(v, err)
	case act.ShowsDraft:
		v, err := s.o.Views.Draft(c.r.Context(), c.reader(), id)
		return c.answer(v, err)
	case act.ShowsTarget:
		v, err := s.o.Views.TargetNow(c.r.Context(), c.reader(), id)
		return c.answer(v, err)
	case act.ShowsViewingKey:
		v, err := s.o.Views.ViewingKeyNow(c.r.Context(), id)
		return c.answer(v, err)
	case act.ShowsAccess:
		v, err := s.o.Views.AccessNow(c.r.Context(), id)
		return c.answer(v, err)
	case act.ShowsYear:
		v, err := s.o.Views.YearNow(c.r.Context(), c.reader(), id)
		return c.answer(v, err)
	case act.ShowsRoster:
		return s.replyRoster(c, id)
	case act.ShowsPermit:
		return s.replyPermit(c, id)
	case act.ShowsLateEntry:
		return s.replyLateEntry(c, id)
	case act.ShowsReconciliation:
		v, err := s.o.Views.ReconciliationNow(c.r.Context(), c.reader(), id)
		return c.answer(v, err)
	case act.ShowsUnknownLogin:
		v, err := s.o.Views.UnknownLoginNow(c.r.Context(), id)
		return c.answer(v, err)
	case act.ShowsFile:
		return s.replyFile(c, id)
	case act.ShowsEntry:
		return s.replyEntry(c, id)
	case act.ShowsDay:
		return s.replyDay(c, id)
	case act.ShowsAttendance:
		return s.replyAttendance(c, false)
	case act.ShowsPerson:
		return show(s, c, func(snap *store.Snap) (api.Person, error) { return s.o.Views.WholePerson(snap, id) })
	case act.ShowsVendor:
		return show(s, c, func(snap *store.Snap) (api.Vendor, error) { return s.o.Views.WholeVendor(snap, id) })
	case act.ShowsRecording:
		return s.recording(c)
	}
	return c.reply(map[string]bool{"ok": true})
}

// acting reads the body of an act: password and code, which any act may carry, and the rest. An unknown field is an error.
func (c *call) acting(body any) (any, act.Caller, error) {
	members := map[string]json.RawMessage{}
	if err := c.read(&members); err != nil {
		return nil, act.Caller{}, err
	}
	var fresh api.Fresh
	for name, into := range map[string]*string{"password": &fresh.Password, "code": &fresh.Code} {
		if text, ok := members[name]; ok {
			if err := json.Unmarshal(text, into); err != nil {
				return nil, act.Caller{}, faultUnreadable(err)
			}
			delete(members, name)
		}
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return nil, act.Caller{}, faultUnreadable(err)
	}
	return body, c.caller(fresh), decode(rest, body)
}

// caller names the acting person, with the proof that they offer.
func (c *call) caller(f api.Fresh) act.Caller {
	return act.Caller{Actor: c.actor(), Token: c.token, Source: c.source(), Password: f.Password, Code: f.Code}
}

func (s *Server) replyWindow(c *call, id string) error {
	v, err := s.o.Views.WindowNow(c.r.Context(), id)
	return c.answer(v, err)
}

func (s *Server) replyRoster(c *call, vendor string) error {
	v, err := s.o.Views.RosterNow(c.r.Context(), vendor)
	return c.answer(v, err)
}

func (s *Server) replyLateEntry(c *call, id string) error {
	v, err := s.o.Views.LateEntryNow(c.r.Context(), id)
	return c.answer(v, err)
}

func (s *Server) replyPermit(c *call, id string) error {
	v, err := s.o.Views.PermitNow(c.r.Context(), id)
	return c.answer(v, err)
}
