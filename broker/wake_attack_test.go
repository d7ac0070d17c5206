package broker_test

import (
	"testing"
	"time"

	"sekimori/broker"
	"sekimori/broker/api"
)

// Each act ends the session by the commit that it makes, not only at the next look of the clock, also where its rows do not name the window.
func TestAttackCutPromptlyByIndirectChanges(t *testing.T) {
	t.Parallel()
	freeze := func(scope, subject string) func(*office, *engineer) {
		return func(o *office, _ *engineer) {
			post(o, api.Path[any](api.Freezes), map[string]any{"scope": scope, "subject": subject, "reason": "x"})
		}
	}
	because := map[string]any{"reason": "x"}
	for name, do := range map[string]func(*office, *engineer){
		"vendor lock":   func(o *office, _ *engineer) { post(o, api.Path[any](api.Vendors.Act("V-001", "lock")), because) },
		"person lock":   func(o *office, e *engineer) { post(o, api.Path[any](api.People.Act(e.id, "lock")), because) },
		"freeze all":    freeze("all", ""),
		"freeze system": freeze("system", "hr"),
		"freeze vendor": freeze("vendor", "V-001"),
		"unpermit":      func(o *office, _ *engineer) { post(o, api.Path[any](api.Windows.Act(office1, "unpermit")), because) },
		"close":         func(o *office, _ *engineer) { post(o, api.Path[any](api.Windows.Act(office1, "close")), because) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := found(t, time.Hour, func(c *broker.Config) { c.RecheckInterval = broker.Duration(time.Minute) })
			e := o.engineers(1)[0]
			b := o.start()
			c := e.mustDial(b.addr)
			c.mustStream(t, "beat").await(1)
			do(o, e)
			select {
			case <-c.gone:
			case <-time.After(40 * time.Second): // the regular look comes after a minute
				t.Error("not cut by the commit")
			}
		})
	}
}
