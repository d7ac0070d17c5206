package recordings

import (
	"fmt"
	"slices"
	"strings"
)

// file joins the start of an operation on a file with its end: one line for each file, however often it is read or written.
func (d *doing) file(f Frame, say func(ja, en string)) {
	if f.Event == EventFile {
		op := body[FileOp](f)
		d.scp = d.scp || op.Op == FileSCPSend || op.Op == FileSCPReceive
		if len(d.files) >= mostOpenFiles { // told now, so that it is told
			ja, en := d.files[0].words(FileEnd{})
			say(ja+" …", en+" …")
			d.files = slices.Delete(d.files, 0, 1)
		}
		d.files = append(d.files, op)
		return
	}
	end := body[FileEnd](f)
	if end.ID == 0 {
		say("ほかのファイル操作"+end.moved("ja"), "other file operations"+end.moved("en"))
		return
	}
	i := slices.IndexFunc(d.files, func(op FileOp) bool { return op.ID == end.ID })
	if i < 0 {
		return // it was told when there were too many
	}
	op := d.files[i]
	d.files = slices.Delete(d.files, i, i+1)
	ja, en := op.words(end)
	switch status := said(end.Status); {
	case end.OK:
		say(ja, en)
	case status == "":
		say(ja+" 失敗", en+" failed")
	default:
		say(ja+" 失敗: "+status, en+" failed: "+status)
	}
}

// unanswered says which operations were asked for and have no end.
func (d *doing) unanswered(say func(ja, en string)) {
	for _, op := range d.files {
		ja, en := op.words(FileEnd{})
		say(ja+" 応答なし", en+" not answered")
	}
	d.files = nil
}

// words says what was done to which file.
func (op FileOp) words(end FileEnd) (ja, en string) {
	path := said(op.Path)
	both := func(j, e string) (string, string) { return j + " " + path, e + " " + path }
	switch op.Op {
	case FileOpen:
		ja, en = both("ファイル", "file")
		flags := said(strings.Join(op.Flags, ","))
		switch {
		case end.Read+end.Written > 0:
			return ja + end.moved("ja"), en + end.moved("en")
		case flags != "":
			return ja + " (" + flags + ") 0 バイト", en + " (" + flags + ") 0 bytes"
		}
		return ja, en
	case FileSCPSend:
		ja, en = both("ファイル送信(scp)", "file sent (scp)")
		return ja + op.announced("ja") + end.moved("ja"), en + op.announced("en") + end.moved("en")
	case FileSCPReceive:
		ja, en = both("ファイル受信(scp)", "file received (scp)")
		return ja + op.announced("ja") + end.moved("ja"), en + op.announced("en") + end.moved("en")
	case FileOpenDir:
		return both("一覧", "list")
	case FileRemove:
		return both("削除", "remove")
	case FileMkdir:
		return both("ディレクトリ作成", "make directory")
	case FileRmdir:
		return both("ディレクトリ削除", "remove directory")
	case FileRename:
		ja, en = both("名前変更", "rename")
	case FileSymlink:
		ja, en = both("シンボリックリンク", "symbolic link")
	case FileLink:
		ja, en = both("ハードリンク", "hard link")
	case FileCopy:
		ja, en = both("複写", "copy")
	case FileSetStat:
		ja, en = both("属性変更", "set attributes")
		if len(op.Flags) > 0 {
			set := " (" + said(strings.Join(op.Flags, ",")) + ")"
			ja, en = ja+set, en+set
		}
		if op.Mode != nil {
			mode := fmt.Sprintf(" %04o", *op.Mode&0o7777)
			ja, en = ja+mode, en+mode
		}
	default:
		ja, en = both(said(op.Op), said(op.Op))
	}
	if op.To != "" {
		ja, en = ja+" → "+said(op.To), en+" → "+said(op.To)
	}
	return ja, en
}

// announced is the size that scp named beforehand.
func (op FileOp) announced(lang string) string {
	switch {
	case op.Size == nil:
		return ""
	case lang == "ja":
		return " " + grouped(*op.Size) + " バイト"
	}
	return " " + grouped(*op.Size) + " bytes"
}

// moved is what was transferred, seen from the target: what was read went to the engineer.
func (e FileEnd) moved(lang string) string {
	var out strings.Builder
	for _, part := range []struct {
		n      uint64
		ja, en string
	}{{e.Read, " 読出 %s バイト", " read %s bytes"}, {e.Written, " 書込 %s バイト", " written %s bytes"}} {
		if part.n == 0 {
			continue
		}
		format := part.en
		if lang == "ja" {
			format = part.ja
		}
		fmt.Fprintf(&out, format, grouped(part.n))
	}
	return out.String()
}
