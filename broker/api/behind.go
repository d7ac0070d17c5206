package api

import "sekimori/policy/text"

// SayBehind tells that a session is paused because its recording lags, and since when; no text: it does not lag.
func (s Session) SayBehind() text.Text {
	if s.Behind.IsZero() {
		return text.Text{}
	}
	at := s.Behind.Format("15:04:05")
	return text.Of("操作記録の保存が遅れているため、"+at+" から一時停止中です。入力も出力も通りません。回復すると続き、10秒続くと切断します。",
		"Paused since "+at+": the recording's disk is slow. Neither keys nor output pass. The work goes on once the disk has caught up, or is cut after 10 s.")
}
