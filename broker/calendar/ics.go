package calendar

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	ical "github.com/emersion/go-ical"

	"sekimori/broker/forms"
)

// Status says how certain an event is (RFC 5545 3.8.1.11).
type Status string

// The states of an event.
const (
	Confirmed Status = "CONFIRMED"
	Tentative Status = "TENTATIVE"
	Cancelled Status = "CANCELLED"
)

// Event is one appointment of a feed. UID never changes, and Sequence grows with each change, so that a calendar program
// replaces its copy.
type Event struct {
	UID         string
	Sequence    int
	Status      Status
	Start, End  time.Time
	Changed     time.Time // last change; also the event's stamp, so that the same state gives the same bytes
	Summary     string
	Description string
	Location    string
	Category    string
	Busy        bool // the subscriber counts as busy

	// Mail addresses of an invitation; empty: in feeds.
	Organizer, Attendee string
}

// Method says what a calendar object is for (RFC 5546). The zero value is Publish.
type Method string

// The methods.
const (
	Publish Method = "PUBLISH"
	Request Method = "REQUEST" // an invitation: one event
	Cancel  Method = "CANCEL"  // the withdrawal of one
)

// Feed is a calendar to be written.
type Feed struct {
	Name   string
	Zone   *time.Location // times are written in UTC; programs show them in this zone
	From   time.Time      // start of the feed's time, for the zone's rules
	Until  time.Time
	Events []Event
	Method Method
}

// RefreshAfter is the interval suggested to calendar programs.
const RefreshAfter = 15 * time.Minute

// Write writes a feed as iCalendar (RFC 5545). The same feed gives the same bytes.
func Write(w io.Writer, f Feed) error {
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	c := ical.NewCalendar()
	c.Props.SetText(ical.PropVersion, "2.0")
	c.Props.SetText(ical.PropProductID, "-//Sekimori//Calendar//EN")
	c.Props.SetText(ical.PropCalendarScale, "GREGORIAN")
	c.Props.SetText(ical.PropMethod, string(cmp.Or(f.Method, Publish)))
	text(c.Component, ical.PropName, f.Name) // RFC 7986, and its older name
	text(c.Component, "X-WR-CALNAME", f.Name)
	text(c.Component, "X-WR-TIMEZONE", f.Zone.String())
	refresh := ical.NewProp(ical.PropRefreshInterval)
	refresh.SetDuration(RefreshAfter)
	refresh.Params.Set(ical.ParamValue, string(ical.ValueDuration))
	c.Props.Set(refresh)
	c.Children = append(c.Children, zoneRules(f.Zone, f.From, f.Until))
	for _, e := range f.Events {
		c.Children = append(c.Children, e.component())
	}
	var b bytes.Buffer
	if err := ical.NewEncoder(&b).Encode(c); err != nil {
		return fmt.Errorf("encode calendar: %w", err)
	}
	if _, err := w.Write(fold(b.Bytes())); err != nil {
		return fmt.Errorf("write calendar: %w", err)
	}
	return nil
}

func (e Event) component() *ical.Component {
	v := ical.NewComponent(ical.CompEvent)
	text(v, ical.PropUID, e.UID)
	v.Props.SetDateTime(ical.PropDateTimeStamp, e.Changed.UTC())
	v.Props.SetDateTime(ical.PropLastModified, e.Changed.UTC())
	v.Props.SetDateTime(ical.PropDateTimeStart, e.Start.UTC())
	v.Props.SetDateTime(ical.PropDateTimeEnd, e.End.UTC())
	number(v, ical.PropSequence, e.Sequence)
	v.Props.Set(&ical.Prop{Name: ical.PropStatus, Value: string(e.Status)})
	text(v, ical.PropSummary, e.Summary)
	for name, value := range map[string]string{ical.PropDescription: e.Description, ical.PropLocation: e.Location, ical.PropCategories: e.Category} {
		if value != "" {
			text(v, name, value)
		}
	}
	if e.Organizer != "" {
		v.Props.Set(&ical.Prop{Name: ical.PropOrganizer, Value: "mailto:" + e.Organizer})
	}
	if e.Attendee != "" {
		p := ical.NewProp(ical.PropAttendee)
		p.Value = "mailto:" + e.Attendee
		p.Params.Set(ical.ParamParticipationStatus, "NEEDS-ACTION")
		p.Params.Set(ical.ParamRSVP, "FALSE")
		v.Props.Set(p)
	}
	busy := "TRANSPARENT"
	if e.Busy && e.Status != Cancelled {
		busy = "OPAQUE"
	}
	v.Props.Set(&ical.Prop{Name: ical.PropTransparency, Value: busy})
	return v
}

// text sets a property to people's words, escaped by the library, without characters that act on a screen.
func text(c *ical.Component, name, value string) {
	p := ical.NewProp(name)
	p.SetText(forms.Printable(value))
	delete(p.Params, ical.ParamValue) // TEXT is the default of every property used here
	c.Props.Set(p)
}

func number(c *ical.Component, name string, n int) {
	c.Props.Set(&ical.Prop{Name: name, Value: strconv.Itoa(n)})
}

// zoneRules is the zone's offset and its changes during the time of the feed (RFC 5545 3.6.5). A calendar needs at least one
// component, so this also keeps a feed without events valid.
func zoneRules(zone *time.Location, from, until time.Time) *ical.Component {
	v := ical.NewComponent(ical.CompTimezone)
	v.Props.SetText(ical.PropTimezoneID, zone.String())
	const most = 64 // changes of the clock; years have two, Ramadan four
	for at := from; len(v.Children) < most; {
		begin, end := at.In(zone).ZoneBounds()
		v.Children = append(v.Children, observance(at, begin, zone))
		if end.IsZero() || !end.Before(until) {
			return v
		}
		at = end
	}
	return v
}

// observance is one period of the zone with one offset; begin is zero if it has no known start.
func observance(at, begin time.Time, zone *time.Location) *ical.Component {
	kind := ical.CompTimezoneStandard
	if at.In(zone).IsDST() {
		kind = ical.CompTimezoneDaylight
	}
	o := ical.NewComponent(kind)
	name, to := at.In(zone).Zone()
	before := to
	local := "19700101T000000"
	if !begin.IsZero() && begin.Year() >= 1970 {
		_, before = begin.Add(-time.Second).In(zone).Zone()
		// The RFC requires local time before the change.
		local = begin.UTC().Add(time.Duration(before) * time.Second).Format("20060102T150405")
	}
	o.Props.Set(&ical.Prop{Name: ical.PropDateTimeStart, Value: local})
	o.Props.Set(&ical.Prop{Name: ical.PropTimezoneOffsetFrom, Value: offset(before)})
	o.Props.Set(&ical.Prop{Name: ical.PropTimezoneOffsetTo, Value: offset(to)})
	o.Props.SetText(ical.PropTimezoneName, name)
	return o
}

func offset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	return fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
}

// fold breaks lines after 75 octets as the RFC requires (3.1), never inside a character, because some programs decode a line
// before joining it. The library does not fold.
func fold(whole []byte) []byte {
	const most = 75
	out := make([]byte, 0, len(whole)+len(whole)/most*3)
	for line := range bytes.Lines(whole) {
		line = bytes.TrimSuffix(line, []byte("\r\n"))
		for room := most; len(line) > room; room = most - 1 { // the leading space of a continuation counts
			n := room
			for n > 0 && !utf8.RuneStart(line[n]) {
				n--
			}
			out = append(append(out, line[:n]...), "\r\n "...)
			line = line[n:]
		}
		out = append(append(out, line...), "\r\n"...)
	}
	return out
}
