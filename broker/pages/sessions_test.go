package pages

import "testing"

// The card of a session that has ended names its people, its vendor and its system, and says why an act cannot be done now.
func TestTheCardOfASessionNamesItsPeople(t *testing.T) {
	w := found(t)
	s := w.worked()
	for lang, parts := range map[string][]string{
		"ja": {"保守要員A(E-0031)", "例示システム(株)", "人事給与 / hr-db", "接続中ではありません"},
		"en": {"保守要員A(E-0031)", "the session is not under way"},
	} {
		one := w.as("ito").get("/sessions/" + s.ID + "?lang=" + lang)
		one.has(t, parts...)
		one.lacks(t, "not-live", "E-0031 (V-012)", "hr / hr-db")
	}
	w.as("ito").get("/sessions?lang=ja").has(t, "保守要員A(E-0031)")
}

func TestThePurposeOfALookIsMarkedAsRequired(t *testing.T) {
	w := found(t)
	w.as("mori").get("/recordings/"+w.worked().ID+"?lang=ja").has(t, `閲覧目的 <span class="must">必須</span>`)
}
