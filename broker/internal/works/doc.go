// Package works makes work that looks like that of a city's vendors, through the real recorder, with oddities planted into some of it. It is for
// the tests of reviews: their ranking, and a month of them.
package works
