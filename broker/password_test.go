package broker_test

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/api"
	"sekimori/broker/registry"
	"sekimori/broker/store"
)

// Tests check passwords cheaply. Without that option a broker uses the second choice of RFC 9106 §4:
// three passes over 64 MiB in four lanes.
func TestAPasswordCostsWhatProductionAsks(t *testing.T) {
	o := found(t, time.Hour, func(c *broker.Config) { c.APIListen = "127.0.0.1:0" })
	code := o.ownersCode()
	o.hash = registry.Cost{}
	b := o.start()
	owner := newPoller(t, "https://"+b.APIAddr().String(), "127.0.0.1")
	answer := func(path string, body any) string {
		status, text, err := owner.post(path, body)
		if err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s %v", path, status, text, err)
		}
		return text
	}
	var shown api.EnrollSecret
	if err := json.Unmarshal([]byte(answer(string(api.EnrollBeginPath), api.EnrollBegin{Code: code})), &shown); err != nil {
		t.Fatal(err)
	}
	first, err := registry.CodeAt(shown.Secret, o.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	answer(string(api.EnrollFinishPath), api.EnrollFinish{Code: code, Password: ownersPassword, TOTP: first})
	o.with(func(db *store.DB) error {
		return db.Read(context.Background(), func(s *store.Snap) error {
			hash, err := s.Password("U-002")
			if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=4$") {
				t.Errorf("stored as %.40s…", hash)
			}
			return err
		})
	})
}

// The cost of checking a password is no setting: no configuration can lower it.
func TestAttackASettingThatWeakensPasswords(t *testing.T) {
	var look func(reflect.Type)
	look = func(c reflect.Type) {
		for i := range c.NumField() {
			f := c.Field(i)
			if f.Type == reflect.TypeFor[registry.Cost]() || strings.Contains(strings.ToLower(f.Name+string(f.Tag)), "hash") {
				t.Errorf("a setting %s reaches the cost of passwords", f.Name)
			}
			if f.Type.Kind() == reflect.Struct {
				look(f.Type)
			}
		}
	}
	look(reflect.TypeFor[broker.Config]())
}
