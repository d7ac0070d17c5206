// Package prompt asks a person at a terminal. Every question of the commands goes through it.
//
// It owns the terminal's mode during a question: it changes the mode when the question is shown and restores it before
// the answer is returned, also after an error. Ctrl-C and Ctrl-D end a question at once with ErrStopped, and no
// answer is returned then. Lines can be edited; a character of two columns, such as a kanji, goes with one press of
// backspace.
//
// It judges no answer and repeats no question: the command does. It knows no language: the caller hands in the
// texts.
package prompt
