package hook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"sekimori/policy/text"
)

// mostLinks bounds the symbolic links on the way to a program, as the kernel does.
const mostLinks = 40

// Check tells whether the program may be run, as each run does again. A returned error is an *Error of the kind ErrUnfit.
func (h Hook) Check() error {
	_, err := h.resolve()
	return err
}

// resolve checks the program and returns its path without symbolic links. Every directory and link on the way belongs to the owner,
// so that no other account can put another file in the program's place between this check and the start.
func (h Hook) resolve() (string, error) {
	unfit := func(cause, next text.Text) (string, error) { return "", h.fail(ErrUnfit, cause, next) }
	if !filepath.IsAbs(h.Path) {
		return unfit(text.Of("絶対パスではありません。", "the path is not absolute"), text.Of("/ で始まるパスを書いてください。", "write a path that begins with /"))
	}
	path, left, links := "/", filepath.Clean(h.Path), 0
	for {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return unfit(text.Of(path+" がありません。", path+" does not exist"), text.Of("置き場所を確かめてください。", "check where the program lies"))
		case err != nil:
			return unfit(text.Of(path+" を調べられません: "+err.Error(), path+" cannot be looked at: "+err.Error()), text.Of("途中のディレクトリの権限を確かめてください。", "check the modes of the directories on the way"))
		}
		if err := h.owned(path, info); err != nil {
			return "", err
		}
		left = strings.TrimLeft(left, "/")
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if links++; err != nil || links > mostLinks {
				return unfit(text.Of(path+" のリンクをたどれません。", "the link "+path+" cannot be followed"), text.Of("リンクをやめて、プログラムのパスを書いてください。", "name the program without links"))
			}
			if !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(path), to)
			}
			path, left = "/", filepath.Join(to, left)
			continue
		case left == "":
			return path, h.runs(path, info)
		case !info.IsDir():
			return unfit(text.Of(path+" はディレクトリではありません。", path+" is not a directory"), text.Of("置き場所を確かめてください。", "check where the program lies"))
		}
		var name string
		name, left, _ = strings.Cut(left, "/")
		path = filepath.Join(path, name)
	}
}

// runs checks that the file at the end of the way is a program.
func (h Hook) runs(path string, info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return h.fail(ErrUnfit, text.Of(path+" は通常のファイルではありません。", path+" is not a regular file"), text.Of("プログラムのファイルそのものを書いてください。", "name the file of the program itself"))
	case info.Mode().Perm()&0o111 == 0:
		return h.fail(ErrUnfit, text.Of(path+" は実行できません。", path+" is not executable"), text.Of("chmod 0755 "+path+" を行ってください。", "run chmod 0755 "+path))
	}
	return nil
}

// owned checks that no one but the owner can change what lies at a path. A directory whose sticky bit is set may be writable: there
// only the owner of an entry, which is checked too, can replace it. A link has no mode of its own.
func (h Hook) owned(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return h.fail(ErrUnfit, text.Of(path+" の所有者が分かりません。", "the owner of "+path+" is unknown"), text.Of("ほかのファイルシステムに置いてください。", "put it on another file system"))
	}
	// The system's own directories belong to root for every owner.
	if st.Uid != h.owner && (st.Uid != 0 || info.Mode().IsRegular()) {
		return h.fail(ErrUnfit, text.Of(fmt.Sprintf("%s の所有者が root ではありません(uid %d)。", path, st.Uid), fmt.Sprintf("%s does not belong to root but to uid %d", path, st.Uid)),
			text.Of("chown -h root "+path+" を行ってください。", "run chown -h root "+path))
	}
	kept := info.IsDir() && info.Mode()&fs.ModeSticky != 0
	if info.Mode()&fs.ModeSymlink == 0 && info.Mode().Perm()&0o022 != 0 && !kept {
		return h.fail(ErrUnfit, text.Of(fmt.Sprintf("%s に root 以外が書き込めます(%04o)。", path, info.Mode().Perm()), fmt.Sprintf("others than root can write to %s (%04o)", path, info.Mode().Perm())),
			text.Of("chmod go-w "+path+" を行ってください。", "run chmod go-w "+path))
	}
	return nil
}
