package requests

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sekimori/broker/forms"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// Conditions joins the conditions of all approvals of the request's present version. The zero value narrows nothing.
func Conditions(s *store.Snap, r store.Request) (store.Conditions, error) {
	decisions, err := s.Decisions(r.No)
	if err != nil {
		return store.Conditions{}, fmt.Errorf("read decisions: %w", err)
	}
	var all store.Conditions
	for _, made := range decisions {
		if made.Verdict == store.VerdictApprove && made.Version == r.Version {
			all = together(all, made.Conditions)
		}
	}
	return all, nil
}

// together adds a further approval's conditions. Of two limits the narrower holds.
func together(a, b store.Conditions) store.Conditions {
	out := store.Conditions{End: a.End, Accounts: slices.Clone(a.Accounts), Rights: slices.Clone(a.Rights),
		Commands: slices.Clone(a.Commands), NoFiles: a.NoFiles || b.NoFiles, ExtensionLimitMS: a.ExtensionLimitMS, Note: a.Note}
	if !b.End.IsZero() && (out.End.IsZero() || b.End.Before(out.End)) {
		out.End = b.End
	}
	for _, id := range b.Accounts {
		if !slices.Contains(out.Accounts, id) {
			out.Accounts = append(out.Accounts, id)
		}
	}
	for _, right := range b.Rights {
		if !slices.Contains(out.Rights, right) {
			out.Rights = append(out.Rights, right)
		}
	}
	for _, command := range b.Commands {
		if !slices.Contains(out.Commands, command) {
			out.Commands = append(out.Commands, command)
		}
	}
	if b.ExtensionLimitMS != nil && (out.ExtensionLimitMS == nil || *b.ExtensionLimitMS < *out.ExtensionLimitMS) {
		out.ExtensionLimitMS = b.ExtensionLimitMS
	}
	if b.Note != "" {
		out.Note = strings.TrimPrefix(out.Note+"\n"+b.Note, "\n")
	}
	return out
}

// narrows tells whether conditions take anything away.
func narrows(c store.Conditions) bool {
	return !c.End.IsZero() || len(c.Accounts) > 0 || len(c.Rights) > 0 || len(c.Commands) > 0 || c.NoFiles || c.ExtensionLimitMS != nil || c.Note != ""
}

// narrowing checks new conditions against the request with earlier conditions applied. An approver can narrow a request, never widen
// it: a widening condition is a problem with its place.
func narrowing(r store.Request, sys store.System, c store.Conditions, zone *time.Location) (store.Conditions, error) {
	bad := &forms.Invalid{}
	problem := func(field, code, ja, en string) {
		bad.Problems = append(bad.Problems, forms.Problem{Field: "conditions." + field, Code: code, JA: ja, EN: en})
	}
	first := spansOf(r)[0]
	c.End = c.End.UTC().Truncate(time.Millisecond)
	switch said := first.End.In(zone).Format("2006-01-02 15:04"); {
	case c.End.IsZero():
	case c.End.After(first.End):
		problem("end", "condition-widens", "終了は "+said+" より遅くできません。広げるには差し戻して申請し直します。",
			"The end cannot be later than "+said+": a request is narrowed, never widened.")
	case !first.Start.Before(c.End):
		problem("end", "end-before-start", "終了は開始より後にしてください。", "End must be after start.")
	case c.End.Equal(first.End):
		c.End = time.Time{}
	case slices.ContainsFunc(spansOf(r), func(o policy.Span) bool { return !o.Start.Before(o.End.Add(c.End.Sub(first.End))) }):
		// On a day when the clock is put forward, an occurrence may be shorter than the first.
		problem("end", "condition-leaves-nothing", "それでは時間の残らない回があります。差し戻して、回を分けて申請してもらってください。",
			"An occurrence would have no time left: return the request and have it split.")
	}
	for _, id := range c.Accounts {
		if !slices.Contains(r.Body.Accounts, id) {
			problem("accounts", "condition-unknown", id+" は申請されていません。", fmt.Sprintf("Account %q is not asked for.", id))
		}
	}
	if len(c.Accounts) > 0 && !slices.ContainsFunc(r.Body.Accounts, func(id string) bool { return !slices.Contains(c.Accounts, id) }) {
		problem("accounts", "condition-leaves-nothing", "作業用アカウントが残りません。却下するか差し戻してください。", "No account would be left: reject or return it.")
	}
	for _, right := range c.Rights {
		if !slices.Contains(r.Body.ExtraRights, right) && !slices.Contains(r.Body.Forwards, right) {
			problem("rights", "condition-unknown", right+" は申請されていません。", fmt.Sprintf("Right %q is not asked for.", right))
		}
	}
	c.Commands = commandsTaken(r.Body.Commands, c.Commands, problem)
	c.NoFiles = c.NoFiles && r.Body.Files != policy.FilesNone
	if limit := c.ExtensionLimitMS; limit != nil {
		most := sys.Delegated.Milliseconds()
		if r.Body.ExtensionLimitMS != nil {
			most = min(most, *r.Body.ExtensionLimitMS)
		}
		said := text.Length(time.Duration(most) * time.Millisecond)
		if most == 0 {
			said = text.Of("0分", "0 min")
		}
		if *limit > most {
			problem("extension_limit", "condition-widens", "立会者に任せる延長は"+said.JA+"を超えられません。", "Attendants may extend by at most "+said.EN+"; a request is never widened.")
		} else if *limit < 0 {
			problem("extension_limit", "bad-duration", "延長の長さは0以上です。", "The extension cannot be less than nothing.")
		}
	}
	c.Note = strings.TrimSpace(c.Note)
	if forms.Printable(c.Note) != c.Note || len(c.Note) > 4*forms.MaxText {
		problem("note", "control-character", "表示できない文字があるか、長すぎます。", "Contains characters that cannot be shown, or is too long.")
	}
	return c, bad.OrNil()
}

// narrowed applies the conditions to the request. Each occurrence of a recurring window ends earlier by as much as the first.
func narrowed(r store.Request, c store.Conditions) store.Request {
	spans := spansOf(r)
	if !c.End.IsZero() && c.End.Before(spans[0].End) {
		less := spans[0].End.Sub(c.End)
		for i := range spans {
			spans[i].End = spans[i].End.Add(-less)
		}
		place(&r, spans)
	}
	r.Body.Accounts, r.Body.ExtraRights = without(r.Body.Accounts, c.Accounts), without(r.Body.ExtraRights, c.Rights)
	r.Body.Forwards, r.Body.Commands = without(r.Body.Forwards, c.Rights), without(r.Body.Commands, c.Commands)
	if c.NoFiles {
		r.Body.Files, r.Body.FileDirection, r.Body.FilesDetail = policy.FilesNone, "", ""
		r.Body.FilePathsIn, r.Body.FilePathsOut, r.Body.FileLimitMiB, r.Body.Sanitised = nil, nil, 0, ""
	}
	if c.ExtensionLimitMS != nil {
		r.Body.ExtensionLimitMS = c.ExtensionLimitMS
	}
	return r
}

// without gives the values that are not taken away.
func without(have, taken []string) []string {
	return slices.DeleteFunc(slices.Clone(have), func(v string) bool { return slices.Contains(taken, v) })
}

// ConditionsText gives conditions for people, one per line; empty for none.
func ConditionsText(c store.Conditions, lang string, zone *time.Location) string {
	say := func(ja, en string) string { return policy.Text{JA: ja, EN: en}.In(lang) }
	var lines []string
	if !c.End.IsZero() {
		at := c.End.In(zone).Format("2006-01-02 15:04")
		lines = append(lines, say("終了は "+at+" まで", "ends "+at))
	}
	for _, id := range c.Accounts {
		lines = append(lines, say("アカウント "+id+" は使わない", "without account "+id))
	}
	for _, right := range c.Rights {
		lines = append(lines, say("権限「"+right+"」は除く", "without the right "+right))
	}
	for _, command := range c.Commands {
		lines = append(lines, say("命令「"+command+"」は除く", `without the command "`+command+`"`))
	}
	if c.NoFiles {
		lines = append(lines, say("ファイル授受なし", "no file exchange"))
	}
	if c.ExtensionLimitMS != nil {
		said := text.Length(time.Duration(*c.ExtensionLimitMS) * time.Millisecond)
		if *c.ExtensionLimitMS == 0 {
			said = text.Of("0分", "0 min")
		}
		lines = append(lines, say("立会者の延長は合わせて"+said.JA+"まで", "attendants extend by at most "+said.EN+" in all"))
	}
	if c.Note != "" {
		lines = append(lines, c.Note)
	}
	return strings.Join(lines, "\n")
}
