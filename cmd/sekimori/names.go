package main

import (
	"context"
	"net/url"
	"strings"
	"time"

	"sekimori/broker/api"
)

// named gives a person's title and name, with the id behind: 人事課長 佐藤 花子 (U-011). It gives the id alone where the reader may not see the
// name, or the id is no person's. A command asks for the names once, when it needs the first.
func (p *program) named(id string) string {
	switch {
	case id == "" || p.json:
		return id
	case id == "broker":
		return p.say("関守", "broker")
	}
	if p.names == nil {
		p.names = map[string]string{}
		p.learnNames()
	}
	if name := p.names[id]; name != "" {
		return name + " (" + id + ")"
	}
	return id
}

// namedAll is named for several ids.
func (p *program) namedAll(ids []string) string {
	named := make([]string, len(ids))
	for i, id := range ids {
		named[i] = p.named(id)
	}
	return strings.Join(named, ", ")
}

func (p *program) learnNames() {
	if p.client == nil {
		return
	}
	const patience = 5 * time.Second // a page without names is better than none
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for next := ""; ; {
		q := url.Values{"limit": {"1000"}}
		if next != "" {
			q.Set("next", next)
		}
		people, err := api.Get(ctx, p.client, api.NamesPath, q)
		if err != nil {
			return // vendors' people may not see the list
		}
		for _, one := range people.Items {
			p.names[one.ID] = one.Name
		}
		if next = people.Next; next == "" {
			return
		}
	}
}
