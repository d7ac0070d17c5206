package pages

import (
	"sekimori/broker/view"
	"sekimori/policy/text"
)

// Help is whom to call, as the foot of each page and each refusal say it.
type Help struct {
	Section, Phone string // the section that owns the system, or the reader's own; empty: the institution's telephone alone
	Contact        string // the institution's telephone
	Night          string // at night and on holidays; empty: there is none
}

// Call is the sentence: 人事課 内線1234 ／ 夜間・休日 0000-00-0009.
func (h Help) Call() text.Text {
	call := h.Contact
	if h.Phone != "" {
		call = h.Section + " " + h.Phone
	}
	out := text.Same(call)
	switch {
	case h.Night == "":
	case call == "":
		out = text2("夜間・休日 "+h.Night, "nights and holidays "+h.Night)
	default:
		out = text2(call+" ／ 夜間・休日 "+h.Night, call+" / nights and holidays "+h.Night)
	}
	return out
}

// help is the reader's section: a member of the staff has one, people of a vendor have that of the system of their newest request. It is
// an extra: where it cannot be read, the institution's telephone stands.
func (v *visit) help() Help {
	h := Help{Contact: v.p.o.House.Contact, Night: v.p.o.House.Night}
	if v.person.ID == "" {
		return h
	}
	s, err := v.p.o.Views.SectionToCall(v.r.Context(), v.reader(), "")
	return h.of(s, err)
}

// helpOn is the section that owns the system which the page is about.
func (v *visit) helpOn(system string) Help {
	h := Help{Contact: v.p.o.House.Contact, Night: v.p.o.House.Night}
	s, err := v.p.o.Views.SectionToCall(v.r.Context(), v.reader(), system)
	return h.of(s, err)
}

func (h Help) of(s view.SectionToCall, err error) Help {
	if err == nil {
		h.Section, h.Phone = s.Name, s.Phone
	}
	return h
}
