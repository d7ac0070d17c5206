package registry

import (
	"sekimori/broker/forms"
	"sekimori/policy"
)

// checkLines refuses an attested line in the document that founds the registry: no second person confirms it, and a line that rests on
// a person's word needs a rule of two people.
func (d *Document) checkLines(bad *forms.Invalid, st *state) {
	for _, o := range st.objects {
		if o.Kind == kindPerson {
			return // founded already: a second person confirms each rule
		}
	}
	for _, e := range d.Systems {
		if e.Line == policy.LineByHand {
			bad.Problems = append(bad.Problems, d.places[place(kindSystem, e.ID)].Describe("attested-needs-two",
				"目視の回線(line: attested)は、最初の適用では決められません。line: interlocked で始め、次の適用で変えて、別の人が確認してください。",
				"line: attested cannot be set by the first file, which no second person confirms. Begin with line: interlocked, change it with the next file, and have it confirmed"))
		}
	}
}
