package web

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

// A person who is locked or signed out during a look no longer sees it: the look is cut, whether it waits for the next part or for
// a reader who does not read.
func TestAttackLookOnAfterBeingShutOut(t *testing.T) {
	t.Parallel()
	for name, shut := range map[string]func(w *world, tokens map[string]string){
		"locked": func(w *world, tokens map[string]string) {
			ok[api.Person](w, "POST", "/v1/people/kacho/lock", tokens["tenken"], api.LockBody{})
		},
		"tokens revoked": func(w *world, tokens map[string]string) {
			ok[map[string]string](w, "POST", "/v1/people/kacho/revoke-tokens", tokens["joho1"], api.ReasonBody{Reason: "端末の紛失"})
		},
		"signed out": func(w *world, tokens map[string]string) {
			ok[map[string]bool](w, "POST", "/v1/logout", tokens["kacho"], nil)
		},
		"the token's time over": func(w *world, _ map[string]string) { w.set.Step(365 * 24 * time.Hour) },
		"enrolled anew, which a second person confirms": func(w *world, tokens map[string]string) {
			code := ok[registry.Code](w, "POST", "/v1/people/kacho/enroll-code", tokens["kanri"], api.EnrollCodeBody{Fresh: w.fresh("kanri")})
			if code.Pending == "" {
				w.t.Error("a head's code is given out by one person")
			}
			ok[map[string]string](w, "POST", "/v1/changes/"+code.Pending+"/confirm", tokens["joho1"], api.ConfirmBody{Fresh: w.fresh("joho1")})
		},
	} {
		for how, handle := range map[string]func(w *world) func(*Server, *call) error{
			"waiting": func(w *world) func(*Server, *call) error {
				return func(s *Server, c *call) error {
					defer s.streaming(c, "text/plain", time.Hour)()
					if _, err := io.WriteString(c.w, "begun\n"); err != nil {
						return err
					}
					if err := http.NewResponseController(c.w).Flush(); err != nil {
						return err
					}
					<-c.r.Context().Done()
					return nil
				}
			},
			"not read": func(w *world) func(*Server, *call) error {
				return func(s *Server, c *call) error {
					defer s.streaming(c, "text/plain", time.Hour)()
					_, err := io.WriteString(c.w, "begun\n")
					for err == nil {
						_, err = c.w.Write(make([]byte, 1<<20)) // more than the kernel buffers for a caller who does not read
					}
					return err
				}
			},
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				tokens := w.found()
				w.looksUntil(tokens["kacho"], handle(w), func() { shut(w, tokens) })
			})
		}
	}
}

// looksUntil begins a look, waits for its first line, and expects the look to be cut by the act that follows.
func (w *world) looksUntil(token string, handle func(*Server, *call) error, cut func()) {
	t := w.t
	t.Helper()
	door, ended := w.door(handle)
	req, err := http.NewRequestWithContext(t.Context(), "GET", door.URL+"/look", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := door.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	seen := bufio.NewReader(resp.Body)
	if line, err := seen.ReadString('\n'); err != nil || line != "begun\n" {
		t.Fatalf("%q, %v", line, err)
	}
	cut()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the look goes on")
	}
	if _, err := io.Copy(io.Discard, seen); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the look ended as if it were whole: %v", err)
	}
}

// door serves one route open to every signed-in person, over a socket with the kernel's buffers; ended is closed with its first call.
func (w *world) door(handle func(*Server, *call) error) (door *httptest.Server, ended chan struct{}) {
	look := route{method: "GET", path: "/look", callers: everySignedIn(), handle: handle}
	ended = make(chan struct{})
	door = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer close(ended)
		w.server.serve(rw, r, look)
	}))
	w.t.Cleanup(door.Close)
	return door, ended
}

// A live stream may be silent for longer than the reading of a part may take, over HTTP/2 too, where a passed deadline
// ends the stream although no write waits.
func TestAStreamMayBeSilent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.found()["tenken"]
	const stall = 3 * time.Second // enough for a loaded machine to send a small part
	look := route{method: "GET", path: "/look", callers: everySignedIn(), handle: func(s *Server, c *call) error {
		defer s.streaming(c, "text/plain", stall)()
		for _, word := range []string{"begun ", "still ", "here"} {
			if _, err := io.WriteString(c.w, word); err != nil {
				return err
			}
			if err := c.showNow(); err != nil {
				return err
			}
			<-time.After(stall * 5 / 4)
		}
		return nil
	}}
	door := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.server.serve(rw, r, look) }))
	door.EnableHTTP2 = true
	door.StartTLS()
	t.Cleanup(door.Close)
	if status, proto, _, got := get(t, door.Client(), "GET", door.URL+"/look", nil, "Authorization", "Bearer "+token); status != http.StatusOK || proto != "HTTP/2.0" || got != "begun still here" {
		t.Errorf("%d %s %q", status, proto, got)
	}
}

// The loss of the role or section that permitted a look ends it, although the token stays valid.
func TestAttackLookOnWithoutTheRole(t *testing.T) {
	for name, change := range map[string]func(p *store.Person){
		"the role taken away": func(p *store.Person) { p.Roles = []policy.Role{policy.Requester} },
		"another section":     func(p *store.Person) { p.Section = "somu" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tokens := w.found()
			const id = "S-20261124-01"
			write := func(fn func(tx *store.Tx) error) {
				t.Helper()
				err := w.db.Write(t.Context(), func(tx *store.Tx) error {
					_, err := tx.Append(ledger.Draft{Kind: "test.act", Actor: ledger.Actor{Kind: "broker", Via: "timer"}})
					return errors.Join(err, fn(tx))
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			write(func(tx *store.Tx) error {
				return errors.Join(
					tx.PutSystem(store.System{System: policy.System{ID: "hr", Name: "人事給与", Section: "jinji", Line: policy.LineNone}}),
					tx.AddSession(store.Session{ID: id, State: store.SessionRefused, System: "hr", Created: w.clock()}))
			})
			w.looksUntil(tokens["kacho"], func(s *Server, c *call) error {
				if _, err := s.mayLook(c, policy.Attempt{Act: policy.ActWatch, Session: id, Purpose: string(policy.Attendance)}, "session"); err != nil {
					return err
				}
				defer s.streaming(c, "text/plain", time.Hour)()
				if _, err := io.WriteString(c.w, "begun\n"); err != nil {
					return err
				}
				if err := http.NewResponseController(c.w).Flush(); err != nil {
					return err
				}
				<-c.r.Context().Done()
				return nil
			}, func() {
				write(func(tx *store.Tx) error { // unrelated: the look goes on
					return tx.PutSystem(store.System{System: policy.System{ID: "zei", Name: "税務", Section: "somu", Line: policy.LineNone}})
				})
				write(func(tx *store.Tx) error {
					p, err := tx.Person("kacho")
					change(&p)
					return errors.Join(err, tx.PutPerson(p))
				})
			})
			if a := w.call("GET", "/v1/whoami", tokens["kacho"], nil); a.status != http.StatusOK {
				t.Errorf("the token opens no more: %d %s", a.status, a.body)
			}
		})
	}
}

// A signed-in person who does not read an answer cannot keep it in the broker's memory: neither a list nor a stream.
func TestAttackKnownCallersWhoReadNothing(t *testing.T) {
	t.Parallel()
	const limit = 100 * time.Millisecond // it cuts callers who do not read at all, on a slow machine too
	for name, handle := range map[string]func(*Server, *call) error{
		"a list": func(_ *Server, c *call) error { return c.reply(string(make([]byte, 64<<20))) }, // more than the kernel buffers
		"a stream": func(s *Server, c *call) error {
			defer s.streaming(c, "text/plain", limit)()
			var err error
			for err == nil {
				_, err = c.w.Write(make([]byte, 1<<20))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			token := w.found()["tenken"]
			w.server.knownAnswer = limit // not for the calls that found the town
			door, ended := w.door(handle)
			conn, err := net.Dial("tcp", door.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET /look HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			select {
			case <-ended:
			case <-time.After(time.Minute):
				t.Fatal("the answer still waits for who does not read")
			}
		})
	}
}

// A slow search is answered all the same, and a stream may take longer in all than each of its parts may.
func TestAnswersTakeTheirTime(t *testing.T) {
	t.Parallel()
	const limit = 3 * time.Second // enough for a loaded machine to send a small part
	pause := func() { <-time.After(limit / 3 * 2) }
	for name, c := range map[string]struct {
		handle func(*Server, *call) error
		want   string
	}{
		"found late": {func(_ *Server, c *call) error {
			pause()
			pause()
			return c.reply("here")
		}, "\"here\"\n"},
		"a long stream": {func(s *Server, c *call) error {
			defer s.streaming(c, "text/plain", limit)()
			for range 3 {
				if _, err := io.WriteString(c.w, "tick "); err != nil {
					return err
				}
				if err := http.NewResponseController(c.w).Flush(); err != nil {
					return err
				}
				pause()
			}
			_, err := io.WriteString(c.w, "done")
			return err
		}, "tick tick tick done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			token := w.found()["tenken"]
			w.server.knownAnswer = limit // not for the calls that found the town
			door, _ := w.door(c.handle)
			if status, _, _, got := get(t, door.Client(), "GET", door.URL+"/look", nil, "Authorization", "Bearer "+token); status != http.StatusOK || got != c.want {
				t.Errorf("%d %q", status, got)
			}
		})
	}
}
