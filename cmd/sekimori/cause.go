package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"sekimori/policy/text"
	"sekimori/recordings"
)

// The next step after an error of a file or a directory that a command was given.
const (
	checkFileJA = "ファイルの名前と場所、読み書きする権限を確かめてください"
	checkFileEN = "check the name and the place of the file, and the permission to read or write it"
)

type ordinaryError struct {
	err    error
	ja, en string
}

// ordinary are the errors of files and connections that people meet, in their words.
var ordinary = []ordinaryError{
	{fs.ErrNotExist, "ファイルか場所がありません", "there is no such file or directory"},
	{fs.ErrPermission, "権限がありません", "no permission"},
	{syscall.EISDIR, "ファイルではなくディレクトリです", "it is a directory and no file"},
	{syscall.ENOTDIR, "ディレクトリではありません", "it is no directory"},
	{syscall.ENOSPC, "空きがありません", "no space is left"},
	{syscall.EDQUOT, "割り当てられた容量を使い切りました", "the quota is used up"},
	{syscall.EROFS, "書込みのできない場所です", "the place cannot be written to"},
	{syscall.EADDRINUSE, "そのアドレスはほかのプログラムが使っています", "another program uses that address"},
	{recordings.ErrNoKey, "この秘密鍵では開きません", "none of the identities opens it"},
}

// causeOf is the cause of a command's failure in both languages: the words of ordinary errors, and the error's own for any other.
func causeOf(err error) text.Text {
	i := slices.IndexFunc(ordinary, func(o ordinaryError) bool { return errors.Is(err, o.err) })
	if i < 0 {
		return text.Same(err.Error())
	}
	at := ""
	if file := new(fs.PathError); errors.As(err, &file) {
		at = file.Path + ": "
		if dir, name := filepath.Split(file.Path); strings.HasPrefix(name, beingWritten) {
			at = dir + ": " // the file has its own name once it is whole
		}
	}
	return text.Of(at+ordinary[i].ja, at+ordinary[i].en)
}

// ofFile tells whether an error is one of a file or a directory.
func ofFile(err error) bool { return errors.As(err, new(*fs.PathError)) }
