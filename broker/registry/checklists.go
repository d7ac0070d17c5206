package registry

import (
	"fmt"
	"slices"

	"sekimori/broker/forms"
)

// checkChecklists holds that a version names one text: a tick counts for the version it was made on.
func (d *Document) checkChecklists(bad *forms.Invalid, st *state) {
	for _, e := range d.Systems {
		have, stored := st.objects[place(kindSystem, e.ID)]
		if !stored || len(have.System.Checklist.Steps) == 0 || len(e.Checklist.Steps) == 0 {
			continue
		}
		old := have.System.Checklist
		same := old.Title == e.Checklist.Title && slices.Equal(old.Steps, e.Checklist.Steps)
		if e.Checklist.Version < old.Version || e.Checklist.Version == old.Version && !same {
			bad.Problems = append(bad.Problems, e.checklist.Describe("checklist-version",
				fmt.Sprintf("手順書を変えるときは、版を第%d版より上げてください。", old.Version), fmt.Sprintf("a changed checklist needs a version above %d", old.Version)))
		}
	}
}
