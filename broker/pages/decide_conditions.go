package pages

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekimori/broker/api"
	"sekimori/broker/forms"
	"sekimori/broker/view"
	"sekimori/policy"
	"sekimori/policy/text"
)

// conditions offers what this approval can take away.
func (page *DecidePage) conditions(v *visit, r api.Request, b view.Brief, typed url.Values) {
	end := r.End
	if len(r.Occurrences) > 0 {
		end = r.Occurrences[0].End
	}
	page.EndNow = end.In(v.p.o.Zone).Format("2006-01-02T15:04")
	page.End = cmp.Or(typed.Get("condition_end"), page.EndNow)
	var accounts []string
	for _, a := range b.Accounts {
		accounts = append(accounts, a.ID)
	}
	gone := takenBefore(r)
	page.Accounts = choices(accounts, gone.Accounts, typed["condition_accounts"])
	page.Rights = choices(slices.Concat(r.ExtraRights, r.Forwards), gone.Rights, typed["condition_rights"])
	page.Commands = choices(r.Commands, gone.Commands, typed["condition_commands"])
	page.Files, page.NoFiles = r.Files != policy.FilesNone, typed.Get("condition_no_files") != ""
	page.Extension, page.Delegated = typed.Get("condition_extension"), int(b.Delegated.Minutes())
}

// takenBefore joins what earlier approvals of the request's present version took away.
func takenBefore(r api.Request) (c api.Conditions) {
	for _, d := range r.Decisions {
		if d.Version == r.Version {
			c.Accounts, c.Rights = append(c.Accounts, d.Conditions.Accounts...), append(c.Rights, d.Conditions.Rights...)
			c.Commands = append(c.Commands, d.Conditions.Commands...)
		}
	}
	return c
}

// choices are check boxes for what is asked for and still there.
func choices(asked, gone, ticked []string) (out []Choice) {
	for _, one := range asked {
		if !contains(gone, one) {
			out = append(out, Choice{Word: one, Text: text.Same(one), Set: contains(ticked, one)})
		}
	}
	return out
}

// typedConditions reads the conditions of the form. An unchanged end narrows nothing.
func (v *visit) typedConditions(form url.Values) (c api.Conditions, err error) {
	if said := strings.TrimSpace(form.Get("condition_end")); said != "" {
		if c.End, err = forms.Instant("conditions.end", said, v.p.o.Zone); err != nil {
			return c, err
		}
	}
	c.Accounts, c.Rights, c.Commands = form["condition_accounts"], form["condition_rights"], form["condition_commands"]
	c.NoFiles = form.Get("condition_no_files") != ""
	if said := strings.TrimSpace(form.Get("condition_extension")); said != "" {
		n, err := strconv.Atoi(said)
		if err != nil || n < 0 || n > 24*60 {
			return c, forms.Wrong("conditions.extension_limit", "bad-number", "延長の長さを分で書いてください。", "Give the extension in minutes.")
		}
		limit := (time.Duration(n) * time.Minute).Milliseconds()
		c.ExtensionLimitMS = &limit
	}
	return c, nil
}
