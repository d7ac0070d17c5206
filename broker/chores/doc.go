// Package chores runs tasks that the clock starts and no person or commit: requests that lapse, warnings before an end, summaries,
// alarms. Package broker is the only caller and holds the table of chores.
//
// It owns when each chore runs, how a failure is handled, and how all of them stop. It does not know what they do. Nothing may
// depend on a chore having run in time: each decision is made by the clock at that moment, and a chore only writes it down.
package chores
