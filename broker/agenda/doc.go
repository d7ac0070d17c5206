// Package agenda says when who is connected: the calendar that the sections share (予定表, R2), and the feeds that put it on their
// own calendars.
//
// It owns the month as a person may see it, the secret addresses of feeds (who may make one, who may close it), and what a feed
// shows. It refuses to name to one section what another has planned, and it answers a wrong address like one that never was. It
// changes no request and no window.
//
// Its caller is broker/web. Days and the form of a feed come from broker/calendar.
package agenda
