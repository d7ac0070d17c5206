package web

import (
	"sekimori/broker/api"
	"sekimori/broker/notify"
	"sekimori/broker/view"
	"sekimori/policy"
)

// noticeRoutes are a person's own notices, and those that reached no one.
func noticeRoutes() []route {
	keepers := those(policy.Administrator, policy.InformationSystems)
	return []route{
		{"GET", string(api.NotificationsPath), everySignedIn(), listed((*view.Views).Notifications)},
		{"POST", string(api.NoticesSeenPath), everySignedIn(), (*Server).seeNotices},
		{"GET", string(api.UndeliveredPath), keepers, listed((*view.Views).Undelivered)},
		{"POST", string(api.NotifyTestPath), keepers, (*Server).testNotify},
	}
}

func (s *Server) seeNotices(c *call) error {
	var in api.NoticesSeen
	if err := c.read(&in); err != nil {
		return err
	}
	if err := s.o.Teller.SeeAll(c.r.Context(), c.person.ID, in.UpTo); err != nil {
		return err
	}
	return c.reply(api.Done{OK: true})
}

func (s *Server) testNotify(c *call) error {
	out, err := s.o.Teller.Test(c.r.Context(), c.actor())
	if err != nil {
		return err
	}
	return c.reply(view.Whole(view.Each(out, func(t notify.Tested) api.WayTested {
		return api.WayTested{Channel: string(t.Channel), To: t.To, OK: t.OK, Error: t.Error}
	})))
}
