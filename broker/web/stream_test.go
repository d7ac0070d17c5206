package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"sekimori/broker/registry"
)

// Who is shut out while they look at something does not see on: the look is cut, whether it is waiting for something to show or held up by
// a reader who does not read.
func TestAttackLookOnAfterBeingShutOut(t *testing.T) {
	for name, shut := range map[string]func(w *world, tokens map[string]string){
		"locked": func(w *world, tokens map[string]string) {
			ok[Person](w, "POST", "/v1/people/kacho/lock", tokens["tenken"], LockBody{})
		},
		"tokens revoked": func(w *world, tokens map[string]string) {
			ok[map[string]string](w, "POST", "/v1/people/kacho/revoke-tokens", tokens["joho1"], ReasonBody{Reason: "端末の紛失"})
		},
		"signed out": func(w *world, tokens map[string]string) {
			ok[map[string]bool](w, "POST", "/v1/logout", tokens["kacho"], nil)
		},
		"enrolled anew, which a second person confirms": func(w *world, tokens map[string]string) {
			code := ok[registry.Code](w, "POST", "/v1/people/kacho/enroll-code", tokens["kanri"], EnrollCodeBody{Fresh: w.fresh("kanri")})
			if code.Pending == "" {
				w.t.Error("a head's code is given out by one person")
			}
			ok[map[string]string](w, "POST", "/v1/changes/"+code.Pending+"/confirm", tokens["joho1"], ConfirmBody{Fresh: w.fresh("joho1")})
		},
	} {
		for how, handle := range map[string]func(w *world) func(*Server, *call) error{
			"waiting": func(w *world) func(*Server, *call) error {
				return func(s *Server, c *call) error {
					defer s.streaming(c, "text/plain")()
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
					defer s.streaming(c, "text/plain")()
					_, err := io.WriteString(c.w, "begun\n")
					for err == nil {
						_, err = c.w.Write(make([]byte, 1<<20)) // more than the kernel holds for who does not read
					}
					return err
				}
			},
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				tokens := w.found()
				ended := make(chan struct{})
				look := route{method: "GET", path: "/look", who: everySignedIn(), handle: handle(w)}
				door := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					defer close(ended)
					w.server.serve(rw, r, look)
				}))
				defer door.Close()
				req, err := http.NewRequestWithContext(t.Context(), "GET", door.URL+"/look", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+tokens["kacho"])
				resp, err := door.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				seen := bufio.NewReader(resp.Body)
				if line, err := seen.ReadString('\n'); err != nil || line != "begun\n" {
					t.Fatalf("%q, %v", line, err)
				}
				shut(w, tokens)
				select {
				case <-ended:
				case <-time.After(time.Minute):
					t.Fatal("the look goes on")
				}
				if _, err := io.Copy(io.Discard, seen); err == nil || errors.Is(err, io.EOF) {
					t.Errorf("the look ended as if it were whole: %v", err)
				}
			})
		}
	}
}
