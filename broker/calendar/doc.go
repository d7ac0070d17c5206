// Package calendar knows days: the days on which the institution is closed, its working hours, and the days of a recurring
// request. It also writes them for calendar programs.
//
// It owns the Japanese public holidays (with their substitutes), the institution's own list that overrides them
// (ReadHolidays), the calendar that the rules ask (Of), the bounded expansion of a recurrence (Expand) and the writing of
// iCalendar feeds (Write, RFC 5545). It refuses a recurrence without end, one beyond the institution's planning, and one that
// would cost too much to expand. It reads no clock, no file and no database; its callers decide on access to a feed.
//
// Its callers are broker/registry (the list of days in a registry file), broker/requests and broker/attendance (rules about
// days), and broker/web (the calendar and its feeds).
package calendar
