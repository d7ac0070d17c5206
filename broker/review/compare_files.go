package review

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sekimori/broker/api"
	"sekimori/broker/store"
	"sekimori/policy"
	"sekimori/policy/text"
)

// comparedFiles holds the files of the file gate and of the work reports against what the request allows. A file that passed and that no
// report names differs, and so does one that was stopped.
func comparedFiles(s *store.Snap, window string, files *api.ReviewedFiles) (api.Comparison, error) {
	out := api.Comparison{What: api.CompareFiles, Approved: policy.FilesRule(files.Allowed).Label()}
	if files.Detail != "" {
		out.Approved = text.Of(out.Approved.JA+"("+files.Detail+")", out.Approved.EN+" ("+files.Detail+")")
	}
	gate, err := s.Files(store.FileFilter{Window: window})
	if err != nil {
		return out, fmt.Errorf("files of %s: %w", window, err)
	}
	passed, stopped, untold := 0, 0, 0
	for _, f := range gate {
		switch f.State {
		case policy.FileReleased, policy.FileFetched:
			passed++
			if !slices.ContainsFunc(files.Reported, func(r api.ReportFile) bool {
				return r.SHA256 == f.SHA256 || strings.HasSuffix(string(f.Path), r.Name) && r.Size == f.Size
			}) {
				untold++
			}
		case policy.FileRejected, policy.FileHalted:
			stopped++
		}
	}
	n := len(files.Reported)
	ja, en := []string{"作業報告に " + strconv.Itoa(n) + "件"}, []string{strconv.Itoa(n) + " in the work reports"}
	for _, c := range []struct {
		n      int
		ja, en string
	}{{passed, "授受 %件", "% exchanged"}, {untold, "報告にない授受 %件", "% exchanged and not reported"}, {stopped, "止まったファイル %件", "% stopped"}} {
		if c.n > 0 {
			ja, en = append(ja, strings.Replace(c.ja, "%", strconv.Itoa(c.n), 1)), append(en, strings.Replace(c.en, "%", strconv.Itoa(c.n), 1))
		}
	}
	out.Actual = text.Of(strings.Join(ja, "、"), strings.Join(en, ", "))
	out.Within = untold == 0 && stopped == 0 && (n+passed == 0 || files.Allowed == string(policy.FilesAllowed))
	return out, nil
}

// comparedCommands tells which commands the grants let run, and in how many sessions a rule had to act on one. The commands themselves are in
// the recordings, which a person opens with a purpose.
func comparedCommands(grants []policy.Grant, work Work) api.Comparison {
	out := api.Comparison{What: api.CompareCommands, Within: true}
	var named []string
	shell := false
	for _, g := range grants {
		switch {
		case g.Forced != "":
			named = once(named, g.Forced)
		case len(g.Commands) == 0:
			shell = true
		}
		for _, c := range g.Commands {
			named = once(named, c)
		}
	}
	ja, en := slices.Clone(named), slices.Clone(named)
	if shell {
		ja, en = append(ja, "シェル(命令の限定なし)"), append(en, "a shell, any command")
	}
	out.Approved = text.Of(strings.Join(ja, "、"), strings.Join(en, ", "))
	ruled := 0
	for _, v := range work.Sessions {
		if v.Ruled {
			ruled++
		}
	}
	out.Actual = text.Of("命令の決まりに当たった接続はありません", "no session met a command rule")
	if n := strconv.Itoa(ruled); ruled > 0 {
		out.Actual, out.Within = text.Of("命令の決まりに当たった接続 "+n+"件", n+" session(s) met a command rule"), false
	}
	return out
}
