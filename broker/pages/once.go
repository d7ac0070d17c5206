package pages

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"sekimori/broker/fault"
	"sekimori/policy"
)

// A one-time link hands a token that was given at a real sign-in over to a browser. Only the process itself makes one, for its
// demonstration; no configuration and no caller of the API can.

// mostLinks bounds the memory.
const mostLinks = 64

// links are the tokens behind links that no one has used, by the hash of the link's secret.
type links struct {
	mu     sync.Mutex // guards tokens
	tokens map[[32]byte]string
}

// Once makes a link for the holder of the token: a path of the site that its person belongs to. Error: too many links are open.
func (p *Pages) Once(token string, vendors bool) (string, error) {
	b := make([]byte, 24)
	rand.Read(b) // never fails (crypto/rand)
	secret := base64.RawURLEncoding.EncodeToString(b)
	p.links.mu.Lock()
	defer p.links.mu.Unlock()
	if len(p.links.tokens) >= mostLinks {
		return "", errors.New("too many one-time links are open")
	}
	if p.links.tokens == nil {
		p.links.tokens = map[[32]byte]string{}
	}
	p.links.tokens[sha256.Sum256([]byte(secret))] = token
	if vendors {
		return "/v/once/" + secret, nil
	}
	return "/once/" + secret, nil
}

// take gives the token of a link, once.
func (l *links) take(secret string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := sha256.Sum256([]byte(secret))
	token, ok := l.tokens[key]
	delete(l.tokens, key)
	return token, ok
}

// holds tells whether a link is still open.
func (l *links) holds(secret string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.tokens[sha256.Sum256([]byte(secret))]
	return ok
}

func onceRoutes() []row {
	title := text2("一度だけのサインイン", "One-time sign-in")
	return []row{
		get("/once/{secret}", staff, title, open(), l0, (*Pages).onceForm), post("/once/{secret}", staff, title, open(), l0, (*Pages).once),
		get("/v/once/{secret}", portal, title, open(), l0, (*Pages).onceForm), post("/v/once/{secret}", portal, title, open(), l0, (*Pages).once),
	}
}

func oncePages() map[string]page { return map[string]page{"once": &OncePage{}} }

// OncePage asks for the press that uses a link: a browser that only looks ahead at an address must not use it up.
type OncePage struct {
	Frame
	Action string
}

func (p *Pages) onceForm(v *visit) error {
	if !p.links.holds(v.r.PathValue("secret")) {
		return fault.NotFound()
	}
	return v.show(&OncePage{Frame: v.frame(), Action: v.r.URL.Path})
}

func (p *Pages) once(v *visit) error {
	token, ok := p.links.take(v.r.PathValue("secret"))
	if !ok {
		return fault.NotFound()
	}
	who, err := p.o.Registry.Authenticate(v.r.Context(), token)
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return fault.NotFound()
	}
	if err != nil {
		return fmt.Errorf("authenticate: %w", err)
	}
	if old := v.signedToken(); old != "" && old != token {
		if err := v.forget(old); err != nil {
			return err
		}
	}
	v.setCookie(http.Cookie{Name: signedCookie, Value: token, MaxAge: int(who.Until.Sub(p.o.Clock()) / time.Second)})
	return v.to(v.home())
}
