package pages

import (
	"net/http"
	"slices"

	"sekimori/broker/act"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// site says on which listener a page is.
type site int

const (
	staff site = 1 << iota
	portal
)

// level says what the ledger gets when a page is opened (screens §2).
type level = view.Level

const l0, l1, l2 = view.L0, view.L1, view.L2

// levelOf is the level of a list, by its address in the API: the page that shows it and the API's route have the same one.
func levelOf[A ~string](address A) level {
	l, ok := view.LevelOf(string(address))
	if !ok {
		panic("no list has the address " + string(address))
	}
	return l
}

// callers says who may open a page at all. The zero value denies.
type callers struct {
	open bool // without signing in
	act.Callers
}

func open() callers                      { return callers{open: true} }
func everySignedIn() callers             { return callers{Callers: act.Everyone()} }
func everyStaff() callers                { return callers{Callers: act.Staff()} }
func those(roles ...policy.Role) callers { return callers{Callers: act.Those(roles...)} }
func vendors() callers                   { return callers{Callers: act.Callers{Vendors: true}} }

// row is one page, or one form that is posted.
type row struct {
	method  string // GET or POST
	path    string // pattern of net/http
	site    site
	title   text.Text // heading, and title of the browser's window
	callers callers
	level   level
	nav     int           // place in the menu, from 1; 0: not in it
	short   text.Text     // its name in the menu; empty: the title
	denies  policy.Reason // why people are refused whom the row does not name; empty: policy.Forbidden
	handle  func(*Pages, *visit) error
}

// rows is the whole site. The router, the menu and the test that walks the router read it. Each part adds its rows in its own file.
func rows() []row {
	return slices.Concat(
		signinRoutes(),
		todayRoutes(),
		windowRoutes(),
		onceRoutes(),
		calendarRoutes(),
		noticeRoutes(),
		settingsRoutes(),
		additionRoutes(),
		meRoutes(),
		requestRoutes(),
		requestFormRoutes(),
		decideRoutes(),
		emergencyRoutes(),
		permitRoutes(),
		sealingRoutes(),
		fileRoutes(),
		portalRoutes(),
		vendorRoutes(),
		registryRoutes(), changeRoutes(), reviewRoutes(), questionRoutes(), findingRoutes(), dayRoutes(), reconcileRoutes(), ledgerRoutes(), formRoutes(), lateRoutes(), notificationRoutes(), alarmRoutes(), incidentRoutes(), sessionRoutes(), sessionPaperRoutes(), consoleRoutes(), pictureRoutes(), playbackRoutes(), summaryRoutes(), offlineRoutes(), searchRoutes(), actRows(), ownActRows(), registryFileRoutes(),
	)
}

// get and post make rows.
func get(path string, s site, title text.Text, c callers, l level, handle func(*Pages, *visit) error) row {
	return row{method: http.MethodGet, path: path, site: s, title: title, callers: c, level: l, handle: handle}
}

func post(path string, s site, title text.Text, c callers, l level, handle func(*Pages, *visit) error) row {
	return row{method: http.MethodPost, path: path, site: s, title: title, callers: c, level: l, handle: handle}
}

// inMenu places a row in the menu. Those from secondMenu on stand in its second part, which opens at a press.
func (r row) inMenu(place int) row { r.nav = place; return r }

// secondMenu is the first place of the registers and settings. The daily work and the stops stand before it.
const secondMenu = 70

// called gives a row a shorter name for the menu, which must fit into two lines.
func (r row) called(ja, en string) row { r.short = text2(ja, en); return r }

// denying gives a row a reason of its own for refusals.
func (r row) denying(reason policy.Reason) row { r.denies = reason; return r }

func text2(ja, en string) text.Text { return text.Of(ja, en) }
