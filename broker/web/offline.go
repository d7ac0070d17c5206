package web

import (
	"cmp"

	"sekimori/broker/evidence"
	"sekimori/broker/fault"
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// exportPage sends a recording as one HTML file. Whether it fits is found out before the entry, which is before the first byte.
func (s *Server) exportPage(c *call, held *evidence.Recording, why view.Why) error {
	if c.r.FormValue("channel") != "" {
		return fault.BadRequest("html はすべての通信路を含みます。channel は指定できません", "html has all channels: channel cannot be given", nil)
	}
	enc, err := s.encoding(c, held.Session)
	if err != nil {
		return err
	}
	page, err := s.o.Views.OfflinePage(c.r.Context(), held, cmp.Or(text.Accepted(c.r.Header.Get("Accept-Language")), "en"), enc, s.o.Player)
	if err != nil {
		return err
	}
	payload := why.Payload(map[string]string{"format": "html", "channel": "all", "sha256": held.Digest.SHA256.String()})
	if err := s.looked(c, "recording.exported", []string{held.Session, c.person.ID}, seenDamaged(held, payload)); err != nil {
		return err
	}
	tellDamaged(c, held)
	defer s.streaming(c, "application/octet-stream", takeStall)()
	return page.Write(c.r.Context(), c.w)
}
