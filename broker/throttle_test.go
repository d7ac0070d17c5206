package broker_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/broker/internal/testbed"
	"sekimori/broker/ledger"
	"sekimori/broker/registry"
	"sekimori/broker/store"
	"sekimori/policy"
)

const ownersPassword = "正しい馬の電池とホチキス"

// owner enrols a member of staff, and gives the secret of their second factor.
func (o *office) owner() (secret string) {
	o.t.Helper()
	code := o.ownersCode()
	o.with(func(db *store.DB) error {
		people := o.registry(db)
		e, err := people.BeginEnrol(context.Background(), code, "")
		if err != nil {
			return err
		}
		secret = e.Secret
		first, err := registry.CodeAt(secret, o.clock.Now())
		if err != nil {
			return err
		}
		_, err = people.FinishEnrol(context.Background(), code, registry.EnrolInput{Password: ownersPassword, Code: first, Via: "cli"})
		return err
	})
	o.clock.Step(time.Minute)
	return secret
}

// ownersCode registers that person, and gives their enrolment code.
func (o *office) ownersCode() (code string) {
	o.t.Helper()
	o.write(func(tx *store.Tx) error {
		if err := tx.PutPerson(store.Person{Person: policy.Person{ID: "U-009", Login: "kanri", Kind: policy.Staff, Name: "管理", Section: "jinji",
			Roles: []policy.Role{policy.Administrator}}}); err != nil {
			return err
		}
		return tx.PutPerson(store.Person{Person: policy.Person{ID: "U-002", Login: "mochinushi", Kind: policy.Staff, Name: "持主", Section: "jinji"}})
	})
	o.with(func(db *store.DB) error {
		c, err := o.registry(db).IssueCode(context.Background(), "U-002", ledger.Actor{Kind: "person", ID: "U-009", Via: "cli"})
		code = c.Text
		return err
	})
	return code
}

func (o *office) registry(db *store.DB) *registry.Registry {
	return registry.New(registry.Options{DB: db, Keys: o.ring, Zone: o.config.Location(), Hash: cheap})
}

// poller calls the API over HTTPS from one loopback address.
type poller struct {
	client *http.Client
	url    string
}

func newPoller(t *testing.T, url, from string) *poller {
	t.Helper()
	transport := &http.Transport{
		DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &poller{client: &http.Client{Transport: transport, Timeout: time.Minute}, url: url}
}

func (p *poller) login(password, code string) (status int, answer string, err error) {
	return p.post(string(api.LoginPath), api.LoginBody{Login: "mochinushi", Fresh: api.Fresh{Password: password, Code: code}})
}

func (p *poller) post(path string, body any) (status int, answer string, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, "", err
	}
	resp, err := p.client.Post(p.url+path, "application/json", bytes.NewReader(text))
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// 21 addresses guess once a second at a running broker. The owner signs in every half minute from an address that the broker
// does not know, and succeeds each time.
func TestAttackOwnerKeptOutAtTheAPI(t *testing.T) {
	t.Parallel()
	o := found(t, time.Hour, func(c *broker.Config) { c.APIListen = "127.0.0.1:0" })
	secret := o.owner()
	b := o.start()
	url := "https://" + b.APIAddr().String()
	owner := newPoller(t, url, "127.0.0.1")
	var guessers []*poller
	for i := range 21 {
		guessers = append(guessers, newPoller(t, url, fmt.Sprintf("127.0.0.%d", 100+i)))
	}
	in, tried, seconds := 0, 0, 60
	if testbed.Whole() {
		seconds = 180
	}
	for second := range seconds {
		var guessing sync.WaitGroup
		for i, g := range guessers {
			guessing.Go(func() {
				if status, text, err := g.login("間違った馬の電池とホチキス", "000000"); err != nil || status == http.StatusOK {
					t.Errorf("guesser %d: %d %s %v", i, status, text, err)
				}
			})
		}
		if second%30 == 15 { // during the guessing
			tried++
			code, err := registry.CodeAt(secret, o.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			status, text, err := owner.login(ownersPassword, code)
			if err == nil && status == http.StatusOK {
				in++
			} else {
				t.Errorf("second %d: the owner: %d %s %v", second, status, text, err)
			}
		}
		guessing.Wait()
		o.clock.Step(time.Second)
	}
	if in != tried || tried != seconds/30 {
		t.Errorf("the owner got in %d of %d times", in, tried)
	}
}

// Strangers hold every place before the gate, from as many addresses as there are places. An engineer at a known address
// gets in each time.
func TestAttackOwnerKeptOutAtTheGate(t *testing.T) {
	o := found(t, time.Hour)
	e := o.engineers(1)[0]
	o.with(func(db *store.DB) error {
		return db.Keep(context.Background(), store.KeepThrottle, func(k *store.KeepTx) error { return k.NoteProved(e.id, "addr:127.0.0.1") })
	})
	b := o.start()
	crowd := func() {
		for i := range 256 {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i))}, Timeout: 10 * time.Second}
			c, err := d.Dial("tcp", b.addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
		}
	}
	for round := range 3 {
		crowd()
		c, err := e.dial(b.addr)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if _, stderr, exit, err := c.run("exit 7"); err != nil || exit != 7 {
			t.Errorf("round %d: %d %v %s", round, exit, err, stderr)
		}
		c.Close()
		<-c.gone
	}
}

// Strangers hold every connection of the API: an owner at an unknown address still gets one.
func TestAttackConnectionsOfTheAPIHeld(t *testing.T) {
	o := found(t, time.Hour, func(c *broker.Config) { c.APIListen = "127.0.0.1:0" })
	secret := o.owner()
	b := o.start()
	for i := range 512 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i%16))}, Timeout: 10 * time.Second}
		c, err := d.Dial("tcp", b.APIAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	code, err := registry.CodeAt(secret, o.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if status, text, err := newPoller(t, "https://"+b.APIAddr().String(), "127.0.0.1").login(ownersPassword, code); err != nil || status != http.StatusOK {
		t.Errorf("the owner: %d %s %v", status, text, err)
	}
}
