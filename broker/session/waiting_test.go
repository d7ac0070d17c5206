package session

import (
	"testing"
	"time"
)

func TestTheWaitingRoomKnowsWhoWaits(t *testing.T) {
	var s Supervisor
	at := time.Unix(1000, 0)
	one, oneLeaves := s.Waits(Waiting{Session: "S-1", Window: "W-1", Person: "E-1", Since: at.Add(time.Second)})
	two, twoLeaves := s.Waits(Waiting{Session: "S-2", Window: "W-1", Person: "E-2", Since: at})
	other, _ := s.Waits(Waiting{Session: "S-3", Window: "W-2", Person: "E-3", Since: at})
	if list := s.WaitingFor("W-1"); len(list) != 0 {
		t.Errorf("nobody waits for anything yet: %v", list)
	}
	one("waiting-window")
	two("waiting-window")
	other("waiting-window")
	one("waiting-attendant")
	list := s.WaitingFor("W-1")
	if len(list) != 2 || list[0].Person != "E-2" || list[1].Person != "E-1" || list[1].State != "waiting-attendant" {
		t.Errorf("%v", list)
	}
	twoLeaves()
	oneLeaves()
	oneLeaves() // twice is once
	if list := s.WaitingFor("W-1"); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}
