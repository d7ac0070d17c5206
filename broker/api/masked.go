package api

import (
	"fmt"

	"sekimori/policy/text"
)

// SayMasked tells how many numbers were masked in a session's output so far; no text: none.
func (s Session) SayMasked() text.Text {
	switch {
	case s.MaskedUnknown:
		return text.Of("個人番号らしい番号を伏せました(関守が止まり、件数は数えられていません)", "numbers were masked (the broker stopped before it counted them)")
	case s.Masked == 0:
		return text.Text{}
	}
	return text.Of(fmt.Sprintf("個人番号らしい番号を%d件伏せました(接続先 %s)", s.Masked, s.Target), fmt.Sprintf("%d number(s) masked on %s", s.Masked, s.Target))
}
