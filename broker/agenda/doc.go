// Package agenda shows who is connected when: the calendar that the sections share (予定表, R2), and the feeds for people's own
// calendars.
//
// It owns the month as a person may see it, the secret addresses of feeds (who may make one, who may close it), and the content of a
// feed. It does not tell one section the names in another's plans, and it answers a wrong address like one that never existed. It
// changes no request and no window.
//
// Its caller is broker/web. Days and the form of a feed come from broker/calendar.
package agenda
