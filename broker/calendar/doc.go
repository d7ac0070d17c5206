// Package calendar knows days: on which the institution is closed, at which hours it works, on which days a recurring
// request falls, and how all of it is handed to the calendar program on somebody's desk.
//
// It owns the Japanese public holidays (with their substitutes), the institution's own list that overrides them
// (ReadHolidays), the calendar that the rules ask (Of), the expansion of a recurrence within bounds (Expand) and the writing of
// iCalendar feeds (Write, RFC 5545). It refuses a recurrence without end, one that reaches further than the institution
// plans, and one that would keep the broker counting. It reads no clock, no file and no database: who may see what in
// a feed is decided by its callers.
//
// Its callers are broker/registry (the list of days in a registry file), broker/requests and broker/attendance (rules
// about days), and broker/web (the calendar and its feeds).
package calendar
