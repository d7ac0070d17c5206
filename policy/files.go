package policy

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"sekimori/policy/text"
)

// FileRoute says how files of one direction go between engineer and target (R8).
type FileRoute string

// The routes. The zero value is closed.
const (
	FileClosed  FileRoute = ""        // no file moves this way
	FilePass    FileRoute = "pass"    // straight through, each operation judged
	FileInspect FileRoute = "inspect" // in: held by the broker, released at once if the inspectors find it clean
	FileApprove FileRoute = "approve" // kept by the broker until people have approved it: in, one; out, two
)

// Held reports whether the broker takes the files of this direction itself.
func (r FileRoute) Held() bool { return r == FileInspect || r == FileApprove }

// The directions of files as a request names them. Empty is both: requests had none once.
const (
	FilesIn   = "in"
	FilesOut  = "out"
	FilesBoth = "both"
)

// FileTerms are the terms of one grant on one system for files. The zero value lets nothing move.
type FileTerms struct {
	In, Out FileRoute // into the target, out of it
	// InPaths and OutPaths bound the places on the target. A path must lie within one tree of each list that has any.
	InPaths, OutPaths [][]string
	Limit             uint64 // bytes of one file; 0: no limit
}

// FilesOf gives the terms of a grant on a system. An unknown direction or rule closes.
func FilesOf(g *Grant, s *System) FileTerms {
	var t FileTerms
	if g.Files != FilesAllowed {
		return t
	}
	in, out := false, false
	switch g.FileDirection {
	case FilesIn:
		in = true
	case FilesOut:
		out = true
	case FilesBoth, "":
		in, out = true, true
	}
	if in {
		t.In = routeOf(s.FilesIn, FilePass, FileInspect, FileApprove)
		t.InPaths = bothLists(g.FilePathsIn, s.FilePaths)
	}
	if out {
		t.Out = routeOf(s.FilesOut, FilePass, FileApprove)
		t.OutPaths = bothLists(g.FilePathsOut, s.FilePaths)
	}
	for _, mib := range []int{g.FileLimitMiB, s.FileLimitMiB} {
		if limit := uint64(max(mib, 0)) << 20; limit > 0 && (t.Limit == 0 || limit < t.Limit) {
			t.Limit = limit
		}
	}
	return t
}

// FilesNow gives the terms for a session under way. A session that the facts do not know moves nothing.
func FilesNow(f *Facts, r *Running) FileTerms {
	g, s := grantOf(f, r)
	if g == nil {
		return FileTerms{}
	}
	return FilesOf(g, &s)
}

// routeOf reads the rule of a system for one direction. An empty one lets files pass; one that the direction does not have closes.
func routeOf(rule FileRoute, known ...FileRoute) FileRoute {
	switch {
	case rule == "":
		return FilePass
	case slices.Contains(known, rule):
		return rule
	}
	return FileClosed
}

func bothLists(lists ...[]string) [][]string {
	var out [][]string
	for _, l := range lists {
		if len(l) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// Any reports whether files move at all.
func (t *FileTerms) Any() bool { return t.In != FileClosed || t.Out != FileClosed }

// Free reports whether files move without any bound: then nothing has to be inspected to keep the terms.
func (t *FileTerms) Free() bool {
	return t.In == FilePass && t.Out == FilePass && len(t.InPaths) == 0 && len(t.OutPaths) == 0 && t.Limit == 0
}

// Held reports whether the broker takes the files of a direction itself.
func (t *FileTerms) Held() bool { return t.In.Held() || t.Out.Held() }

// Listed reports whether the terms name places, so that each path must be resolved before it is judged.
func (t *FileTerms) Listed() bool { return len(t.InPaths) > 0 || len(t.OutPaths) > 0 }

// DeniesShell reports whether the system's rule takes shell and commands away, because they could carry the files that the terms
// forbid or bound.
func DeniesShell(t FileTerms, s *System) bool { return s.DenyShell && !t.Free() }

// ShellCarries reports whether a shell could carry files that the terms forbid or bound, so that people have to be told.
func ShellCarries(t FileTerms, s *System) bool { return !t.Free() && !s.DenyShell }

// Say tells the terms: directions with their routes, places, the largest size.
func (t *FileTerms) Say() Text {
	var ja, en []string
	for _, d := range []struct {
		route FileRoute
		lists [][]string
		Text
	}{{t.In, t.InPaths, Text{JA: "持込み", EN: "in"}}, {t.Out, t.OutPaths, Text{JA: "持出し", EN: "out"}}} {
		if d.route == FileClosed {
			continue
		}
		j, e := d.JA, d.EN
		if d.route.Held() {
			j, e = j+": "+d.route.Label().JA, e+": "+d.route.Label().EN
		}
		for _, list := range d.lists {
			j, e = j+" "+strings.Join(list, ","), e+" "+strings.Join(list, ",")
		}
		ja, en = append(ja, j), append(en, e)
	}
	if len(ja) == 0 {
		return Text{JA: "なし", EN: "none"}
	}
	if t.Limit > 0 {
		size := strconv.FormatUint(t.Limit>>20, 10) + " MiB"
		ja, en = append(ja, size+"まで"), append(en, "up to "+size)
	}
	return Text{JA: strings.Join(ja, "、"), EN: strings.Join(en, "; ")}
}

// FileAct is a kind of operation on a file.
type FileAct int

// The operations. The zero value is unknown and refused.
const (
	FileUnknown    FileAct = iota
	FileLook               // attributes, the target of a link, the name of a place
	FileList               // names in a directory
	FileRead               // open for reading; End is the size if it is known
	FileWrite              // open for writing
	FileReadWrite          // open for both
	FileReadPiece          // contents up to End leave
	FileWritePiece         // contents up to End arrive, or a length is set
	FileMake               // a directory
	FileRemove             // a file or a directory
	FileMove               // rename
	FileLink               // a further name, hard or symbolic
	FileAttributes         // mode, times, owner
	FileCopy               // contents from Path to To, on the target itself
)

// FileOperation is one operation as a peer asks for it. Paths are bytes of the target, absolute, without links and dots. They are empty
// for an operation on an open file: its path was judged when it was opened.
type FileOperation struct {
	Act        FileAct
	Path, To   string
	End        uint64 // bytes of the file up to which the operation reaches
	Unresolved bool   // the terms name places, and the path could not be resolved
	Append     bool   // writes go to the end of the file, which is not known
	NoEnd      bool   // the operation reaches up to an end that is not known
}

// FileRefusal is why an operation is refused: a stable code. Empty: it is not.
type FileRefusal string

// The refusals. They are features of reason 117 as well.
const (
	RefusedIn         FileRefusal = "file-in"
	RefusedOut        FileRefusal = "file-out"
	RefusedPath       FileRefusal = "file-path"
	RefusedSize       FileRefusal = "file-size"
	RefusedUnresolved FileRefusal = "file-unresolved"
	RefusedUnread     FileRefusal = "file-uninspected"
)

// FileRefusals are all of them.
func FileRefusals() []FileRefusal {
	return []FileRefusal{RefusedIn, RefusedOut, RefusedPath, RefusedSize, RefusedUnresolved, RefusedUnread}
}

var fileRefusals = map[FileRefusal]Text{
	RefusedIn:         text.Of("持込みは許可されていません", "bringing files in is not granted"),
	RefusedOut:        text.Of("持出しは許可されていません", "taking files out is not granted"),
	RefusedPath:       text.Of("許可された場所の外です", "outside the permitted places"),
	RefusedSize:       text.Of("許可された大きさを超えます", "larger than permitted"),
	RefusedUnresolved: text.Of("場所を確かめられません", "the place cannot be determined"),
	RefusedUnread:     text.Of("検査できない方法です。sftp か scp を使ってください", "this way cannot be inspected; use sftp or scp"),
}

// Label is the refusal as people read it.
func (r FileRefusal) Label() Text { return text.Label(fileRefusals, r) }

// Judge rules on one operation. It looks at nothing but its arguments; an operation that it does not know is refused.
func (t *FileTerms) Judge(op FileOperation) FileRefusal {
	in, out := t.In != FileClosed, t.Out != FileClosed
	switch {
	case !in && !out:
		return RefusedIn
	case op.Unresolved:
		return RefusedUnresolved
	}
	switch op.Act {
	case FileLook:
		if t.sees(op.Path) {
			return ""
		}
		return RefusedPath
	case FileList:
		if op.Path == "" || t.inside(op.Path) {
			return ""
		}
		return RefusedPath
	case FileRead:
		return t.read(op)
	case FileWrite:
		return t.write(op)
	case FileReadWrite:
		if r := t.write(op); r != "" {
			return r
		}
		return t.read(op)
	case FileReadPiece:
		return t.piece(out, RefusedOut, op)
	case FileWritePiece:
		return t.piece(in, RefusedIn, op)
	case FileMake, FileAttributes:
		return t.write(op)
	case FileRemove:
		if isRoot(t.InPaths, op.Path) {
			return RefusedPath
		}
		return t.write(op)
	case FileMove, FileLink, FileCopy:
		return t.move(op)
	}
	return RefusedUnread
}

func (t *FileTerms) read(op FileOperation) FileRefusal {
	switch {
	case t.Out == FileClosed:
		return RefusedOut
	case !inEach(t.OutPaths, op.Path):
		return RefusedPath
	case t.tooLarge(op):
		return RefusedSize
	}
	return ""
}

func (t *FileTerms) write(op FileOperation) FileRefusal {
	switch {
	case t.In == FileClosed:
		return RefusedIn
	case !inEach(t.InPaths, op.Path):
		return RefusedPath
	case t.tooLarge(op), t.Limit > 0 && op.Append:
		return RefusedSize
	}
	return ""
}

func (t *FileTerms) piece(open bool, closed FileRefusal, op FileOperation) FileRefusal {
	switch {
	case !open:
		return closed
	case t.tooLarge(op):
		return RefusedSize
	}
	return ""
}

// move rules on an operation that gives contents a further or another name. Contents must not reach a place from which they may be
// taken out, unless they may be taken out from their own place.
func (t *FileTerms) move(op FileOperation) FileRefusal {
	switch {
	case t.In == FileClosed:
		return RefusedIn
	case !inEach(t.InPaths, op.Path), !inEach(t.InPaths, op.To), isRoot(t.InPaths, op.Path), isRoot(t.InPaths, op.To):
		return RefusedPath
	case t.Out != FileClosed && inEach(t.OutPaths, op.To) && !inEach(t.OutPaths, op.Path):
		return RefusedPath
	case t.tooLarge(op):
		return RefusedSize
	}
	return ""
}

func (t *FileTerms) tooLarge(op FileOperation) bool {
	return t.Limit > 0 && (op.NoEnd || op.End > t.Limit)
}

// sees reports whether the attributes of a path may be asked for: within the trees, and on the way to them.
func (t *FileTerms) sees(p string) bool {
	if p == "" || !t.Listed() || t.inside(p) {
		return true
	}
	for _, lists := range [][][]string{t.InPaths, t.OutPaths} {
		for _, list := range lists {
			for _, root := range list {
				if under(p, path.Clean(root)) {
					return true
				}
			}
		}
	}
	return false
}

// inside reports whether a path lies where files may go in or come out.
func (t *FileTerms) inside(p string) bool {
	return t.In != FileClosed && inEach(t.InPaths, p) || t.Out != FileClosed && inEach(t.OutPaths, p)
}

// inEach reports whether a path lies within a tree of each list. No lists: everywhere.
func inEach(lists [][]string, p string) bool {
	for _, list := range lists {
		found := false
		for _, root := range list {
			found = found || under(path.Clean(root), p)
		}
		if !found {
			return false
		}
	}
	return true
}

// isRoot reports whether a path is the top of a tree: that stays where it is.
func isRoot(lists [][]string, p string) bool {
	for _, list := range lists {
		for _, root := range list {
			if p != "" && path.Clean(root) == p {
				return true
			}
		}
	}
	return false
}

// under compares bytes: names need not be text. A path that is not absolute lies nowhere.
func under(root, p string) bool {
	if !strings.HasPrefix(p, "/") || !strings.HasPrefix(root, "/") {
		return false
	}
	return root == "/" || p == root || strings.HasPrefix(p, root+"/")
}

// Bounds of the rules for files.
const (
	LargestFileMiB = 1 << 20 // a tebibyte
	mostPlaces     = 32
	longestPlace   = 1024
)

// PlacesRule says which lists of places BadPlaces takes.
var PlacesRule = Text{JA: "場所は / で始まる名前で、.. を含まず、32か所までです。", EN: "Places begin with /, contain no .., and are at most 32."}

// BadPlaces reports that a list of places on a target cannot be kept: a place is not absolute, or there are too many.
func BadPlaces(places []string) bool {
	if len(places) > mostPlaces {
		return true
	}
	for _, p := range places {
		if !strings.HasPrefix(p, "/") || len(p) > longestPlace || slices.Contains(strings.Split(p, "/"), "..") {
			return true
		}
	}
	return false
}
