package policy

import (
	"slices"
	"time"

	"sekimori/policy/text"
)

// FileState is the state of a file that the broker has taken (R8).
type FileState string

// The states. Held and the two that wait are open: a person must still decide. An approved file waits for its delivery or its fetching.
const (
	FileHeld       FileState = "held"            // in: found clean, waits for an approval
	FileWaitFirst  FileState = "out-wait-first"  // out: waits for the section's head
	FileWaitSecond FileState = "out-wait-second" // out: waits for a second, different person
	FileApproved   FileState = "approved"
	FileDelivering FileState = "delivering" // in: being written to the target; the broker has not seen its end yet
	FileReleased   FileState = "released"   // in: delivered to the target
	FileFetched    FileState = "fetched"    // out: fetched whole, once
	FileRejected   FileState = "file-rejected"
	FileHalted     FileState = "stopped" // not clean, not whole, or not permitted: it never moves
	FileExpired    FileState = "expired"
)

var fileStates = map[FileState]Text{
	FileHeld:       text.Of("留置中(承認待ち)", "Held, awaiting approval"),
	FileWaitFirst:  text.Of("持出し 承認待ち 1/2", "Out: awaiting first approval"),
	FileWaitSecond: text.Of("持出し 承認待ち 2/2", "Out: awaiting second approval"),
	FileApproved:   text.Of("承認済み", "Approved"),
	FileDelivering: text.Of("引渡し中", "Being delivered"),
	FileReleased:   text.Of("引渡し済み", "Released"),
	FileFetched:    text.Of("受取り済み", "Fetched"),
	FileRejected:   text.Of("却下", "Rejected"),
	FileHalted:     text.Of("差止め", "Stopped"),
	FileExpired:    text.Of("期限切れ", "Expired"),
}

// Label is the state as people read it.
func (s FileState) Label() Text { return text.Label(fileStates, s) }

// FileStates are all states.
func FileStates() []FileState {
	return []FileState{FileHeld, FileWaitFirst, FileWaitSecond, FileApproved, FileDelivering, FileReleased, FileFetched, FileRejected, FileHalted, FileExpired}
}

// Waits reports whether a person must still decide on the file.
func (s FileState) Waits() bool { return s == FileHeld || s == FileWaitFirst || s == FileWaitSecond }

// Open reports whether the file can still move: it waits, it is approved, or it is on its way.
func (s FileState) Open() bool { return s.Waits() || s == FileApproved || s == FileDelivering }

// FileWait is how long a file waits for its approvals, its delivery and its fetching, from the moment at which the broker took it.
const FileWait = 7 * 24 * time.Hour

// FileFacts are the facts that rules on a file in the broker's keeping look at.
type FileFacts struct {
	ID       string // number of the file
	Out      bool
	State    FileState
	Engineer string    // person id of the engineer who sent it or asked for it
	Until    time.Time // the file expires then
	System   System
	Request  string
	// Parties are the people of the request who may not approve: requester, proposer, engineers.
	Parties     []string
	Approvals   []Approval // of the kept content as it was when the broker took it; a void one does not count
	Deputations []Deputation
	Frozen      bool
}

// Stage is the stage of approval that the file awaits, as its approvals stand now; 0: none.
func (f *FileFacts) Stage() int {
	switch {
	case !f.State.Waits():
		return 0
	case f.Out && f.approved(1):
		return 2
	}
	return 1
}

func (f *FileFacts) approved(stage int) bool {
	return slices.ContainsFunc(f.Approvals, func(a Approval) bool { return a.Stage == stage && a.By != "" && !a.Void })
}

// Approved reports whether the file has the approvals that it needs: in, one; out, two of different people. An approval is void if its
// giver has since been locked or lost the role.
func (f FileFacts) Approved() bool {
	if !f.Out {
		return f.approved(1)
	}
	for _, a := range f.Approvals {
		for _, b := range f.Approvals {
			if a.Stage == 1 && b.Stage == 2 && !a.Void && !b.Void && a.By != "" && b.By != "" && a.By != b.By {
				return true
			}
		}
	}
	return false
}

func (f *FileFacts) party(person string) bool {
	return person == f.Engineer || slices.Contains(f.Parties, person)
}

// MayApproveFile rules who may approve a file. In: the section's head, a deputy, a second approver or the information-systems section. Out:
// first the section's head or a deputy, then a different person who is a second approver or of the information-systems section. No party to
// the request approves. Role and OnBehalf are as in CanApprove.
func MayApproveFile(p Person, f FileFacts, now time.Time) Decision {
	args := map[string]string{"request": f.Request}
	stage := f.Stage()
	switch {
	case !acting(&p):
		return forbid(Approver)
	case f.party(p.ID):
		return deny(SelfApproval, args)
	case stage == 0 || !now.Before(f.Until):
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	case f.Frozen:
		return deny(Frozen, map[string]string{"request": f.Request, "scope": string(FreezeSystem), "subject": f.System.Name})
	}
	if stage == 2 && slices.ContainsFunc(f.Approvals, func(a Approval) bool { return !a.Void && a.speaksFor(p.ID) }) {
		return deny(SameFileApprover, args)
	}
	role, behalf, ok := voice(&p, f.System.Section, f.Deputations, now, f.party)
	switch {
	case !f.Out:
	case stage == 2:
		role, behalf, ok = SecondApprover, "", seconds(&p)
	case role == SecondApprover: // the first stage is the section's own
		behalf = deputyFor(f.Deputations, p.ID, now, f.party)
		role, ok = Approver, behalf != ""
	}
	if !ok && stage == 2 {
		return forbid(SecondApprover)
	}
	if !ok {
		return forbid(Approver)
	}
	return Decision{Allow: true, Role: role, OnBehalf: behalf, Until: f.Until}
}

// MayRejectFile rules who may stop a file before it has moved: those who may approve such files, at any stage, and the engineer who takes
// it back.
func MayRejectFile(p Person, f FileFacts, now time.Time) Decision {
	switch {
	case p.Locked != nil:
		return forbid(Approver)
	case p.ID != f.Engineer && !acting(&p):
		return forbid(Approver)
	case !f.State.Open():
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	case p.ID == f.Engineer:
		return allow()
	}
	role, behalf, ok := voice(&p, f.System.Section, f.Deputations, now, f.party)
	if !ok {
		return forbid(Approver)
	}
	return Decision{Allow: true, Role: role, OnBehalf: behalf}
}

// MayFetchFile rules on fetching a file from the outbox: its engineer alone, once both approvals stand.
func MayFetchFile(p Person, f FileFacts, now time.Time) Decision {
	switch {
	case p.ID == "" || p.ID != f.Engineer || p.Kind != Engineer || !f.Out:
		return forbid("engineer")
	case p.Locked != nil:
		return deny(EngineerLocked, nil)
	case f.Frozen:
		return deny(Frozen, map[string]string{"request": f.Request, "scope": string(FreezeSystem), "subject": f.System.Name})
	case f.State.Waits(), f.State == FileApproved && !f.Approved():
		return deny(FileWaiting, map[string]string{"file": f.ID})
	case f.State != FileApproved || !now.Before(f.Until):
		return deny(AlreadyDecided, map[string]string{"request": f.ID})
	}
	return Decision{Allow: true, Until: f.Until}
}

// MayOpenFile rules on looking at the contents of a file, with a purpose: those who may approve it or one like it, and auditors (screens §2,
// L2).
func MayOpenFile(p Person, f FileFacts, purpose string, now time.Time) Decision {
	_, _, ok := voice(&p, f.System.Section, f.Deputations, now, f.party)
	if !acting(&p) || !ok && !p.Has(Auditor) {
		return forbid(Approver)
	}
	if d := NeedPurpose(ActPlay, purpose); d != nil {
		return *d
	}
	return allow()
}

// FileSight is a person's sight of files: that of requests. An engineer sees only the own ones.
type FileSight struct {
	Sight
	Engineer string // only files of this engineer; empty: of everybody within the sight
}

// SeeFiles gives a person's sight of the files in the broker's keeping.
func SeeFiles(p Person, standsInFor []string) FileSight {
	s := FileSight{Sight: SeeRequests(p, standsInFor)}
	if p.Kind == Engineer {
		s.Engineer = p.ID
	}
	return s
}

// Sees reports whether a file of the engineer that concerns o is within the sight.
func (s FileSight) Sees(o Owner, engineer string) bool {
	return s.Sight.Sees(o) && (s.Engineer == "" || s.Engineer == engineer)
}

// LongestFilesDays bounds the rule on keeping the contents of files.
const LongestFilesDays = 3650

// KeepsFiles is how long the contents of a file are kept once it has ended: as long as recordings, where the system has no rule of its own.
// standard is the institution's time for recordings.
func (s System) KeepsFiles(standard time.Duration) time.Duration {
	if s.KeepFilesDays > 0 {
		return time.Duration(s.KeepFilesDays) * 24 * time.Hour
	}
	return s.KeepsRecordings(standard)
}

// MayDisposeFile tells whether the kept contents of a file may be removed now: it ended long enough ago, and its session is not held as evidence.
// keep is KeepsFiles; zero and less keep for ever.
func MayDisposeFile(state FileState, ended time.Time, keep time.Duration, held bool, now time.Time) bool {
	return !state.Open() && !held && keep > 0 && !ended.IsZero() && !now.Before(ended.Add(keep))
}

// MayDeliverFile tells whether an approved file goes to the target now, or goes on on its way there: it is brought in, its approvals count as
// they stand, nothing is frozen, and its time is not over.
func MayDeliverFile(f FileFacts, now time.Time) bool {
	return !f.Out && (f.State == FileApproved || f.State == FileDelivering) && f.Approved() && !f.Frozen && now.Before(f.Until)
}
