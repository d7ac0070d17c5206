package reports

import (
	"testing"

	"sekimori/broker/api"
)

// TestEveryInterventionHasAName looks at all kinds that an attendance record lists.
func TestEveryInterventionHasAName(t *testing.T) {
	for _, kind := range append([]string{"session.ended"}, interventions...) {
		if l := (api.Intervention{Kind: kind}).Label(); l.JA == kind || l.EN == kind {
			t.Errorf("%s has no name", kind)
		}
	}
}
