// Package fieldtest compares a table of fields with its struct. It is for tests only: the product uses no reflection.
package fieldtest
