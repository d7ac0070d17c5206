// Package screen lays out what commands print on a terminal: columns of text, tables that fit a width, pages of fields,
// a month of the calendar, and JSON that moves no terminal.
//
// Callers give it text that is finished and in one language. It asks no broker and decides nothing. Text that others wrote
// is made harmless here, so that no caller can forget it.
//
// Callers: the commands of cmd/sekimori and the demonstration.
package screen
