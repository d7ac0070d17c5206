package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/policy"
)

func (p *program) searchCommand() *cli.Command {
	purpose := p.purposeFlag(policy.ActSearch)
	return p.listLeaf("search", "TEXT", "操作記録の中を探す(出力、コマンド、ファイル名、操作。探した言葉は台帳に載ります)", "search recordings: output, commands, names of files, operations (the words are ledgered)", p.searchRecordings,
		purpose, p.explanationFlag(),
		&cli.StringFlag{Name: "system", Usage: p.say("この対象システムだけ", "only of this system")},
		&cli.StringFlag{Name: "from", Usage: p.say("この日から(2026-11-01)", "from this day on (2026-11-01)")},
		&cli.StringFlag{Name: "to", Usage: p.say("この日まで(2026-11-30)", "up to this day (2026-11-30)")})
}

func (p *program) searchRecordings(c *cli.Context) error {
	if c.Args().Len() == 0 {
		return &usageError{ja: "探す言葉がありません", en: "there are no words to search for", hintJA: "sekimori recording search 障害 --purpose periodic-review", hintEN: "sekimori recording search error --purpose periodic-review"}
	}
	q := look(c)
	q.Set("words", strings.Join(c.Args().Slice(), " "))
	for _, name := range []string{"system", "from", "to", "next"} {
		if v := c.String(name); v != "" {
			q.Set(name, v)
		}
	}
	v, err := fetch(p, c, api.SearchPath, q)
	if err != nil {
		return err
	}
	if p.json {
		return p.writeJSON(v)
	}
	return p.showHits(v)
}

// showHits prints each session with its hits, and how far the search went.
func (p *program) showHits(v api.SearchResult) error {
	var b strings.Builder
	for _, s := range v.Items {
		fmt.Fprintf(&b, "%s  %s  %s  %s  %s\n", s.Session, stamp(s.Started), plain(p.named(s.Engineer)), plain(s.Target), s.SayHits().In(p.lang))
		for _, l := range s.Lines {
			at := l.AtMS / 1000
			fmt.Fprintf(&b, "  %s  +%d:%02d:%02d  %s\n", l.At.Format("15:04:05"), at/3600, at/60%60, at%60, plain(p.say(l.JA, l.EN)))
		}
		if more := s.SayMore(); !more.IsZero() {
			fmt.Fprintf(&b, "  %s\n", more.In(p.lang))
		}
	}
	if len(v.Items) == 0 {
		fmt.Fprintln(&b, p.say("条件に合うものがありません。", "No matches."))
	}
	fmt.Fprintln(&b, v.SayExamined().In(p.lang))
	if left := v.SayUnindexed(); !left.IsZero() {
		fmt.Fprintln(&b, left.In(p.lang))
	}
	if v.Next != "" {
		fmt.Fprintf(&b, p.say("続きがあります: --next %s\n", "there is more: --next %s\n"), plain(v.Next))
	}
	_, err := fmt.Fprint(p.out, b.String())
	return err
}

func (p *program) indexCommand() *cli.Command {
	return p.group("index", "操作記録の検索の索引", "the index for searches of recordings",
		p.leaf("status", "", "何件が索引にあるか", "how many recordings are indexed", func(c *cli.Context) error {
			v, err := fetch(p, c, api.SearchIndexPath, nil)
			if err != nil {
				return err
			}
			return p.done(v, v.Say().JA, v.Say().EN)
		}),
		p.leaf("rebuild", "", "索引を消し、操作記録から作り直す(管理者だけ)", "remove the index and build it anew from the recordings (administrators only)", p.rebuildIndex,
			&cli.BoolFlag{Name: "no-wait", Usage: p.say("作り直しの終わりを待たない", "do not wait until it is built")}),
	)
}

// rebuildIndex has the index built anew, and shows the progress until it is.
func (p *program) rebuildIndex(c *cli.Context) error {
	k, err := p.connect(c, true)
	if err != nil {
		return err
	}
	v, err := api.Post(c.Context, k, api.SearchIndexPath, struct{}{})
	if err != nil {
		return err
	}
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for !c.Bool("no-wait") && v.Indexed+v.Failed < v.Recordings {
		fmt.Fprintln(p.err, v.Say().In(p.lang))
		before := v
		for v == before {
			select {
			case <-again.C:
			case <-c.Context.Done():
				return c.Context.Err()
			}
			if v, err = api.Get(c.Context, k, api.SearchIndexPath, url.Values{}); err != nil {
				return err
			}
		}
	}
	return p.done(v, v.Say().JA, v.Say().EN)
}
