package broker

import (
	"crypto/tls"
	"net/netip"
	"runtime/debug"

	"sekimori/broker/connlimit"
	"sekimori/broker/keys"
	"sekimori/broker/pages"
	"sekimori/broker/web"
)

// openPages opens the TCP listeners: the API with the pages of the staff, and the pages of vendors.
func (b *Broker) openPages(c Config, o Options, ring *keys.Ring, known *connlimit.Known) (err error) {
	if !c.ServesAPI() && c.PortalListen == "" {
		return nil
	}
	var certificate func() (*tls.Certificate, error)
	if !c.PlainHTTP {
		if b.pinned, err = newAPICertificate(c, ring, o.Clock, o.Log.Named("web")); err != nil {
			return err
		}
		certificate = b.pinned.get
	}
	if c.ServesAPI() {
		if b.https, err = web.ListenHTTPS(string(c.APIListen), known, o.Clock); err != nil {
			return err
		}
		o.Log.Info("api_over_https", "address", b.https.Addr().String(), "fingerprint", b.APIFingerprint())
		b.serve("https", func() error { return b.api.ServeHTTPS(b.https, certificate) })
	}
	if c.PortalListen != "" {
		if b.portal, err = web.ListenHTTPS(string(c.PortalListen), known, o.Clock); err != nil {
			return err
		}
		o.Log.Info("portal", "address", b.portal.Addr().String(), "fingerprint", b.APIFingerprint())
		b.serve("portal", func() error { return b.api.ServePortal(b.portal, certificate) })
	}
	return nil
}

// house is what the pages tell about the institution.
func (c Config) house() pages.House {
	return pages.House{
		Institution: c.Institution, Contact: c.Notice.Contact, Night: c.Notice.Night, Language: c.Language, GateName: c.GateName, SSHAddress: string(c.SSHListen),
		Notice: c.noticeSettings(), Version: programVersion(debug.ReadBuildInfo()),
	}
}

// programVersion is the version of the program as Go built it in.
func programVersion(info *debug.BuildInfo, ok bool) string {
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// proxies are the reverse proxies that are believed.
func (c Config) proxies() []netip.Prefix { return prefixes(c.TrustedProxies) }

// sources are the broker's addresses behind an address translation.
func (c Config) sources() []netip.Prefix { return prefixes(c.Gate.Sources) }

func prefixes(list []Prefix) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range list {
		all = append(all, p.Prefix)
	}
	return all
}
