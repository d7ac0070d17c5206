package view

import (
	"context"
	"encoding/json"

	"sekimori/broker/api"
	"sekimori/broker/files"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/recordings"
)

// Files lists the files in the broker's keeping that the person sees: those that wait for a decision first, then the newest. state narrows
// the list; empty: all.
func (v *Views) Files(ctx context.Context, by Reader, states []policy.FileState, p Page) (api.List[api.File], error) {
	return listRead(ctx, v, p, func(s *store.Snap) ([]api.File, error) {
		sight, err := fileSight(s, by.Person)
		if err != nil || sight.Nothing() {
			return nil, err
		}
		all, err := s.Files(store.FileFilter{Vendor: sight.Vendor, Person: sight.Engineer, States: states})
		out := make([]api.File, 0, len(all))
		for _, row := range all {
			o, err := s.Owner(row.System, row.Vendor)
			if err != nil {
				return nil, err
			}
			if sight.Sees(o, row.Person) {
				out = append(out, v.file(row))
			}
		}
		return out, err
	}, itself, func(one api.File) string {
		part := "1"
		if policy.FileState(one.State).Waits() {
			part = "0"
		}
		return part + newestFirst(one.At) + one.ID
	})
}

// File shows one with its approvals and the offers of the acts on it, without its contents, and writes the entry about the look (L1). Errors:
// store.ErrNotFound, also for one that the person does not see.
func (v *Views) File(ctx context.Context, by Reader, id string) (out api.File, err error) {
	if out, err = v.FileBefore(ctx, by, id); err != nil {
		return out, err
	}
	return out, v.Looked(ctx, by, "file.viewed", []string{id, by.ID}, map[string]string{"file": id})
}

// FileBefore is File without the entry, for the form that asks for a purpose before a look at the contents.
func (v *Views) FileBefore(ctx context.Context, by Reader, id string) (out api.File, err error) {
	seen := false
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		on, err := s.OnFile(id)
		if err != nil {
			return err
		}
		sight, err := fileSight(s, by.Person)
		if err != nil {
			return err
		}
		o, err := s.Owner(on.File.System, on.File.Vendor)
		if seen = sight.Sees(o, on.File.Person); seen {
			out = v.wholeFile(on)
			out.Offers = files.OnFile.Offers(s, by.Person, id)
		}
		return err
	})
	if err == nil && !seen {
		err = v.hidden(ctx, by, "file", id)
	}
	return out, err
}

// FileNow shows a file as an act left it.
func (v *Views) FileNow(ctx context.Context, id string) (out api.File, err error) {
	err = v.o.DB.Read(ctx, func(s *store.Snap) error {
		on, err := s.OnFile(id)
		out = v.wholeFile(on)
		return err
	})
	return out, err
}

func fileSight(s *store.Snap, p policy.Person) (policy.FileSight, error) {
	sections, err := s.StandsInFor(p.ID)
	return policy.SeeFiles(p, sections), err
}

func (v *Views) wholeFile(on store.OnFile) api.File {
	out := v.file(on.File)
	out.KeptDays = on.Facts.System.KeepFilesDays
	for i, a := range on.Approvals {
		out.Approvals = append(out.Approvals, api.FileApproval{Stage: a.Stage, By: a.By, OnBehalf: a.OnBehalf, At: At(a.At, v.o.Zone), Reason: a.Reason, Void: on.Facts.Approvals[i].Void})
	}
	return out
}

func (v *Views) file(f store.File) api.File {
	z := v.o.Zone
	out := api.File{
		ID: f.ID, Direction: f.Direction, State: string(f.State), Session: f.Session, Window: f.Window, Request: f.Request, System: f.System, Target: f.Target, Vendor: f.Vendor,
		Engineer: f.Person, Size: f.Size, SHA256: f.SHA256, Delivered: f.After, Findings: f.Findings, Sanitised: f.Sanitised, Why: f.Why, At: At(f.At, z), Until: At(f.Until, z),
		EndedAt: At(f.EndedAt, z), EndedBy: f.EndedBy, Reason: f.Reason, Disposed: At(f.Disposed, z), Approvals: []api.FileApproval{},
	}
	if len(out.Findings) == 0 {
		out.Findings = json.RawMessage("[]")
	}
	out.Path, out.PathRaw = recordings.Legible(f.Path)
	return out
}
