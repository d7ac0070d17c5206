package web

import (
	"sekimori/broker/fault"
	"sekimori/broker/view"
)

// viewing reads the caller's reason for a look from the call. An explanation must be visible text.
func (c *call) viewing() (view.Why, error) {
	why, ok := view.NewWhy(c.r.FormValue("purpose"), c.r.FormValue("explanation"))
	if !ok {
		return view.Why{}, fault.BadRequest("説明に表示できない文字があるか、長すぎます", "the explanation has characters that cannot be shown, or is too long", nil)
	}
	return why, nil
}
