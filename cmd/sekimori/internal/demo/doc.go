// Package demo shows one maintenance from beginning to end on this machine: it starts a broker and a target on loopback, and
// seven people do their part through the same commands, the same socket and the same checks as anyone's.
//
// It knows the program around it only through World: where to print, in which language, and how to carry out a command line.
// Each step checks what it shows; the first that does not hold ends the demonstration with a StepError.
//
// Callers: the command `sekimori demo`.
package demo
