package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sekimori/broker/api"
	"sekimori/broker/inspect"
	"sekimori/policy"
)

func (p *program) fileState(v api.File) string { return word(p, policy.FileState(v.State)) }

func (p *program) fileColumns() []column[api.File] {
	return []column[api.File]{
		{"番号", "ID", func(v api.File) string { return v.ID }},
		{"状態", "STATE", p.fileState},
		{"向き", "WAY", func(v api.File) string {
			if v.Direction == policy.FilesOut {
				return p.say("持出し", "out")
			}
			return p.say("持込み", "in")
		}},
		{"接続先", "TARGET", func(v api.File) string { return v.Target }},
		{"保守要員", "ENGINEER", func(v api.File) string { return p.named(v.Engineer) }},
		{"大きさ", "BYTES", func(v api.File) string { return strconv.FormatInt(v.Size, 10) }},
		{"ファイル", "PATH", func(v api.File) string { return v.Path }},
		{"期限", "UNTIL", func(v api.File) string {
			if !policy.FileState(v.State).Open() {
				return ""
			}
			return stamp(v.Until)
		}},
	}
}

func (p *program) fileFields() []column[api.File] {
	return append(p.fileColumns(), []column[api.File]{
		{"接続", "SESSION", func(v api.File) string { return v.Session }},
		{"申請", "REQUEST", func(v api.File) string { return v.Request }},
		{"保守事業者", "VENDOR", func(v api.File) string { return v.Vendor }},
		{"受け入れた日時", "TAKEN AT", func(v api.File) string { return stamp(v.At) }},
		{"検証値", "SHA256", func(v api.File) string { return v.SHA256 }},
		{"無害化後の検証値", "SHA256 DELIVERED", func(v api.File) string { return v.Delivered }},
		{"無害化の申告", "SANITISED", func(v api.File) string { return v.Sanitised }},
		{"検査", "INSPECTION", p.findings},
		{"承認", "APPROVALS", p.fileApprovals},
		{"終わり", "ENDED", func(v api.File) string { return strings.TrimSpace(stamp(v.EndedAt) + " " + p.named(v.EndedBy)) }},
		{"中身の保存", "CONTENTS", p.filesKept},
		{"理由", "REASON", func(v api.File) string { return strings.TrimSpace(v.Why + " " + v.Reason) }},
	}...)
}

// filesKept says how long the contents are kept, or that they are gone.
func (p *program) filesKept(v api.File) string {
	switch {
	case !v.Disposed.IsZero():
		return p.say("廃棄済み ", "disposed of ") + stamp(v.Disposed)
	case v.KeptDays > 0:
		return p.say(fmt.Sprintf("終わってから%d日", v.KeptDays), fmt.Sprintf("%d days after its end", v.KeptDays))
	}
	return p.say("操作記録と同じ期間", "as long as recordings")
}

// findings are the inspectors' answers, one after the other.
func (p *program) findings(v api.File) string {
	var all []inspect.Finding
	if json.Unmarshal(v.Findings, &all) != nil {
		return ""
	}
	var said []string
	for _, f := range all {
		said = append(said, strings.TrimSpace(f.Engine+": "+word(p, f.Verdict)+" "+f.Detail))
	}
	return strings.Join(said, ", ")
}

func (p *program) fileApprovals(v api.File) string {
	var said []string
	for _, a := range v.Approvals {
		one := fmt.Sprintf("%d: %s %s", a.Stage, p.named(a.By), stamp(a.At))
		if a.Void {
			one += p.say("(無効)", " (void)")
		}
		said = append(said, one)
	}
	return strings.Join(said, ", ")
}

func (p *program) filesCommand() *cli.Command {
	return p.group("files", "ファイル授受(留置と持出し箱)", "file exchange: held files and the outbox",
		p.listLeaf("list", "", "一覧", "list", func(c *cli.Context) error {
			q := url.Values{}
			if s := c.String("state"); s != "" {
				q.Set("state", s)
			}
			v, err := fetchList(p, c, api.Files.All(), q)
			if err != nil {
				return err
			}
			return list(p, v, "預かっているファイルはありません。", "No file is in the broker's keeping.", p.fileColumns())
		}, &cli.StringFlag{Name: "state", Usage: p.say("この状態だけ(held、out-wait-first、out-wait-second、approved …)", "only this state (held, out-wait-first, out-wait-second, approved …)")}),
		p.leaf("show", "ID", "一つを見る(中身は見ない)", "show one (not its contents)", func(c *cli.Context) error {
			v, err := fetch(p, c, api.Files.Of(c.Args().First()), nil)
			if err != nil {
				return err
			}
			return page(p, v, p.fileFields())
		}),
		p.leaf("get", "ID", "中身を取り出して見る(記録されます)", "get the contents to look at them (it is ledgered)", func(c *cli.Context) error {
			return p.download(c, api.FileContentOf(c.Args().First()), look(c))
		}, p.purposeFlag(policy.ActPlay), p.explanationFlag(), p.outputFlag(), p.forceFlag()),
		actLeaf(p, "files approve", p.fileDone),
		actLeaf(p, "files reject", p.fileDone),
	)
}

func (p *program) fileDone(v api.File) error {
	return p.done(v, fmt.Sprintf("ファイル %s: %s", v.ID, p.fileState(v)), fmt.Sprintf("file %s: %s", v.ID, p.fileState(v)))
}
