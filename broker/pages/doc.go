// Package pages is the counter: the pages for staff (Staff) and for people of vendors (Portal), made on the server.
//
// It owns the table of pages (site.go), the templates with their words, the cookie that holds a personal token, and the
// headers that every answer carries. It decides nothing. A page reads broker/view, a button is an offer of broker/act, and
// a form posts to the act's address without /v1. The row of a page says which people may open it; the rule of an act
// says which of them may do it.
//
// It refuses a request from another site, a page that the person's row does not admit (reason 301, with an entry), and a
// call without a valid cookie, which gets the sign-in page.
//
// How to add a page: .github/CONTRIBUTING.md.
//
// Caller: broker, which gives Staff and Portal to the listeners of broker/web.
package pages
