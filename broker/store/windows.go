package store

import (
	"sekimori/policy"
)

const windowColumns = `SELECT w.id, w.request, w.system, w.starts, w.ends, w.state, w.attendant, w.closed_by, w.reason,
	w.emergency, w.drill, w.present, w.backup_at, w.overrides,
	w.opened_at, w.permitted_at, w.permitted_by, w.closed_at FROM windows w`

func scanWindow(r scanner) (Window, error) {
	var w Window
	err := r.Scan(&w.ID, &w.Request, &w.System, at(&w.Start), at(&w.End), &w.State, optional{&w.Attendant}, &w.ClosedBy, &w.Reason,
		&w.Emergency, &w.Drill, at(&w.Present), at(&w.BackupAt), body{&w.Overrides}, at(&w.OpenedAt), at(&w.PermittedAt), &w.PermittedBy, at(&w.ClosedAt))
	return w, err
}

// Window reads one window. Errors: ErrNotFound.
func (s *Snap) Window(id string) (Window, error) {
	return get(s, scanWindow, windowColumns+` WHERE w.id = ?`, id)
}

// Windows lists windows by start.
func (s *Snap) Windows(f WindowFilter) ([]Window, error) {
	w := f.where()
	order := ` ORDER BY +w.starts, w.id LIMIT ?` // upcoming windows are found by their end, without walking through those long over
	if f.Newest {
		order = ` ORDER BY w.starts DESC, w.id DESC LIMIT ?`
	}
	return list(s, scanWindow, windowColumns+w.String()+order, append(w.args, limit(f.Limit))...)
}

// WindowPage reads a page. Windows that are not over come first, by their start; then the rest, the latest first.
func (s *Snap) WindowPage(f WindowFilter, p Page) (Paged[Window], error) {
	return listing[Window]{table: "windows w", query: windowColumns, scan: scanWindow, where: f.where(),
		first:  "w.ends > ? AND (w.state IN ('scheduled', 'attended', 'permitted') OR w.closed_at > ?)",
		orders: [2]order{{keys: []string{"w.starts", "w.id"}}, {keys: []string{"w.starts", "w.id"}, desc: true}},
		column: "w.id", name: func(v Window) string { return v.ID }}.page(s, p)
}

func (f WindowFilter) where() where {
	var w where
	// SQLite checks window by window in the list's order, and stops at its limit.
	w.sight(f.Sight, "w.system", "EXISTS (SELECT 1 FROM requests q WHERE q.no = w.request AND q.vendor = ?)")
	w.text("w.request = ?", f.Request)
	w.text("w.system = ?", f.System)
	w.section("w.system", f.Section)
	in(&w, "w.state", f.States)
	if !f.EndAfter.IsZero() {
		w.and("w.ends > ?", ms(f.EndAfter))
	}
	if !f.StartBefore.IsZero() {
		w.and("w.starts < ?", ms(f.StartBefore))
	}
	return w
}

// AddWindow stores a new window.
func (t *Tx) AddWindow(w Window) error {
	overrides, err := encode(orEmpty(w.Overrides))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO windows (id, request, system, starts, ends, state, attendant, opened_at, permitted_at, permitted_by,
		closed_by, closed_at, reason, emergency, drill, present, backup_at, overrides) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.ID, w.Request, w.System, ms(w.Start), ms(w.End), string(w.State), orNull(w.Attendant), ms(w.OpenedAt), ms(w.PermittedAt),
		w.PermittedBy, w.ClosedBy, ms(w.ClosedAt), w.Reason, w.Emergency, w.Drill, ms(w.Present), ms(w.BackupAt), overrides)
	return exists(err)
}

// UpdateWindow replaces all of a window except its id and request. Errors: ErrNotFound.
func (t *Tx) UpdateWindow(w Window) error {
	if _, err := t.exec(`UPDATE grants SET ends = ? WHERE window = ? AND ends <> ?`, ms(w.End), w.ID, ms(w.End)); err != nil {
		return err
	}
	overrides, err := encode(orEmpty(w.Overrides))
	if err != nil {
		return err
	}
	return t.one(`UPDATE windows SET system = ?, starts = ?, ends = ?, state = ?, attendant = ?, opened_at = ?, permitted_at = ?,
		permitted_by = ?, closed_by = ?, closed_at = ?, reason = ?, present = ?, backup_at = ?, overrides = ? WHERE id = ?`,
		w.System, ms(w.Start), ms(w.End), string(w.State), orNull(w.Attendant), ms(w.OpenedAt), ms(w.PermittedAt),
		w.PermittedBy, w.ClosedBy, ms(w.ClosedAt), w.Reason, ms(w.Present), ms(w.BackupAt), overrides, w.ID)
}

// A grant is read with its window, the state of its request, and the person who decided last.
const grantColumns = `SELECT g.id, g.person, g.vendor, g.target, g.account, g.request, g.files, g.forwards, g.state, g.revoked_by,
	g.revoked_reason, g.person_limit, r.state, r.version, r.approved_version, coalesce(d.by, ''), coalesce(d.reason, ''),
	w.id, w.request, w.system, w.starts, w.ends, w.state, w.attendant, w.closed_by, w.reason,
	w.emergency, w.drill, w.present, w.backup_at, w.overrides,
	coalesce(json_extract(r.body, '$.file_direction'), ''), coalesce(json_extract(r.body, '$.file_paths_in'), '[]'),
	coalesce(json_extract(r.body, '$.file_paths_out'), '[]'), coalesce(json_extract(r.body, '$.file_limit_mib'), 0),
	coalesce(json_extract(r.body, '$.sanitised'), ''), coalesce(g.commands, json_extract(r.body, '$.commands'), '[]'),
	coalesce(json_extract(r.body, '$.forced_command'), '')
	FROM grants g JOIN windows w ON w.id = g.window JOIN requests r ON r.no = g.request
	LEFT JOIN decisions d ON d.id = (SELECT max(id) FROM decisions WHERE request = g.request)`

func scanGrant(r scanner) (policy.Grant, error) {
	var g policy.Grant
	w := &g.Window
	err := r.Scan(&g.ID, &g.Person, &g.Vendor, &g.Target, &g.Account, &g.Request, &g.Files, body{&g.Forwards}, &g.State, &g.RevokedBy,
		&g.RevokedReason, &g.PersonLimit, &g.RequestState, &g.RequestVersion, &g.ApprovedVersion, &g.DecidedBy, &g.DecidedReason,
		&w.ID, &w.Request, &w.System, at(&w.Start), at(&w.End), &w.State, optional{&w.Attendant}, &w.ClosedBy, &w.Reason,
		&w.Emergency, &w.Drill, at(&w.Present), at(&w.BackupAt), body{&w.Overrides},
		&g.FileDirection, body{&g.FilePathsIn}, body{&g.FilePathsOut}, &g.FileLimitMiB, &g.Sanitised, body{&g.Commands}, &g.Forced)
	return g, err
}

// Grant reads one grant with its window and request. Errors: ErrNotFound.
func (s *Snap) Grant(id string) (policy.Grant, error) {
	return get(s, scanGrant, grantColumns+` WHERE g.id = ?`, id)
}

// Grants lists all grants of a person (by id), by start of the window.
func (s *Snap) Grants(person string) ([]policy.Grant, error) {
	return s.GrantsWhere(GrantFilter{Person: person})
}

// GrantsWhere lists grants by start of the window.
func (s *Snap) GrantsWhere(f GrantFilter) ([]policy.Grant, error) {
	var w where
	w.text("g.person = ?", f.Person)
	w.text("g.vendor = ?", f.Vendor)
	w.text("g.window = ?", f.Window)
	w.text("g.request = ?", f.Request)
	if !f.EndAfter.IsZero() {
		w.and("g.ends > ?", ms(f.EndAfter))
	}
	return list(s, scanGrant, grantColumns+w.String()+` ORDER BY w.starts, g.id`, w.args...)
}

// AddGrant stores a new grant. It stores only the grant's own fields; a later read takes
// the others from window and request. The window must be stored already.
func (t *Tx) AddGrant(g policy.Grant) error {
	forwards, err := encode(orEmpty(g.Forwards))
	if err != nil {
		return err
	}
	var commands any // NULL: those of the request
	if len(g.Commands) > 0 {
		if commands, err = encode(g.Commands); err != nil {
			return err
		}
	}
	_, err = t.exec(`INSERT INTO grants (id, person, vendor, target, account, window, request, files, forwards, commands, state, revoked_by,
		revoked_reason, person_limit, ends) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT ends FROM windows WHERE id = ?))`,
		g.ID, g.Person, g.Vendor, g.Target, g.Account, g.Window.ID, g.Request, string(g.Files), forwards, commands, string(g.State),
		g.RevokedBy, g.RevokedReason, g.PersonLimit, g.Window.ID)
	return exists(err)
}

// SetGrantState revokes or voids a grant. Errors: ErrNotFound.
func (t *Tx) SetGrantState(id string, state policy.GrantState, by, reason string) error {
	return t.one(`UPDATE grants SET state = ?, revoked_by = ?, revoked_reason = ? WHERE id = ?`, string(state), by, reason, id)
}
