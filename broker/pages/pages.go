package pages

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"

	"sekimori/broker/accounts"
	"sekimori/broker/act"
	"sekimori/broker/agenda"
	"sekimori/broker/attendance"
	"sekimori/broker/confirmation"
	"sekimori/broker/evidence"
	"sekimori/broker/files"
	"sekimori/broker/freeze"
	"sekimori/broker/interlock"
	"sekimori/broker/notify"
	"sekimori/broker/papers"
	"sekimori/broker/permits"
	"sekimori/broker/reconcile"
	"sekimori/broker/registry"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
	"sekimori/broker/review"
	"sekimori/broker/roster"
	"sekimori/broker/sealing"
	"sekimori/broker/session"
	"sekimori/broker/store"
	"sekimori/broker/view"
)

// Options are the needs of New. Those without a default named here are required.
type Options struct {
	DB         *store.DB
	Views      *view.Views
	Acts       *act.Runner
	Registry   *registry.Registry
	Desk       *requests.Desk
	Attendance *attendance.Service
	Reports    *reports.Service
	Reviews    *review.Queue
	Days       *confirmation.Book
	Papers     *papers.Keeper
	Permits    *permits.Office
	Sealing    *sealing.Keeper
	Reconcile  *reconcile.Office
	Files      *files.Desk
	Roster     *roster.Book
	Lines      *interlock.Switch
	Targets    *accounts.Counter
	Freezer    *freeze.Freezer
	Teller     *notify.Service // nil: a notice cannot be marked as seen
	Agenda     *agenda.Book
	Sessions   *session.Supervisor
	Evidence   *evidence.Keeper
	Clock      func() time.Time // nil: the machine's
	Zone       *time.Location   // of the institution; nil: UTC
	House      House
	// Proxies are the addresses whose X-Forwarded-For and X-Forwarded-Proto are believed; empty: no one's.
	Proxies []netip.Prefix
	// Known is told of each request with a valid cookie, so that the listener keeps the connection's place. Nil: no one is.
	Known func(ctx context.Context, person string)
	Log   hclog.Logger // nil: no log
}

// House is what pages tell about the institution. It comes from the configuration.
type House struct {
	Institution string
	Contact     string // telephone for help
	Night       string // at night and on holidays; empty: there is none
	Language    string // of a reader of whom none is known: "ja" or "en"; empty: "ja"
	GateName    string
	SSHAddress  string
	Notice      view.NoticeSettings
	Version     string // of this program, for the foot of printed sheets
}

// Pages serves both sites. It is safe for concurrent use.
type Pages struct {
	o      Options
	sheets sheets
	deeds  map[string]deed // by the path of the act in the API
	rate   *limiter
	rows   []row
	looks  lookCount
	links  links
	muxes  map[site]*http.ServeMux

	pictures pictures
	lately   lately
}

// New reads the templates, which are part of the program. Error: a template that cannot be read.
func New(o Options) (*Pages, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Known == nil {
		o.Known = func(context.Context, string) {}
	}
	if o.DB == nil || o.Views == nil || o.Acts == nil || o.Registry == nil {
		return nil, errors.New("pages need a store, views, acts and a registry")
	}
	sheets, err := readSheets()
	if err != nil {
		return nil, err
	}
	p := &Pages{o: o, sheets: sheets, deeds: deedsOf(o), rows: rows(), rate: &limiter{clock: o.Clock, buckets: map[string]bucket{}}, muxes: map[site]*http.ServeMux{}}
	p.pictures.closing, p.pictures.stall, p.pictures.alive = make(chan struct{}), pictureStall, pictureAlive
	for _, s := range []site{staff, portal} {
		p.muxes[s] = p.mux(s)
	}
	return p, nil
}

// Staff serves the pages of the staff.
func (p *Pages) Staff() http.Handler { return p.guarded(p.muxes[staff], staff) }

// Portal serves the pages of vendors, below /v/.
func (p *Pages) Portal() http.Handler { return p.guarded(p.muxes[portal], portal) }

// mux is the site's rows.
func (p *Pages) mux(s site) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range p.rows {
		if r.site&s != 0 {
			mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) { p.serve(w, req, s, r) })
		}
	}
	mux.HandleFunc("GET /player", servePlayer)
	mux.Handle("GET /static/{hash}/{path...}", http.HandlerFunc(serveStatic))
	unknown := row{path: "unknown", site: s, title: text2("見つかりません", "Not found"), callers: open(), handle: (*Pages).unknown}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		r := unknown
		r.method = req.Method
		p.serve(w, req, s, r)
	})
	return mux
}
