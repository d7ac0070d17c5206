package pages

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// The cookies. The browser takes a name with __Host- only over TLS, for this host alone. Without TLS the broker serves only this
// machine, and the plain name stands in.
const (
	signedCookie   = "sekimori"
	languageCookie = "sekimori-language"
	portalSuffix   = "-portal"
	hostPrefix     = "__Host-"
)

// idleLimit is how long a sign-in holds without a request.
const idleLimit = 30 * time.Minute

// setCookie sends a cookie with the properties that all of ours have.
func (v *visit) setCookie(c http.Cookie) {
	c.Path, c.HttpOnly, c.SameSite = "/", true, http.SameSiteLaxMode
	c.Secure, c.Name = v.p.secure(v.r), v.cookieName(c.Name)
	http.SetCookie(v.w, &c)
}

// cookieName is the name as this browser has it. The sites have cookies of their own: on one machine they share a host, and browsers do not
// tell ports apart.
func (v *visit) cookieName(name string) string {
	if v.site == portal && name == signedCookie {
		name += portalSuffix
	}
	if v.p.secure(v.r) {
		return hostPrefix + name
	}
	return name
}

// signedToken is the token in the cookie; empty if there is none.
func (v *visit) signedToken() string {
	c, err := v.r.Cookie(v.cookieName(signedCookie))
	if err != nil {
		return ""
	}
	return c.Value
}

// identify names the person of the cookie. A cookie that does not hold, or no longer, counts as none.
func (v *visit) identify() error {
	token := v.signedToken()
	if token == "" {
		return nil
	}
	who, err := v.p.o.Registry.Recognise(v.r.Context(), token)
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("authenticate: %w", err)
	}
	if stays, err := v.stays(token, who); err != nil || !stays {
		return err
	}
	if (v.site == portal) != ofVendor(who.Person) {
		return nil // a token of staff opens nothing in the portal, and one of a vendor's person nothing here
	}
	if stands, err := v.vendorStands(who.Person); err != nil || !stands {
		return err
	}
	v.p.o.Known(v.r.Context(), who.Person.ID)
	v.until = who.Until
	v.person, v.token = who.Person, who.TokenID
	return nil
}

// stays ends a sign-in that was idle too long, unless its person attends live work, and otherwise notes its use. A page that refreshes
// itself is no use.
func (v *visit) stays(token string, who registry.Principal) (bool, error) {
	if who.Idle > idleLimit {
		attends, err := v.attends(who.Person.ID)
		if err != nil {
			return false, err
		}
		if !attends {
			return false, v.p.o.Registry.Logout(v.r.Context(), who.TokenID, ledger.Actor{Kind: "person", ID: who.Person.ID, Via: door})
		}
	}
	if v.r.Method == http.MethodGet && v.r.Header.Get("HX-Request") != "" {
		return true, nil
	}
	_, err := v.p.o.Registry.Authenticate(v.r.Context(), token)
	return err == nil, err
}

// attends tells whether the person is the attendant of a window that is under way.
func (v *visit) attends(person string) (attends bool, err error) {
	err = v.p.o.DB.Read(v.r.Context(), func(s *store.Snap) error {
		list, err := s.Windows(store.WindowFilter{States: []policy.WindowState{policy.WindowAttended, policy.WindowPermitted}, EndAfter: s.Now})
		attends = slices.ContainsFunc(list, func(w store.Window) bool { return w.Attendant == person })
		return err
	})
	return attends, err
}

// vendorStands is false for people of a locked vendor: as at the other doors, they get in nowhere.
func (v *visit) vendorStands(person policy.Person) (stands bool, err error) {
	if person.Vendor == "" {
		return true, nil
	}
	err = v.p.o.DB.Read(v.r.Context(), func(s *store.Snap) error {
		vendor, err := s.Vendor(person.Vendor)
		if err != nil {
			return fmt.Errorf("vendor of %s: %w", person.ID, err)
		}
		stands = vendor.Locked == nil
		return nil
	})
	return stands, err
}

// allowed asks a row's callers, deputies included.
func (v *visit) allowed(r row) (allowed bool, err error) {
	if r.callers.open || r.callers.Allow(v.person) {
		return true, nil
	}
	err = v.p.o.DB.Read(v.r.Context(), func(s *store.Snap) (err error) {
		allowed, err = r.callers.AllowNow(s, v.person)
		return err
	})
	return allowed, err
}

// secure tells whether the browser speaks TLS, with the broker or with a proxy that is believed.
func (p *Pages) secure(r *http.Request) bool {
	return r.TLS != nil || p.proxied(r) && lastOf(r, "X-Forwarded-Proto") == "https"
}

// proxied tells whether the peer is one of the configured proxies.
func (p *Pages) proxied(r *http.Request) bool {
	peer := peerOf(r)
	return slices.ContainsFunc(p.o.Proxies, func(one netip.Prefix) bool { return one.Contains(peer) })
}

// source is the address of the browser, for counting failures. X-Forwarded-For counts only from a configured proxy, and of it only the
// last address, which that proxy wrote itself.
func (v *visit) source() string {
	peer := peerOf(v.r)
	if v.p.proxied(v.r) {
		if a, err := netip.ParseAddr(lastOf(v.r, "X-Forwarded-For")); err == nil {
			return a.Unmap().String()
		}
	}
	return peer.String()
}

// lastOf is the last value of a header. A proxy adds its own behind those that the browser sent, on the same line or on a line of its own.
func lastOf(r *http.Request, header string) string {
	all := strings.Split(strings.Join(r.Header.Values(header), ","), ",")
	return strings.TrimSpace(all[len(all)-1])
}

func peerOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}
