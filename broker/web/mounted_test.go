package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sekimori/broker/act"
	"sekimori/broker/attendance"
	"sekimori/broker/forms"
	"sekimori/broker/freeze"
	"sekimori/broker/papers"
	"sekimori/broker/reports"
	"sekimori/broker/requests"
)

// heard are the acts whose text is no reason to refuse: stops and their reversal keep what can be shown of it (forms.Kept), and the
// others do not use it. An approval is judged within its transaction, because its refusal has an entry.
var heard = map[string]string{
	"freeze on": "a stop", "person lock": "a stop", "vendor lock": "a stop",
	"window close": "a stop", "window cut": "a stop", "attend unpermit": "a stop", "session end": "a stop", "session pause": "a stop", "session resume": "the same text as of a pause",
	"window open": "not used", "attend permit": "not used", "attend take": "not used", "request take": "not used",
	"request approve": "judged within: TestAttackEscapesInAnApprovalsMessage",
	"":                "the text of a new draft is a request file, which its reader judges", "request draft save": "the same file",
}

// TestAttackTextThatCannotBeShown: every text of every act is refused where it has control characters or is too long, before anything
// is read or proved, so that a caller in the process meets the same check as one over HTTP.
func TestAttackTextThatCannotBeShown(t *testing.T) {
	unshown := map[string]bool{}
	refuses(t, requests.Acts(), &requests.Desk{}, unshown)
	refuses(t, attendance.Acts(), &attendance.Service{}, unshown)
	refuses(t, freeze.Acts(), &freeze.Freezer{}, unshown)
	refuses(t, papers.Acts(), &papers.Keeper{}, unshown)
	refuses(t, reports.Acts(), &reports.Service{}, unshown)
	for command := range heard {
		if !unshown[command] {
			t.Errorf("%s stands in the list and refuses such a text, or is gone", command)
		}
	}
}

func refuses[S any](t *testing.T, mounted []act.Mount[S], service S, unshown map[string]bool) {
	for _, m := range mounted {
		for _, key := range texts(reflect.TypeOf(m.Body()).Elem()) {
			for _, text := range []string{"a\x1b[2J", "a\x00", "a\u202eb", strings.Repeat("x", forms.MaxText+1)} {
				if err := said(m, service, key, text); err != nil {
					if unshown[m.Command] = true; heard[m.Command] == "" {
						t.Errorf("%s takes %.10q as %s: %v", m.Command, text, key, err)
					}
				}
			}
		}
	}
}

// said gives an error unless the act refuses the text for what it is.
func said[S any](m act.Mount[S], service S, key, text string) (err error) {
	defer func() {
		if recover() != nil { // the service has no database
			err = errors.New("the text went through")
		}
	}()
	in, _ := json.Marshal(map[string]string{key: text})
	body := m.Body()
	if err := json.Unmarshal(in, body); err != nil {
		return err
	}
	_, err = m.Call(context.Background(), service, "R8-0001", body, act.Caller{})
	var bad *forms.Invalid
	if errors.As(err, &bad) && slices.ContainsFunc(bad.Problems, func(p forms.Problem) bool { return p.Field == key }) {
		return nil
	}
	return fmt.Errorf("answered with %v", err)
}

// texts are the JSON names of a body's texts.
func texts(body reflect.Type) (keys []string) {
	for i := range body.NumField() {
		switch f := body.Field(i); {
		case f.Anonymous:
			keys = append(keys, texts(f.Type)...)
		case f.Type.Kind() == reflect.String:
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			keys = append(keys, name)
		}
	}
	return slices.DeleteFunc(keys, func(key string) bool { return key == "password" || key == "code" }) // the proof's
}
