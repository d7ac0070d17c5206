package view

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/requests"
	"sekimori/broker/store"
	"sekimori/policy"
)

// Drafts lists the person's own applications that are not handed in, the one saved last first. One person has few: the list is whole.
func (v *Views) Drafts(ctx context.Context, by Reader, _ Page) (out api.List[api.Draft], err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		rows, err := s.Drafts(store.DraftFilter{Owner: by.ID, Kind: store.DraftRequest, State: store.DraftOpen})
		out = Whole(Each(rows, func(d store.Draft) api.Draft { return Draft(d, v.o.Zone) }))
		return err
	})
	return out, err
}

// Draft shows one draft of the person's, with the application as it would be handed in now and what keeps it from that. For everyone
// else it does not exist; the attempt is ledgered. Errors: store.ErrNotFound.
func (v *Views) Draft(ctx context.Context, by Reader, id string) (out api.Draft, err error) {
	hidden := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		d, err := s.Draft(id)
		if err != nil {
			return fmt.Errorf("draft %q: %w", id, err)
		}
		if !policy.MayDraft(by.Person, d.Owner).Allow || d.Kind != store.DraftRequest {
			hidden = true
			return store.ErrNotFound
		}
		out = Draft(d, v.o.Zone)
		out.Offers = requests.OnDraft.Offers(s, by.Person, id)
		if d.State != store.DraftOpen {
			return nil
		}
		j, err := v.o.Desk.Judge(s, d)
		if err != nil {
			return err
		}
		r := Request(j.Request, v.o.Zone)
		r.No, r.State = d.ID, api.DraftState
		out.Request, out.Problems = &r, j.Bad
		j.Form.ClausesTold, j.Form.RecordingTold = false, false
		var file strings.Builder
		err = j.Form.WriteYAML(&file)
		out.Form = file.String()
		return err
	})
	if hidden {
		return api.Draft{}, v.hidden(ctx, by, "draft", id)
	}
	return out, err
}

// Note shows what the person keeps for a later decision on a request, by field; nil: nothing, or the request was edited since.
func (v *Views) Note(ctx context.Context, by Reader, no string) (values map[string][]string, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		d, there, err := requests.NoteOf(s, by.ID, no)
		if err != nil || !there {
			return err
		}
		r, err := s.Request(no)
		if err == nil && r.Version == d.Base {
			values = d.Values
		}
		return err
	})
	return values, err
}

// RequestToEdit reads a request for its form, without an entry about a look: whoever edits a request knows it. Errors as of Request.
func (v *Views) RequestToEdit(ctx context.Context, by Reader, no string) (out api.Request, err error) {
	err = v.SeeRequest(ctx, by, no, func(s *store.Snap, r store.Request) error {
		out = Request(r, v.o.Zone)
		out.Offers = requests.OnRequest.Offers(s, by.Person, no)
		return nil
	})
	return out, err
}

// Draft gives a stored draft as the API shows it.
func Draft(d store.Draft, z *time.Location) api.Draft {
	return api.Draft{ID: d.ID, State: string(d.State), Version: d.Version, Edits: d.Request, Became: d.Became,
		Created: At(d.Created, z), Changed: At(d.Changed, z), Values: d.Values}
}
